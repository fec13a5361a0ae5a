namespace Larder.Oci.Compression;

/// <summary>How a layer's blob is compressed, as its first bytes say. The numbers are those of saved restart points.</summary>
internal enum BlobFormat : byte
{
    /// <summary>An archive as it is.</summary>
    Plain = 0,

    /// <summary>One or more gzip members.</summary>
    Gzip = 1,

    /// <summary>One or more Zstandard frames.</summary>
    Zstd = 2,
}

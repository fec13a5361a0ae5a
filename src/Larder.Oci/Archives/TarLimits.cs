using Larder.Oci.Indexes;

namespace Larder.Oci.Archives;

/// <summary>What an archive may ask of its reader.</summary>
internal sealed record TarLimits
{
    /// <summary>Entries. Default: as many as an index may have.</summary>
    public int MaxEntries { get; init; } = LayerIndexLimits.Entries;

    /// <summary>Bytes of one PAX header or long name. Default 1 MiB.</summary>
    public int MaxHeaderBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes of a path or link target. Default 4,096, which is what Linux takes.</summary>
    public int MaxPathBytes { get; init; } = 4096;

    /// <summary>Bytes of an entry's extended attributes, names included. Default 256 KiB.</summary>
    public int MaxXattrBytes { get; init; } = 256 * 1024;

    /// <summary>Pieces of a sparse file. Default 1,000,000.</summary>
    public int MaxSparsePieces { get; init; } = 1_000_000;
}

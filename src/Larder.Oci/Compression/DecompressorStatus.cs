namespace Larder.Oci.Compression;

/// <summary>What <see cref="Decompressor.Read"/> has come to.</summary>
internal enum DecompressorStatus
{
    /// <summary>Fill <see cref="Decompressor.InputSpace"/>, or say that the input is complete.</summary>
    NeedsInput,

    /// <summary>A chunk was decoded.</summary>
    Chunk,

    /// <summary>Everything was decoded and checked.</summary>
    End,
}

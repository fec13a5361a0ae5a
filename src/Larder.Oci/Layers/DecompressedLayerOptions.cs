namespace Larder.Oci.Layers;

/// <summary>
/// Keeps each layer as one decompressed archive instead of objects, under the names of source document 3, for whoever shares a
/// directory or a content cache with programs that do.
/// </summary>
/// <remarks>
/// On disk <c>layer-DIGEST.decompressed</c>, in the content cache <c>clip:oci:layer:decompressed:DIGEST</c>; the digest is that of
/// the blob, on disk in hexadecimal digits alone, in the cache with its <c>sha256:</c>.
/// </remarks>
public sealed record DecompressedLayerOptions
{
    /// <summary>
    /// A directory in which each layer that the disk tier holds has its name, as a symbolic link, and in which whole layers
    /// that others put there are found; null for none.
    /// </summary>
    public string? Directory { get; init; }

    /// <summary>A cache of layers that is asked before the source and given what was decompressed; null for none.</summary>
    public IContentCache? ContentCache { get; init; }

    /// <summary>Bytes that are read from the content cache, or given to it, at a time. Default 4 MiB.</summary>
    public int ChunkBytes { get; init; } = 4 * 1024 * 1024;
}

using Larder.Cache.Fingerprints;

namespace Larder.Oci.Indexes;

/// <summary>A content-addressed object that holds the bytes of one large or of many small files of a layer.</summary>
/// <param name="Digest">SHA-256 of the object's bytes.</param>
/// <param name="Length">Length in bytes, at least 1.</param>
/// <param name="Kind">How it holds files.</param>
/// <param name="ArchiveOffset">Where the first byte that is needed for it stands in the uncompressed archive.</param>
/// <param name="ArchiveLength">How many bytes of the archive, from there on, hold all of it; at least <paramref name="Length"/>.</param>
public readonly record struct LayerObject(
    Fingerprint Digest, long Length, LayerObjectKind Kind, long ArchiveOffset, long ArchiveLength);

namespace Larder.Oci.Indexes;

/// <summary>A run of a file's bytes: where it stands in the file, and where its bytes are. What no extent covers is zeros.</summary>
/// <param name="Offset">Offset in the file.</param>
/// <param name="Length">Length in bytes, at least 1.</param>
/// <param name="Object">Number of the object in <see cref="LayerIndex.Objects"/>.</param>
/// <param name="ObjectOffset">Offset of the first byte in the object.</param>
/// <param name="ArchiveOffset">Offset of the first byte in the uncompressed archive.</param>
public readonly record struct LayerExtent(long Offset, long Length, int Object, long ObjectOffset, long ArchiveOffset);

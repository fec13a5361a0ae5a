namespace Larder.Oci.Merging;

/// <summary>A run of a file's bytes. What no extent covers is zeros.</summary>
/// <param name="Offset">Offset in the file.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="ObjectOffset">Offset of the first byte in the object.</param>
/// <param name="Object">Number of the object in <see cref="ImageTree.Objects"/>.</param>
public readonly record struct ImageExtent(long Offset, long Length, long ObjectOffset, int Object);

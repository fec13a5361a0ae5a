namespace Larder.Oci.Archives;

/// <summary>A run of a sparse file's bytes that the archive stores.</summary>
/// <param name="Offset">Offset in the file.</param>
/// <param name="Length">Length in bytes; 0 marks only where the file ends.</param>
internal readonly record struct SparsePiece(long Offset, long Length);

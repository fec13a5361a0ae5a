namespace Larder.Oci.Compression;

/// <summary>A place in a compressed blob where decompression can begin.</summary>
/// <param name="CompressedOffset">The byte of the blob that it begins in.</param>
/// <param name="UsedBits">How many bits of that byte belong to what comes before, 0 to 7.</param>
/// <param name="Offset">Offset of the first byte that it gives, in the uncompressed archive.</param>
/// <param name="IsInside">
/// Whether this is a block inside of a gzip member, which needs the 32 KiB before it; otherwise a member or frame begins here.
/// </param>
internal readonly record struct RestartPoint(long CompressedOffset, byte UsedBits, long Offset, bool IsInside);

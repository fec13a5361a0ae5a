namespace Larder.Oci.Compression;

/// <summary>Is told of a place where decompression can begin, while it passes there.</summary>
/// <param name="point">The place.</param>
/// <param name="window">The output before it that is needed there, at most 32 KiB; valid during the call.</param>
internal delegate void RestartPointHandler(in RestartPoint point, ReadOnlySpan<byte> window);

namespace Larder.Cache.Disk;

/// <summary>What a scrub found.</summary>
/// <param name="Entries">Entries that were read.</param>
/// <param name="Bytes">Payload bytes that were read.</param>
/// <param name="Damaged">Entries that failed verification and were set aside.</param>
/// <param name="Unreadable">Entries that the medium did not give.</param>
/// <param name="Elapsed">How long it took.</param>
public readonly record struct ScrubReport(long Entries, long Bytes, long Damaged, long Unreadable, TimeSpan Elapsed);

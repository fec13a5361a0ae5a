namespace Larder.Cache.Disk;

/// <summary>How far a scrub has got.</summary>
/// <param name="Entries">Entries read so far.</param>
/// <param name="TotalEntries">Entries that there are now.</param>
/// <param name="Bytes">Payload bytes read so far.</param>
/// <param name="Damaged">Damaged entries found so far.</param>
public readonly record struct ScrubProgress(long Entries, long TotalEntries, long Bytes, long Damaged);

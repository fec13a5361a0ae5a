namespace Larder.Cli.Stores;

/// <summary>What re-reading many artifacts found, so far or at the end.</summary>
/// <param name="Entries">Entries that were read.</param>
/// <param name="Bytes">Their payload, in bytes.</param>
/// <param name="Damaged">Entries that failed and were set aside.</param>
internal readonly record struct ScrubResult(long Entries, long Bytes, long Damaged);

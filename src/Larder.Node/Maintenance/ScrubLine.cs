namespace Larder.Node.Maintenance;

/// <summary>One line of a scrub's report.</summary>
/// <param name="Entries">Entries read so far.</param>
/// <param name="Bytes">Payload bytes read so far.</param>
/// <param name="Damaged">Entries that failed and were set aside.</param>
/// <param name="Done">Whether this is the last line.</param>
internal sealed record ScrubLine(long Entries, long Bytes, long Damaged, bool Done);

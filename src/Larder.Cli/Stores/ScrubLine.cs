namespace Larder.Cli.Stores;

/// <summary>One line of a node's report on a scrub.</summary>
internal sealed record ScrubLine(long Entries, long Bytes, long Damaged, bool Done);

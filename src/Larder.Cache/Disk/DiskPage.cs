namespace Larder.Cache.Disk;

/// <summary>One page of a listing.</summary>
/// <param name="Entries">The entries of the page, in order.</param>
/// <param name="Matching">How many entries match in all.</param>
public sealed record DiskPage(IReadOnlyList<DiskEntry> Entries, long Matching);

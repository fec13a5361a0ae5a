namespace Larder.Node.Maintenance;

/// <summary>One page of a listing.</summary>
/// <param name="Entries">The entries of this page, in order.</param>
/// <param name="Matching">How many entries match in all.</param>
internal sealed record ListPage(IReadOnlyList<ListedEntry> Entries, long Matching);

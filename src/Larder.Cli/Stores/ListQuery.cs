using Larder.Cache.Disk;

namespace Larder.Cli.Stores;

/// <summary>Which entries to list, in which order, and which page of them.</summary>
/// <param name="Filter">Which entries; <see cref="DiskFilter.UsedBefore"/> is taken from <paramref name="UnusedFor"/>.</param>
/// <param name="UnusedFor">Only what was not used for so long, by the store's clock; null for all.</param>
/// <param name="Order">The order.</param>
/// <param name="Descending">Whether the order is turned round.</param>
/// <param name="Skip">Entries to pass over before the page.</param>
/// <param name="Limit">Most entries of the page.</param>
internal sealed record ListQuery(
    DiskFilter Filter, TimeSpan? UnusedFor, DiskOrder Order, bool Descending, int Skip, int Limit);

using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Node.Dashboard;

namespace Larder.Tests.Node;

/// <summary>Statistics that a test sets by hand, in place of a cache that would have to be driven to them.</summary>
internal sealed class DashboardFigures
{
    public List<TierStatistics> Tiers { get; set; } = [Tier(TierKind.Memory), Tier(TierKind.Disk)];

    /// <summary>The tiers, and the whole cache as it would count if upper tiers were asked first.</summary>
    public CacheStatistics Cache => new()
    {
        Tiers = Tiers,
        Kinds =
        [
            .. Tiers.SelectMany(tier => tier.Kinds.Select(kind => (tier.Tier, Kind: kind))).GroupBy(pair => pair.Kind.Kind).Select(
                group => new CacheKindStatistics
                {
                    Kind = group.Key,
                    Lookups = group.Max(pair => pair.Kind.Lookups),
                    MemoryHits = group.Where(pair => pair.Tier == TierKind.Memory).Sum(pair => pair.Kind.Hits),
                    DiskHits = group.Where(pair => pair.Tier == TierKind.Disk).Sum(pair => pair.Kind.Hits),
                    RemoteHits = group.Where(pair => pair.Tier == TierKind.Remote).Sum(pair => pair.Kind.Hits),
                    HitBytes = group.Sum(pair => pair.Kind.HitBytes),
                    SavedCost = Saved,
                }),
        ],
    };

    public TimeSpan Saved { get; set; }

    public NodeFigures Node { get; set; } = new() { Version = "1.2.3", State = "ready", DataDirectory = "/var/cache/larder" };

    public static TierStatistics Tier(TierKind tier, params KindStatistics[] kinds) => new()
    {
        Tier = tier,
        CapacityBytes = 1000,
        MaxEntries = -1,
        Entries = kinds.Sum(kind => kind.Entries),
        Bytes = kinds.Sum(kind => kind.Bytes),
        Kinds = kinds,
    };

    public static KindStatistics Kind(string name, long hits, long misses, long bytes = 0, long storedBytes = 0) => new()
    {
        Kind = name,
        Lookups = hits + misses,
        Hits = hits,
        Misses = misses,
        HitBytes = hits * 10,
        Puts = bytes / 10,
        Entries = bytes / 10,
        Bytes = bytes,
        StoredBytes = storedBytes,
    };
}

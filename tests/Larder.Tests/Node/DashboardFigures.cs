using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Node.Dashboard;

namespace Larder.Tests.Node;

/// <summary>Statistics that a test sets by hand, in place of a cache that would have to be driven to them.</summary>
internal sealed class DashboardFigures
{
    public List<TierStatistics> Tiers { get; set; } = [Tier(TierKind.Memory), Tier(TierKind.Disk)];

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

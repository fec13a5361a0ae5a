using Larder.Cache.Diagnostics;

namespace Larder.Node.Dashboard;

/// <summary>
/// The figures of one row of the history: of one scope (a tier, or the cache as a whole) and one kind (or all kinds).
/// All but the last two are counters that never fall; those two are levels.
/// </summary>
internal readonly record struct Figures
{
    /// <summary>Bytes that one value takes in the history.</summary>
    public const int SizeBytes = 10 * sizeof(long);

    public long Lookups { get; init; }

    public long Hits { get; init; }

    public long Throttled { get; init; }

    public long HitBytes { get; init; }

    public long Stored { get; init; }

    public long StoredBytes { get; init; }

    public long Evicted { get; init; }

    public long EvictedBytes { get; init; }

    public long Entries { get; init; }

    public long Bytes { get; init; }

    /// <summary>Hits divided by lookups; null without lookups, because no traffic is neither good nor bad.</summary>
    public double? HitRatio => Lookups <= 0 ? null : Math.Clamp((double)Hits / Lookups, 0, 1);

    /// <summary>The figures of one tier for one kind.</summary>
    public static Figures Of(KindStatistics kind) => new()
    {
        Lookups = kind.Lookups,
        Hits = kind.Hits,
        Throttled = kind.Throttled,
        HitBytes = kind.HitBytes,
        Stored = kind.Puts - kind.Refused,
        StoredBytes = kind.StoredBytes,
        Evicted = kind.Evicted,
        EvictedBytes = kind.EvictedBytes,
        Entries = kind.Entries,
        Bytes = kind.Bytes,
    };

    /// <summary>
    /// The figures of the whole cache for one kind: the cache itself counts each lookup once however many tiers saw it;
    /// what is held and stored comes from the tiers.
    /// </summary>
    public static Figures Of(CacheKindStatistics? cache, in Figures held) => held with
    {
        Lookups = cache?.Lookups ?? 0,
        Hits = cache?.Hits ?? 0,
        Throttled = cache?.Throttled ?? 0,
        HitBytes = cache?.HitBytes ?? 0,
    };

    /// <summary>
    /// What two tiers hold of one kind. The same artifacts are in several tiers, so the larger tier stands for both;
    /// only what they evicted adds up.
    /// </summary>
    public static Figures LargestOf(in Figures left, in Figures right) => new()
    {
        Stored = Math.Max(left.Stored, right.Stored),
        StoredBytes = Math.Max(left.StoredBytes, right.StoredBytes),
        Evicted = left.Evicted + right.Evicted,
        EvictedBytes = left.EvictedBytes + right.EvictedBytes,
        Entries = Math.Max(left.Entries, right.Entries),
        Bytes = Math.Max(left.Bytes, right.Bytes),
    };

    /// <summary>Adds the figures of disjoint kinds.</summary>
    public static Figures operator +(Figures left, Figures right) => new()
    {
        Lookups = left.Lookups + right.Lookups,
        Hits = left.Hits + right.Hits,
        Throttled = left.Throttled + right.Throttled,
        HitBytes = left.HitBytes + right.HitBytes,
        Stored = left.Stored + right.Stored,
        StoredBytes = left.StoredBytes + right.StoredBytes,
        Evicted = left.Evicted + right.Evicted,
        EvictedBytes = left.EvictedBytes + right.EvictedBytes,
        Entries = left.Entries + right.Entries,
        Bytes = left.Bytes + right.Bytes,
    };

    /// <summary>
    /// What happened between two samples, and the levels at the later one. A counter that was read in the middle of an
    /// update may seem to fall by a little; it then counts as nothing rather than as a negative rate.
    /// </summary>
    public static Figures Between(in Figures earlier, in Figures later) => new()
    {
        Lookups = Math.Max(0, later.Lookups - earlier.Lookups),
        Hits = Math.Max(0, later.Hits - earlier.Hits),
        Throttled = Math.Max(0, later.Throttled - earlier.Throttled),
        HitBytes = Math.Max(0, later.HitBytes - earlier.HitBytes),
        Stored = Math.Max(0, later.Stored - earlier.Stored),
        StoredBytes = Math.Max(0, later.StoredBytes - earlier.StoredBytes),
        Evicted = Math.Max(0, later.Evicted - earlier.Evicted),
        EvictedBytes = Math.Max(0, later.EvictedBytes - earlier.EvictedBytes),
        Entries = later.Entries,
        Bytes = later.Bytes,
    };
}

namespace Larder.Cache.Diagnostics;

/// <summary>
/// What one tier has done for one kind since it was opened. Always true at rest:
/// <c>Lookups = Hits + Misses + Throttled</c> and
/// <c>Puts + Recovered = Entries + Evicted + Removed + Replaced + Refused</c>.
/// </summary>
public sealed record KindStatistics
{
    /// <summary>The kind's name.</summary>
    public required string Kind { get; init; }

    /// <summary>Lookups of this tier.</summary>
    public long Lookups { get; init; }

    /// <summary>Lookups that were answered.</summary>
    public long Hits { get; init; }

    /// <summary>Lookups that found nothing usable.</summary>
    public long Misses { get; init; }

    /// <summary>Lookups that were refused for load or a broken medium.</summary>
    public long Throttled { get; init; }

    /// <summary>Payload bytes of the hits.</summary>
    public long HitBytes { get; init; }

    /// <summary>Puts that came to a decision, refused ones included.</summary>
    public long Puts { get; init; }

    /// <summary>Payload bytes of the puts that were stored.</summary>
    public long StoredBytes { get; init; }

    /// <summary>Entries found at start or added by another process.</summary>
    public long Recovered { get; init; }

    /// <summary>Entries now.</summary>
    public long Entries { get; init; }

    /// <summary>Weight of the entries now, in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Entries that left for capacity, pressure or expiry.</summary>
    public long Evicted { get; init; }

    /// <summary>Weight of what was evicted, in bytes.</summary>
    public long EvictedBytes { get; init; }

    /// <summary>Entries that were removed, invalidated or quarantined.</summary>
    public long Removed { get; init; }

    /// <summary>Entries that a newer value replaced.</summary>
    public long Replaced { get; init; }

    /// <summary>Puts that stored nothing.</summary>
    public long Refused { get; init; }

    /// <summary>Entries that failed verification; part of <see cref="Removed"/>.</summary>
    public long Quarantined { get; init; }

    /// <summary>Hits per million lookups, rounded down; 0 without lookups.</summary>
    public long HitRatioPpm => Lookups == 0 ? 0 : (long)((Int128)Hits * 1_000_000 / Lookups);
}

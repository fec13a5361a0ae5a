namespace Larder.Cache.Memory;

/// <summary>
/// What a cache has done since it was made. Always true at rest, in entries and in bytes:
/// <c>Lookups = Hits + Misses</c> and <c>Puts = Entries + Evicted + Removed + Replaced + Refused</c>.
/// </summary>
public sealed record BoundedCacheStatistics
{
    /// <summary>Counted lookups.</summary>
    public long Lookups => Hits + Misses;

    /// <summary>Lookups that found a value.</summary>
    public long Hits { get; init; }

    /// <summary>Lookups that found none.</summary>
    public long Misses { get; init; }

    /// <summary>Puts that came to a decision, refused ones included.</summary>
    public long Puts { get; init; }

    /// <summary>Weight of what was put.</summary>
    public long PutBytes { get; init; }

    /// <summary>Entries now.</summary>
    public long Entries { get; init; }

    /// <summary>Weight of the entries now. Together with <see cref="ReservedBytes"/> never above the capacity.</summary>
    public long Bytes { get; init; }

    /// <summary>Weight that reservations in flight have booked.</summary>
    public long ReservedBytes { get; init; }

    /// <summary>Entries that left for capacity, a lowered capacity, pressure, or a refused put of their key.</summary>
    public long Evicted { get; init; }

    /// <summary>Weight of <see cref="Evicted"/>.</summary>
    public long EvictedBytes { get; init; }

    /// <summary>Entries that somebody removed or invalidated.</summary>
    public long Removed { get; init; }

    /// <summary>Weight of <see cref="Removed"/>.</summary>
    public long RemovedBytes { get; init; }

    /// <summary>Entries that a newer value replaced.</summary>
    public long Replaced { get; init; }

    /// <summary>Weight of <see cref="Replaced"/>.</summary>
    public long ReplacedBytes { get; init; }

    /// <summary>Puts that stored nothing.</summary>
    public long Refused { get; init; }

    /// <summary>Weight of <see cref="Refused"/>.</summary>
    public long RefusedBytes { get; init; }

    /// <summary>Refused puts that the policy did not admit; part of <see cref="Refused"/>.</summary>
    public long NotAdmitted { get; init; }

    /// <summary>Times that a removal listener threw.</summary>
    public long ListenerFailures { get; init; }

    /// <summary>Most weight; <see cref="long.MaxValue"/> without a limit.</summary>
    public long CapacityBytes { get; init; }

    /// <summary>Most entries; <see cref="long.MaxValue"/> without a limit.</summary>
    public long MaxEntries { get; init; }

    /// <summary>Hits per million lookups, rounded down; 0 without lookups. Never overflows.</summary>
    public long HitRatioPpm =>
        Hits + Misses is 0 ? 0 : (long)((Int128)Hits * 1_000_000 / ((Int128)Hits + Misses));
}

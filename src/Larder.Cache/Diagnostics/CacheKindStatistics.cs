namespace Larder.Cache.Diagnostics;

/// <summary>
/// What the cache as a whole has done for one kind. At rest
/// <c>Lookups = MemoryHits + DiskHits + RemoteHits + FillHits + Misses + Throttled + Failures</c>.
/// </summary>
public sealed record CacheKindStatistics
{
    /// <summary>The kind's name.</summary>
    public required string Kind { get; init; }

    /// <summary>Calls that looked an artifact up.</summary>
    public long Lookups { get; init; }

    /// <summary>Answered by the memory tier.</summary>
    public long MemoryHits { get; init; }

    /// <summary>Answered by the disk tier.</summary>
    public long DiskHits { get; init; }

    /// <summary>Answered by the remote tier, once per waiter.</summary>
    public long RemoteHits { get; init; }

    /// <summary>Answered by a fill, once per waiter.</summary>
    public long FillHits { get; init; }

    /// <summary>Found nowhere.</summary>
    public long Misses { get; init; }

    /// <summary>Not found in the tiers that answered, while another could not be asked.</summary>
    public long Throttled { get; init; }

    /// <summary>Ended with an exception: a failed fill or a caller that gave up.</summary>
    public long Failures { get; init; }

    /// <summary>Fills that were run.</summary>
    public long Fills { get; init; }

    /// <summary>Fills that threw.</summary>
    public long FailedFills { get; init; }

    /// <summary>Lookups that a remembered failure answered; part of <see cref="Failures"/>.</summary>
    public long RememberedFailures { get; init; }

    /// <summary>Artifacts copied into a higher tier after a hit below it.</summary>
    public long Promotions { get; init; }

    /// <summary>Payload bytes of the promotions.</summary>
    public long PromotedBytes { get; init; }

    /// <summary>Payload bytes handed out on hits of any tier.</summary>
    public long HitBytes { get; init; }

    /// <summary>What the hits would have cost to make, where the artifacts say so.</summary>
    public TimeSpan SavedCost { get; init; }

    /// <summary>Hits of every tier, fills not included.</summary>
    public long Hits => MemoryHits + DiskHits + RemoteHits;
}

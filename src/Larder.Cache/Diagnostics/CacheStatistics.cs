namespace Larder.Cache.Diagnostics;

/// <summary>Everything that a cache counts, as one snapshot.</summary>
public sealed record CacheStatistics
{
    /// <summary>The tiers from upper to lower, each with its figures per kind.</summary>
    public required IReadOnlyList<TierStatistics> Tiers { get; init; }

    /// <summary>The figures of the cache as a whole, per kind, by name.</summary>
    public required IReadOnlyList<CacheKindStatistics> Kinds { get; init; }

    /// <summary>Fills and remote fetches that run now.</summary>
    public int InFlight { get; init; }
}

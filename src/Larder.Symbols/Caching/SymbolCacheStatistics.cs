namespace Larder.Symbols.Caching;

/// <summary>What one of the four caches did since it was made or last cleared, and what it holds.</summary>
public sealed record SymbolCacheStatistics
{
    /// <summary>Which cache.</summary>
    public SymbolCacheKind Cache { get; init; }

    /// <summary>Lookups that found an entry.</summary>
    public long Hits { get; init; }

    /// <summary>Lookups that found none.</summary>
    public long Misses { get; init; }

    /// <summary>Entries that went for want of room. An entry that is put anew is none.</summary>
    public long Evictions { get; init; }

    /// <summary>Entries that were put anew.</summary>
    public long Replaced { get; init; }

    /// <summary>Entries that a rule kept out.</summary>
    public long NotCached { get; init; }

    /// <summary>Entries that went with their module.</summary>
    public long Invalidated { get; init; }

    /// <summary>Entries now.</summary>
    public long Entries { get; init; }

    /// <summary>Most entries.</summary>
    public long MaxEntries { get; init; }

    /// <summary>Memory of the entries, in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Most memory, in bytes.</summary>
    public long CapacityBytes { get; init; }

    /// <summary>Time of all lookups together, from the one in sixteen that is measured.</summary>
    public TimeSpan TotalLookupTime { get; init; }

    /// <summary>Since when, in UTC.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>What the figures suggest.</summary>
    public SymbolCacheAdvice Advice { get; init; }

    /// <summary>All lookups.</summary>
    public long Lookups => Hits + Misses;

    /// <summary>Part of the lookups that found an entry, from 0 to 1; 0 before the first.</summary>
    public double HitRatio => Lookups == 0 ? 0 : (double)Hits / Lookups;

    /// <summary>Time of a lookup.</summary>
    public TimeSpan AverageLookupTime => Lookups == 0 ? TimeSpan.Zero : TotalLookupTime / Lookups;
}

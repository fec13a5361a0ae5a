using Microsoft.Extensions.Logging;

namespace Larder.Symbols.Caching;

/// <summary>
/// Looks after one cache's figures: since when they count, and what they suggest. An advice is logged when it changes, and not
/// again while it stands.
/// </summary>
internal sealed class CacheWatch(long adviceLookups, TimeProvider time, ILogger logger)
{
    /// <summary>A hit ratio below this is low.</summary>
    public const double LowHitRatio = 0.5;

    /// <summary>With as many evictions, a hit ratio below <see cref="SmallHitRatio"/> says that the cache is too small.</summary>
    public const long ManyEvictions = 1000;

    /// <summary>See <see cref="ManyEvictions"/>.</summary>
    public const double SmallHitRatio = 0.8;

    private readonly Lock _gate = new();

    // Guarded by _gate: the counters at the last clear.
    private SymbolCacheStatistics _base = new() { Since = time.GetUtcNow() };
    private SymbolCacheAdvice _advice;
    private long _misses;

    /// <summary>Counts a miss; looks at the figures now and then.</summary>
    public void Missed<TData>(TypedSymbolCache<TData> cache)
        where TData : class
    {
        if ((Interlocked.Increment(ref _misses) & 1023) == 0)
        {
            Read(cache);
        }
    }

    /// <summary>The figures since the last clear.</summary>
    public SymbolCacheStatistics Read<TData>(TypedSymbolCache<TData> cache)
        where TData : class
    {
        var now = cache.ReadCounters();
        SymbolCacheStatistics statistics;
        bool isNew;
        lock (_gate)
        {
            statistics = now with
            {
                Hits = now.Hits - _base.Hits,
                Misses = now.Misses - _base.Misses,
                Evictions = now.Evictions - _base.Evictions,
                Replaced = now.Replaced - _base.Replaced,
                NotCached = now.NotCached - _base.NotCached,
                Invalidated = now.Invalidated - _base.Invalidated,
                TotalLookupTime = now.TotalLookupTime > _base.TotalLookupTime ? now.TotalLookupTime - _base.TotalLookupTime : TimeSpan.Zero,
                Since = _base.Since,
            };
            statistics = statistics with { Advice = Advise(statistics) };
            isNew = statistics.Advice != _advice && statistics.Advice != SymbolCacheAdvice.None;
            _advice = statistics.Advice;
        }

        if (isNew && statistics.Advice == SymbolCacheAdvice.TooSmall)
        {
            Log.TooSmall(logger, cache.Kind, statistics.Evictions, statistics.HitRatio, statistics.MaxEntries, 2 * statistics.MaxEntries);
        }
        else if (isNew)
        {
            Log.LowHitRatio(logger, cache.Kind, statistics.HitRatio, statistics.Lookups);
        }

        return statistics;
    }

    /// <summary>Lets the figures begin anew.</summary>
    public void Clear<TData>(TypedSymbolCache<TData> cache)
        where TData : class
    {
        var now = cache.ReadCounters();
        lock (_gate)
        {
            _base = now with { Since = time.GetUtcNow() };
            _advice = SymbolCacheAdvice.None;
        }
    }

    private SymbolCacheAdvice Advise(SymbolCacheStatistics statistics) =>
        statistics.Lookups < adviceLookups ? SymbolCacheAdvice.None
        : statistics.Evictions > ManyEvictions && statistics.HitRatio < SmallHitRatio ? SymbolCacheAdvice.TooSmall
        : statistics.HitRatio < LowHitRatio ? SymbolCacheAdvice.LowHitRatio
        : SymbolCacheAdvice.None;
}

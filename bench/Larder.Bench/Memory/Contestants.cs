using System.Collections.Concurrent;
using Larder.Cache.Memory;
using Larder.Cache.Policy;
using Microsoft.Extensions.Caching.Memory;

namespace Larder.Bench.Memory;

/// <summary>The unbounded dictionary: the measure of all ratios.</summary>
internal sealed class DictionaryContestant<TKey>(int capacity) : Contestant<TKey>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, object> _map = new(Environment.ProcessorCount, capacity);

    public override int Get(ReadOnlySpan<TKey> keys)
    {
        var map = _map;
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            hits += map.TryGetValue(key, out _) ? 1 : 0;
        }

        return hits;
    }

    public override int ReadThrough(ReadOnlySpan<TKey> keys)
    {
        var map = _map;
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            if (map.TryGetValue(key, out _))
            {
                hits++;
            }
            else
            {
                map.GetOrAdd(key, static _ => Value);
            }
        }

        return hits;
    }

    public override void Put(ReadOnlySpan<TKey> keys)
    {
        foreach (ref readonly var key in keys)
        {
            _map[key] = Value;
        }
    }
}

/// <summary>Ours.</summary>
internal sealed class LarderContestant<TKey>(long maxEntries, EvictionPolicyKind policy) : Contestant<TKey>
    where TKey : notnull
{
    private readonly BoundedCache<TKey, object> _cache = new(new() { MaxEntries = maxEntries, Policy = policy });

    public override int Get(ReadOnlySpan<TKey> keys)
    {
        var cache = _cache;
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            hits += cache.TryGet(key, out _) ? 1 : 0;
        }

        return hits;
    }

    public override int ReadThrough(ReadOnlySpan<TKey> keys)
    {
        var cache = _cache;
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            if (cache.TryGet(key, out _))
            {
                hits++;
            }
            else
            {
                cache.GetOrAdd(key, 0, static (_, _) => Value);
            }
        }

        return hits;
    }

    public override void Put(ReadOnlySpan<TKey> keys)
    {
        var cache = _cache;
        foreach (ref readonly var key in keys)
        {
            cache.Put(key, Value);
        }
    }
}

/// <summary>An array-based LRU behind one lock or several.</summary>
internal sealed class LockedLruContestant<TKey>(int maxEntries, int shards) : Contestant<TKey>
    where TKey : notnull
{
    private readonly LockedLru<TKey, object>[] _shards =
        [.. Enumerable.Range(0, shards).Select(_ => new LockedLru<TKey, object>(maxEntries / shards))];

    public override int Get(ReadOnlySpan<TKey> keys)
    {
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            hits += ShardOf(key).TryGet(key, out _) ? 1 : 0;
        }

        return hits;
    }

    public override int ReadThrough(ReadOnlySpan<TKey> keys)
    {
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            var shard = ShardOf(key);
            if (shard.TryGet(key, out _))
            {
                hits++;
            }
            else
            {
                shard.GetOrAdd(key, static _ => Value);
            }
        }

        return hits;
    }

    public override void Put(ReadOnlySpan<TKey> keys)
    {
        foreach (ref readonly var key in keys)
        {
            ShardOf(key).Put(key, Value);
        }
    }

    private LockedLru<TKey, object> ShardOf(TKey key) =>
        _shards[((uint)key.GetHashCode() * 2654435769u >> 16) & (uint)(_shards.Length - 1)];
}

/// <summary>The framework's own cache with a size limit.</summary>
internal sealed class MemoryCacheContestant<TKey>(long maxEntries) : Contestant<TKey>
    where TKey : notnull
{
    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = maxEntries, TrackStatistics = true });

    public override int Get(ReadOnlySpan<TKey> keys)
    {
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            hits += _cache.TryGetValue(key, out _) ? 1 : 0;
        }

        return hits;
    }

    public override int ReadThrough(ReadOnlySpan<TKey> keys)
    {
        var hits = 0;
        foreach (ref readonly var key in keys)
        {
            if (_cache.TryGetValue(key, out _))
            {
                hits++;
            }
            else
            {
                Add(key);
            }
        }

        return hits;
    }

    public override void Put(ReadOnlySpan<TKey> keys)
    {
        foreach (ref readonly var key in keys)
        {
            Add(key);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _cache.Dispose();
    }

    private void Add(TKey key)
    {
        using var entry = _cache.CreateEntry(key);
        entry.Size = 1;
        entry.Value = Value;
    }
}

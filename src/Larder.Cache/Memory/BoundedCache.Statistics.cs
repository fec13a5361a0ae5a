using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <content>What the cache tells about itself.</content>
public sealed partial class BoundedCache<TKey, TValue>
{
    /// <summary>Adds up the figures of all shards. Exact at rest; under load, each figure is exact for its moment.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public BoundedCacheStatistics GetStatistics()
    {
        var sum = default(ShardCounters);
        foreach (var shard in _shards)
        {
            ShardCounters counters;
            shard.Enter();
            try
            {
                counters = shard.Counters;
            }
            finally
            {
                shard.Exit();
            }

            sum.Add(counters);
        }

        Span<long> lookups = stackalloc long[3];
        _counters.Read(lookups);

        // The sum of both is one reading of the budget, which is never above the capacity.
        var capacity = CapacityBytes;
        var reserved = ReservedBytes;
        var booked = BookedBytes;
        reserved = Math.Clamp(reserved, 0, booked);
        return new BoundedCacheStatistics
        {
            Hits = lookups[HitCounter],
            Misses = lookups[MissCounter],
            ListenerFailures = lookups[ListenerFailureCounter],
            Puts = sum.Puts,
            PutBytes = sum.PutBytes,
            Entries = Count,
            Bytes = booked - reserved,
            ReservedBytes = reserved,
            Evicted = sum.Evicted,
            EvictedBytes = sum.EvictedBytes,
            Removed = sum.Removed,
            RemovedBytes = sum.RemovedBytes,
            Replaced = sum.Replaced,
            ReplacedBytes = sum.ReplacedBytes,
            Refused = sum.Refused,
            RefusedBytes = sum.RefusedBytes,
            NotAdmitted = sum.NotAdmitted,
            CapacityBytes = capacity,
            MaxEntries = MaxEntries,
        };
    }

    /// <summary>The last eviction decision of every shard that has made one.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public IReadOnlyList<EvictionReport> GetEvictionReports()
    {
        var reports = new List<EvictionReport>();
        foreach (var shard in _shards)
        {
            shard.Enter();
            try
            {
                if (shard.LastReport is { } report)
                {
                    reports.Add(report);
                }
            }
            finally
            {
                shard.Exit();
            }
        }

        return reports;
    }

    /// <summary>All entries, in no order. For tests and snapshots.</summary>
    internal List<KeyValuePair<TKey, TValue>> CopyEntries()
    {
        var entries = new List<KeyValuePair<TKey, TValue>>();
        foreach (var shard in _shards)
        {
            shard.Enter();
            try
            {
                shard.CopyEntries(entries);
            }
            finally
            {
                shard.Exit();
            }
        }

        return entries;
    }

    /// <summary>Which shard a key belongs to. For tests.</summary>
    internal int ShardIndexOf(TKey key) => Array.IndexOf(_shards, ShardOf(Mix(key)));

    /// <summary>How many entries the fullest bucket has; only meaningful at rest. For tests.</summary>
    internal int LongestChain() => _shards.Max(shard => shard.LongestChain());

    /// <summary>How many entries a shard has. For tests.</summary>
    internal int EntriesOfShard(int shard) => _shards[shard].Entries;

    /// <summary>Throws when anything disagrees with anything. Only meaningful at rest.</summary>
    internal void CheckIntegrity()
    {
        long bytes = 0;
        long entries = 0;
        foreach (var shard in _shards)
        {
            shard.Enter();
            try
            {
                shard.CheckIntegrity();
                bytes += shard.Bytes;
                entries += shard.Entries;
            }
            finally
            {
                shard.Exit();
            }
        }

        if (bytes + ReservedBytes != BookedBytes || entries != Count)
        {
            throw new InvalidOperationException(
                $"The shards hold {bytes} bytes and {entries} entries, {ReservedBytes} bytes are reserved, but "
                + $"{BookedBytes} bytes and {Count} entries are booked.");
        }

        if (BookedBytes > CapacityBytes || Count > MaxEntries)
        {
            throw new InvalidOperationException("More is booked than the capacity.");
        }
    }
}

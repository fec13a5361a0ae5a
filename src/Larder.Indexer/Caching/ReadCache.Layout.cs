namespace Larder.Indexer.Caching;

/// <content>Who gets the room, making room, and figures.</content>
public sealed partial class ReadCache
{
    // What EvictToTarget leaves.
    private const double DefaultTarget = 90;

    // So many entries that were read may be moved when a partition is emptied or shrunk, before the rest goes whatever it is.
    private const long MaxMoves = 1 << 16;

    /// <summary>
    /// Gives the room to others. What was read most and lately stays where it fits; the rest is evicted. Views wait
    /// meanwhile.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public void SetMode(AllocationMode mode)
    {
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "There is no such mode.");
        }

        var layout = Layout;
        if (layout.Mode != mode)
        {
            WithAllGates(layout, () => Volatile.Write(ref _layout, Rebuild(layout, mode)));
        }
    }

    /// <summary>Evicts the coldest entries of every partition that is more than 90 % full, until it is not.</summary>
    /// <returns>Bytes that became free.</returns>
    public long EvictToTarget() => EvictToTarget(DefaultTarget);

    /// <summary>Evicts the coldest entries of every partition until no more of its room for entries is used.</summary>
    /// <param name="percentage">How much may stay in use, from 0 to 100 %.</param>
    /// <returns>Bytes that became free.</returns>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public long EvictToTarget(double percentage)
    {
        if (!(percentage is >= 0 and <= 100))
        {
            throw new ArgumentOutOfRangeException(nameof(percentage), percentage, "A percentage is from 0 to 100.");
        }

        long freed = 0;
        foreach (var partition in Enum.GetValues<CachePartition>())
        {
            Each(partition, table =>
            {
                var before = table.UsedLogBytes;
                table.EvictTo((long)(table.LogBytes * (percentage / 100)), MaxMoves);
                freed += before - table.UsedLogBytes;
            });
        }

        return freed;
    }

    /// <summary>Figures of all partitions. Of the main one they may be a few operations apart while it is in use.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public ReadCacheStatistics GetStatistics() => new()
    {
        SizeBytes = Options.SizeBytes,
        Address = _region.Address,
        ResidentBytes = _region.ResidentBytes,
        Mode = Mode,
        Partitions = [.. Enum.GetValues<CachePartition>().Select(StatisticsOf)],
    };

    /// <summary>The memory report as text for people.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public string GetMemoryReport() => GetStatistics().ToReport();

    /// <summary>Checks all tables; throws what is wrong. Nothing may be using the main partition.</summary>
    internal void CheckIntegrity()
    {
        foreach (var partition in Enum.GetValues<CachePartition>())
        {
            Each(partition, table => table.CheckIntegrity());
        }
    }

    private CachePartitionStatistics StatisticsOf(CachePartition partition)
    {
        CacheCounters sum = default;
        long capacity = 0;
        long index = 0;
        long used = 0;
        Each(partition, table =>
        {
            sum.Add(table.Counters);
            capacity += table.CapacityBytes;
            index += table.IndexBytes;
            used += table.UsedLogBytes;
        });
        return new CachePartitionStatistics
        {
            Partition = partition,
            CapacityBytes = capacity,
            IndexBytes = index,
            EntryBytes = sum.LiveBytes,
            DeadBytes = Math.Max(0, used - sum.LiveBytes),
            Items = sum.Items,
            NegativeItems = sum.NegativeItems,
            Hits = sum.Hits,
            NegativeHits = sum.NegativeHits,
            Misses = sum.Misses,
            Sets = sum.Sets,
            Evicted = sum.Evicted,
            Removed = sum.Removed,
            Replaced = sum.Replaced,
            Refused = sum.Refused,
            SecondChances = sum.SecondChances,
        };
    }

    // Of the main partition's gate nobody else takes notice: its thread is the caller's.
    private void Each(CachePartition partition, Action<CacheTable> action)
    {
        for (var shard = 0; ; shard++)
        {
            var tables = Layout.Tables[(int)partition];
            if (shard >= tables.Length)
            {
                return;
            }

            lock (tables[shard].Gate)
            {
                if (!tables[shard].IsClosed)
                {
                    action(tables[shard]);
                }
            }
        }
    }

    private CacheLayout Rebuild(CacheLayout before, AllocationMode mode)
    {
        var kept = before.Tables.Select(Survivors).ToArray();
        Close(before);
        var after = NewLayout(mode);
        for (var partition = 0; partition < kept.Length; partition++)
        {
            var tables = after.Tables[partition];
            tables[0].Counters = kept[partition].Counters;
            foreach (var (scope, key, value) in kept[partition].Entries)
            {
                var hash = KeyHash.Of(scope, key);
                tables[(int)(hash >> TagBits) & (tables.Length - 1)].Adopt(hash, scope, key, value);
            }
        }

        return after;
    }

    // In one of the modes every partition is small, so what may survive a change of mode is little.
    private static (CacheCounters Counters, List<(ulong Scope, byte[] Key, byte[] Value)> Entries) Survivors(CacheTable[] tables)
    {
        var entries = new List<(ulong, byte[], byte[])>();
        CacheCounters counters = default;
        foreach (var table in tables)
        {
            table.EvictTo(CacheLayout.SmallBytes, MaxMoves);
            table.Visit((scope, key, value) => entries.Add((scope, key.ToArray(), value.ToArray())));
            counters.Add(table.Counters);
        }

        counters.Items = 0;
        counters.NegativeItems = 0;
        counters.LiveBytes = 0;
        return (counters, entries);
    }

    private static void Close(CacheLayout layout)
    {
        foreach (var table in layout.Tables.SelectMany(tables => tables))
        {
            table.IsClosed = true;
        }
    }

    private static void WithAllGates(CacheLayout layout, Action action)
    {
        var entered = new Stack<CacheTable>();
        try
        {
            foreach (var table in layout.Tables.SelectMany(tables => tables))
            {
                table.Gate.Enter();
                entered.Push(table);
            }

            action();
        }
        finally
        {
            foreach (var table in entered)
            {
                table.Gate.Exit();
            }
        }
    }

    private unsafe CacheLayout NewLayout(AllocationMode mode) => new((byte*)_region.Address, Options.SizeBytes, mode, Options.Shards);
}

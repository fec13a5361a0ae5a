using System.Globalization;
using Larder.Indexer;
using Larder.Indexer.Caching;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.Caching;

/// <summary>The cache as a whole: partitions, modes, figures, many threads, and what happens without memory.</summary>
public sealed class ReadCacheTests
{
    [Fact]
    public void The_default_is_one_gibibyte_and_zero_is_off()
    {
        Assert.Equal(1L << 30, new ReadCacheOptions().SizeBytes);
        Assert.Null(ReadCache.Open(new ReadCacheOptions { SizeBytes = 0 }));
        ReadCache.EnsurePreallocated(new ReadCacheOptions { SizeBytes = 0 });
    }

    [Theory]
    [InlineData(-1, 16)]
    [InlineData(1, 16)]
    [InlineData(16383, 16)]
    [InlineData((128L << 30) + 1, 16)]
    [InlineData(1 << 20, 0)]
    [InlineData(1 << 20, 3)]
    [InlineData(1 << 20, 512)]
    public void Options_out_of_range_are_refused(long size, int shards)
    {
        var exception = Assert.Throws<IndexerException>(() => ReadCache.Open(new ReadCacheOptions { SizeBytes = size, Shards = shards }));

        Assert.Equal(IndexerErrorKind.Configuration, exception.Kind);
    }

    [Fact]
    public void Memory_that_the_machine_does_not_have_is_a_clear_error_and_leaves_nothing()
    {
        Assert.SkipWhen(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes > 100L << 30, "This machine may have the memory that is asked for.");

        var exception = Assert.Throws<IndexerException>(() => ReadCache.Open(new ReadCacheOptions { SizeBytes = 128L << 30 }));

        Assert.Equal(IndexerErrorKind.NoSpace, exception.Kind);
        Assert.Contains("128 GiB", exception.Message, StringComparison.Ordinal);
        using var small = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
    }

    [Theory]
    [InlineData(16 * 1024)]
    [InlineData(1 << 20)]
    [InlineData((3 << 20) + 12345)]
    public void Modes_give_the_room_as_they_say(long size)
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = size });
        var before = cache.GetStatistics();

        cache.SetMode(AllocationMode.View);

        var after = cache.GetStatistics();
        Assert.Equal([1024, 1024], before.Partitions.Skip(1).Select(partition => partition.CapacityBytes));
        Assert.InRange(before.Of(CachePartition.Main).CapacityBytes, size - 2048 - 128, size - 2048);
        Assert.Equal(1024, after.Of(CachePartition.Main).CapacityBytes);
        Assert.InRange(after.Of(CachePartition.Heights).CapacityBytes, ((size - 1024) / 2) - 4096, (size - 1024) / 2);
        Assert.InRange(after.Of(CachePartition.Api).CapacityBytes, ((size - 1024) / 2) - 4096, ((size - 1024) / 2) + 128);
        Assert.Equal(before.Address, after.Address);
        Assert.True(after.ResidentBytes >= size);
    }

    [Fact]
    public void A_change_of_mode_keeps_what_fits_and_figures_go_on()
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
        var value = new ValueBuffer();
        for (var number = 0; number < 3000; number++)
        {
            cache.Set(CachePartition.Main, 0, Key(number), [1, 2, 3]);
        }

        cache.Set(CachePartition.Heights, 5, Key(1), [7]);
        for (var round = 0; round < 6; round++)
        {
            cache.SetMode(round % 2 == 0 ? AllocationMode.View : AllocationMode.Indexer);
            cache.CheckIntegrity();
        }

        Assert.True(cache.TryGet(CachePartition.Heights, 5, Key(1), value));
        Assert.Equal([7], value.Span.ToArray());
        Assert.True(cache.TryGet(CachePartition.Main, 0, Key(2999), value));
        Assert.False(cache.TryGet(CachePartition.Main, 0, Key(1), value));
        var main = cache.GetStatistics().Of(CachePartition.Main);
        Assert.InRange(main.Items, 1, 30);
        Assert.Equal(3000, main.Sets);
        AssertAddsUp(cache);
    }

    [Fact]
    public void Clearing_forgets_one_partition_only()
    {
        using var cache = Filled(AllocationMode.View);
        var value = new ValueBuffer();

        cache.Clear(CachePartition.Heights);

        var figures = cache.GetStatistics();
        Assert.Equal(0, figures.Of(CachePartition.Heights).Items);
        Assert.True(figures.Of(CachePartition.Heights).Removed > 0);
        Assert.Equal(0, figures.Of(CachePartition.Heights).DeadBytes);
        Assert.True(figures.Of(CachePartition.Api).Items > 0);
        Assert.False(cache.TryGet(CachePartition.Heights, 1, Key(1), value));
        AssertAddsUp(cache);
    }

    [Fact]
    public void A_value_longer_than_its_partition_is_refused_and_the_older_one_goes()
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
        var value = new ValueBuffer();
        foreach (var partition in Enum.GetValues<CachePartition>())
        {
            Assert.True(cache.Set(partition, 0, Key(1), [1]));
            Assert.False(cache.Set(partition, 0, Key(1), new byte[1 << 20]));
            Assert.False(cache.TryGet(partition, 0, Key(1), value));
            Assert.Equal(1, cache.GetStatistics().Of(partition).Refused);
            Assert.Equal(1, cache.GetStatistics().Of(partition).Removed);
        }

        AssertAddsUp(cache);
    }

    [Theory]
    [InlineData(90)]
    [InlineData(50)]
    [InlineData(0)]
    public void Eviction_to_a_target_leaves_no_more_than_that(double percentage)
    {
        using var cache = Filled(AllocationMode.View);
        var before = cache.GetStatistics();

        var freed = percentage == 90 ? cache.EvictToTarget() : cache.EvictToTarget(percentage);

        foreach (var partition in cache.GetStatistics().Partitions)
        {
            Assert.True(partition.EntryBytes + partition.DeadBytes <= (partition.CapacityBytes - partition.IndexBytes) * percentage / 100);
            Assert.True(percentage > 0 || partition.Items == 0);
        }

        Assert.True(freed > 0);
        Assert.True(cache.GetStatistics().MemoryBytes < before.MemoryBytes);
        AssertAddsUp(cache);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.EvictToTarget(101));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.EvictToTarget(double.NaN));
    }

    [Fact]
    public void What_a_commit_wrote_is_there_with_the_last_write_of_a_key()
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
        var value = new ValueBuffer();

        cache.SetCommitted([new StateWrite(Key(1), new byte[] { 1 }), new StateWrite(Key(2), default), new StateWrite(Key(1), new byte[] { 3 })]);

        Assert.True(cache.TryGet(CachePartition.Main, 0, Key(1), value));
        Assert.Equal([3], value.Span.ToArray());
        Assert.True(cache.TryGet(CachePartition.Main, 0, Key(2), value));
        Assert.True(value.Span.IsEmpty);
        Assert.Equal(1, cache.GetStatistics().Of(CachePartition.Main).NegativeItems);
    }

    [Fact]
    public void What_nobody_reads_of_blocks_is_put_there_by_samples_until_it_is_read_again()
    {
        const int Block = 20_000;
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 64 << 20 });
        var value = new ValueBuffer();
        var next = 0;
        long Added(Func<int, bool>? reads = null)
        {
            var before = cache.GetStatistics().Of(CachePartition.Main).Items;
            var first = next;
            cache.SetCommitted([.. Enumerable.Range(first, Block).Select(static number => new StateWrite(Key(number), BitConverter.GetBytes(number)))]);
            next += Block;
            for (var number = first; reads is not null && number < next; number++)
            {
                if (reads(number) && cache.TryGet(CachePartition.Main, 0, Key(number), value))
                {
                    Assert.Equal(BitConverter.GetBytes(number), value.Span);
                }
            }

            return cache.GetStatistics().Of(CachePartition.Main).Items - before;
        }

        // As many as bucket evictions leave.
        Assert.InRange(Added(), Block - 50, Block);
        for (var block = 0; block < 4; block++)
        {
            Added();
        }

        Assert.InRange(Added(), Block / 20, Block / 12);

        // A key that is known gets its new value in any case.
        cache.Set(CachePartition.Main, 0, Key(7_000_000), [1]);
        cache.SetCommitted([.. Enumerable.Range(7_000_000, 100).Select(static number => new StateWrite(Key(number), new byte[] { 2 }))]);
        Assert.True(cache.TryGet(CachePartition.Main, 0, Key(7_000_000), value));
        Assert.Equal([2], value.Span.ToArray());

        for (var block = 0; block < 6; block++)
        {
            Added(static _ => true);
        }

        Assert.InRange(Added(), Block - 50, Block);
        AssertAddsUp(cache);
    }

    [Fact]
    public void What_is_looked_up_once_is_put_there_by_samples_until_it_is_looked_up_again()
    {
        const int Block = 20_000;
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 64 << 20 });
        var next = 0;
        long Added(int times)
        {
            var before = cache.GetStatistics().Of(CachePartition.Main).Items;
            var first = next;
            next += Block;
            for (var round = 0; round < times; round++)
            {
                using var reader = new CachedStateReader(cache, CachePartition.Main, 0, EmptyReader.Instance);
                for (var number = first; number < next; number++)
                {
                    Assert.True(reader.Get(Key(number)).IsEmpty);
                }
            }

            cache.SetCommitted([]);
            return cache.GetStatistics().Of(CachePartition.Main).Items - before;
        }

        for (var block = 0; block < 4; block++)
        {
            Assert.InRange(Added(times: 1), Block - 50, Block);
        }

        Assert.InRange(Added(times: 1), Block / 20, Block / 12);
        for (var block = 0; block < 6; block++)
        {
            Added(times: 2);
        }

        Assert.InRange(Added(times: 1), Block - 50, Block);
        AssertAddsUp(cache);
    }

    [Fact]
    public void A_hit_allocates_nothing()
    {
        using var cache = Filled(AllocationMode.Indexer);
        var value = new ValueBuffer();
        var key = Key(1);
        cache.Set(CachePartition.Main, 0, key, [1]);
        cache.TryGet(CachePartition.Main, 0, key, value);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var round = 0; round < 1000; round++)
        {
            cache.TryGet(CachePartition.Main, 0, key, value);
            cache.Set(CachePartition.Main, 0, key, [1, 2]);
            cache.TryGet(CachePartition.Heights, 1, key, value);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task Readers_on_many_threads_never_see_torn_values()
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 256 * 1024, Mode = AllocationMode.View, Shards = 4 });
        using var stop = new CancellationTokenSource();
        var hits = 0L;
        var workers = Enumerable.Range(0, 6).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            var value = new ValueBuffer();
            while (!stop.IsCancellationRequested)
            {
                var number = random.Next(400);
                var partition = (CachePartition)random.Next(1, 3);
                if (cache.TryGet(partition, 3, Key(number), value))
                {
                    Interlocked.Increment(ref hits);
                    Assert.False(value.Span.ContainsAnyExcept((byte)number));
                    Assert.Equal(0, value.Span.Length % 7);
                }
                else
                {
                    var bytes = new byte[random.Next(60) * 7];
                    bytes.AsSpan().Fill((byte)number);
                    cache.Set(partition, 3, Key(number), bytes);
                }

                if (random.Next(300) == 0)
                {
                    cache.Remove(partition, 3, Key(number));
                }

                if (random.Next(5000) == 0)
                {
                    cache.Clear(partition);
                }
            }
        })).ToArray();
        for (var round = 0; round < 40; round++)
        {
            await Task.Delay(5);
            cache.SetMode(round % 2 == 0 ? AllocationMode.Indexer : AllocationMode.View);
            cache.EvictToTarget(60);
            Assert.NotEmpty(cache.GetMemoryReport());
        }

        await stop.CancelAsync();
        await Task.WhenAll(workers);

        Assert.True(hits > 0);
        AssertAddsUp(cache);
    }

    [Fact]
    public void A_closed_cache_says_so_and_may_be_closed_again()
    {
        var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
        cache.Dispose();
        cache.Dispose();

        Assert.Throws<ObjectDisposedException>(() => cache.TryGet(CachePartition.Main, 0, Key(1), new ValueBuffer()));
        Assert.Throws<ObjectDisposedException>(() => cache.Set(CachePartition.Heights, 0, Key(1), Key(1)));
        Assert.Throws<ObjectDisposedException>(() => cache.GetStatistics());
    }

    [Fact]
    public void The_report_has_the_figures()
    {
        using var cache = Filled(AllocationMode.View);

        var report = cache.GetMemoryReport();

        var heights = cache.GetStatistics().Of(CachePartition.Heights);
        Assert.Contains("allocated for views", report, StringComparison.Ordinal);
        Assert.Contains(heights.Items.ToString("N0", CultureInfo.InvariantCulture), report, StringComparison.Ordinal);
        Assert.Contains(heights.EntryBytes.ToString("N0", CultureInfo.InvariantCulture), report, StringComparison.Ordinal);
    }

    private static ReadCache Filled(AllocationMode mode)
    {
        var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20, Mode = mode });
        foreach (var partition in Enum.GetValues<CachePartition>())
        {
            for (var number = 0; number < 20000; number++)
            {
                cache.Set(partition, 1, Key(number), new byte[number % 50]);
            }
        }

        return cache;
    }

    private static void AssertAddsUp(ReadCache cache)
    {
        cache.CheckIntegrity();
        foreach (var partition in cache.GetStatistics().Partitions)
        {
            Assert.Equal(partition.Lookups, partition.Hits + partition.Misses);
            Assert.Equal(partition.Sets, partition.Items + partition.Evicted + partition.Removed + partition.Replaced + partition.Refused);
            Assert.True(partition.MemoryBytes <= partition.CapacityBytes);
        }
    }

    private static byte[] Key(int number) => [.. "/key/"u8, .. BitConverter.GetBytes(number)];
}

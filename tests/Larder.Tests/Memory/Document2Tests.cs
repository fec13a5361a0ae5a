using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Tests.Memory;

/// <summary>The unit tests of document 2, in our terms: one shard stands where it takes keys of one first byte.</summary>
public sealed class Document2Tests
{
    [Fact]
    public void Roundtrip()
    {
        var cache = new BoundedCache<long, byte[]>(BoundedCacheOptions<long, byte[]>.Lru((_, value) => value.Length));
        Assert.False(cache.TryGet(1, out _));

        cache.Put(1, "target-bytes"u8.ToArray());

        Assert.True(cache.TryGet(1, out var value));
        Assert.Equal("target-bytes"u8.ToArray(), value);
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public void Defaults_are_256_shards_of_256_entries_and_16_mebibytes()
    {
        var options = BoundedCacheOptions<long, byte[]>.Lru();

        Assert.Equal(256, options.ShardCount);
        Assert.Equal(256, options.ShardMaxEntries);
        Assert.Equal(16 * 1024 * 1024, options.ShardCapacityBytes);
        Assert.Equal(EvictionPolicyKind.Lru, options.Policy);
    }

    [Fact]
    public void Each_shard_is_capped()
    {
        var cache = OneShard(256, 16 * 1024 * 1024);

        for (var i = 0; i < 256 + 17; i++)
        {
            cache.Put(i, [(byte)i]);
        }

        Assert.Equal(256, cache.Count);
        cache.CheckIntegrity();
    }

    [Fact]
    public void The_least_recently_used_entry_is_evicted()
    {
        var cache = OneShard(2, 1024);

        cache.Put('a', [1]);
        cache.Put('b', [2]);
        Assert.True(cache.TryGet('a', out _));
        cache.Put('c', [3]);

        Assert.True(cache.TryGet('a', out _));
        Assert.False(cache.TryGet('b', out _));
        Assert.True(cache.TryGet('c', out _));
    }

    [Fact]
    public void The_byte_budget_is_enforced()
    {
        var cache = OneShard(8, 10);

        cache.Put('a', new byte[6]);
        cache.Put('b', new byte[6]);

        Assert.False(cache.TryGet('a', out _));
        Assert.True(cache.TryGet('b', out _));
        Assert.Equal(6, cache.BookedBytes);

        Assert.Equal(PutOutcome.TooLarge, cache.Put('c', new byte[11]));
        Assert.False(cache.TryGet('c', out _));
        Assert.Equal(6, cache.BookedBytes);
    }

    [Fact]
    public void Statistics_count_hits_misses_and_evictions()
    {
        var cache = OneShard(1, 8);

        Assert.False(cache.TryGet('a', out _));
        cache.Put('a', new byte[4]);
        Assert.True(cache.TryGet('a', out _));
        cache.Put('b', new byte[4]);

        var statistics = cache.GetStatistics();
        Assert.Equal(2, statistics.Lookups);
        Assert.Equal(1, statistics.Hits);
        Assert.Equal(1, statistics.Misses);
        Assert.Equal(2, statistics.Puts);
        Assert.Equal(1, statistics.Evicted);
        Assert.Equal(4, statistics.Bytes);
        Assert.Equal(1, statistics.Entries);
        Assert.Equal(500_000, statistics.HitRatioPpm);
    }

    [Fact]
    public void An_eviction_report_has_reason_entries_bytes_and_age()
    {
        var cache = OneShard(1, 8);

        cache.Put('a', new byte[4]);
        Assert.True(cache.TryGet('a', out _));
        cache.Put('b', new byte[4]);

        var report = Assert.Single(cache.GetEvictionReports());
        Assert.Equal(RemovalReason.EntryLimit, report.Reason);
        Assert.Equal(1, report.Entries);
        Assert.Equal(4, report.Bytes);
        Assert.Equal(1, report.MaxAgeTicks);
    }

    [Fact]
    public void A_refused_oversize_put_reports_the_entry_it_took_away()
    {
        var cache = OneShard(8, 8);

        cache.Put('a', new byte[4]);
        cache.Put('a', new byte[9]);

        Assert.False(cache.TryGet('a', out _));
        var report = Assert.Single(cache.GetEvictionReports());
        Assert.Equal(RemovalReason.RejectedPut, report.Reason);
        Assert.Equal(1, report.Entries);
        Assert.Equal(4, report.Bytes);
        cache.CheckIntegrity();
    }

    [Theory]
    [InlineData(0, 1024)]
    [InlineData(256, 0)]
    public void A_budget_of_zero_takes_puts_and_keeps_nothing(long entries, long bytes)
    {
        var cache = new BoundedCache<long, byte[]>(
            BoundedCacheOptions<long, byte[]>.Lru((_, value) => value.Length, entries, bytes));

        Assert.Equal(PutOutcome.Disabled, cache.Put(1, [1]));

        Assert.False(cache.TryGet(1, out _));
        Assert.Equal(0, cache.Count);
        Assert.Equal(1, cache.GetStatistics().Refused);
    }

    [Fact]
    public void Both_limits_at_once_are_reported_as_both()
    {
        var cache = OneShard(2, 10);

        cache.Put('a', new byte[5]);
        cache.Put('b', new byte[5]);
        cache.Put('c', new byte[8]);

        var report = Assert.Single(cache.GetEvictionReports());
        Assert.Equal(RemovalReason.EntryAndByteLimit, report.Reason);
        Assert.Equal(2, report.Entries);
        Assert.Equal(10, report.Bytes);
    }

    internal static BoundedCache<long, byte[]> OneShard(long entries, long bytes) =>
        new(BoundedCacheOptions<long, byte[]>.Lru((_, value) => value.Length, entries, bytes) with
        {
            ShardCount = 1,
            MaxEntries = entries,
            CapacityBytes = bytes,
        });
}

using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Tests.Memory;

public sealed class CapacityTests
{
    [Fact]
    public void Reserved_bytes_count_until_a_put_takes_them_or_they_are_given_back()
    {
        var cache = Bytes(100);
        cache.Put(1, 60);

        Assert.True(cache.TryReserve(70, out var reservation));
        Assert.False(cache.Contains(1));
        Assert.Equal(70, cache.BookedBytes);
        Assert.Equal(70, cache.GetStatistics().ReservedBytes);
        Assert.Equal(PutOutcome.NoSpace, cache.Put(2, 40));
        Assert.True(reservation.TryResize(50));
        Assert.Equal(PutOutcome.Stored, cache.Put(2, 40));
        Assert.Equal(PutOutcome.Stored, cache.Put(ref reservation, 3, 45));

        Assert.Equal(85, cache.BookedBytes);
        Assert.Equal(0, cache.ReservedBytes);
        reservation.Dispose();
        Assert.Equal(85, cache.BookedBytes);
        cache.CheckIntegrity();
    }

    [Fact]
    public void A_reservation_that_cannot_be_met_evicts_nothing()
    {
        var cache = Bytes(100);
        cache.Put(1, 40);
        Assert.True(cache.TryReserve(50, out var reservation));

        Assert.False(cache.TryReserve(60, out _));
        Assert.False(cache.TryReserve(101, out _));
        Assert.False(reservation.TryResize(101));

        Assert.True(cache.Contains(1));
        Assert.Equal(50, reservation.Bytes);
        reservation.Dispose();
        Assert.Equal(40, cache.BookedBytes);
    }

    [Fact]
    public void A_reservation_works_in_entries_where_all_weigh_one()
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 4, ShardCount = 1, Policy = EvictionPolicyKind.Lru });
        for (var i = 0; i < 4; i++)
        {
            cache.Put(i, "value");
        }

        Assert.True(cache.TryReserve(2, out var reservation));

        Assert.Equal(2, cache.Count);
        cache.Put(ref reservation, 9, "taken");
        Assert.Equal(3, cache.Count);
        Assert.Equal(0, cache.ReservedBytes);
        cache.CheckIntegrity();
    }

    [Fact]
    public void A_reservation_of_another_cache_is_refused()
    {
        var cache = Bytes(100);
        Assert.True(Bytes(100).TryReserve(10, out var reservation));

        Assert.Throws<ArgumentException>(() => cache.Put(ref reservation, 1, 5));

        Assert.Equal(10, reservation.Bytes);
        Assert.Equal(0, cache.BookedBytes);
    }

    [Fact]
    public void Resizing_keeps_the_hottest()
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 64, ShardCount = 1, Policy = EvictionPolicyKind.Lru });
        for (var i = 0; i < 64; i++)
        {
            cache.Put(i, "value");
        }

        for (var i = 10; i < 26; i++)
        {
            cache.TryGet(i, out _);
        }

        cache.Resize(long.MaxValue, 16);

        Assert.Equal(Enumerable.Range(10, 16), cache.CopyEntries().Select(entry => entry.Key).Order());
        Assert.Equal(RemovalReason.Resized, Assert.Single(cache.GetEvictionReports()).Reason);
        Assert.Equal(48, cache.GetStatistics().Evicted);
        cache.Resize(long.MaxValue, 64);
        cache.Put(100, "value");
        Assert.Equal(17, cache.Count);
        cache.CheckIntegrity();
    }

    [Fact]
    public void Trimming_frees_what_was_asked_from_the_coldest()
    {
        var cache = Bytes(1000, shards: 4);
        for (var i = 0; i < 100; i++)
        {
            cache.Put(i, 10);
        }

        var freed = cache.Trim(250);

        Assert.InRange(freed, 250, 290);
        Assert.Equal(1000 - freed, cache.BookedBytes);
        Assert.All(cache.GetEvictionReports(), report => Assert.Equal(RemovalReason.Pressure, report.Reason));
        Assert.Equal(0, Bytes(10).Trim(5));
        cache.CheckIntegrity();
    }

    [Fact]
    public void One_hot_shard_can_use_what_the_others_do_not_need()
    {
        var cache = Bytes(800, shards: 8);
        var keys = KeysOfOneShard(cache, 70);

        foreach (var key in keys)
        {
            cache.Put(key, 10);
        }

        Assert.Equal(700, cache.BookedBytes);
    }

    [Fact]
    public void A_shard_below_its_share_gets_it_back_from_the_one_above()
    {
        var cache = Bytes(800, shards: 8);
        var hot = KeysOfOneShard(cache, 80);
        foreach (var key in hot)
        {
            cache.Put(key, 10);
        }

        var others = Enumerable.Range(1_000_000, 1000).Except(hot).Take(40).ToList();
        foreach (var key in others)
        {
            Assert.Equal(PutOutcome.Stored, cache.Put(key, 10));
        }

        Assert.Equal(800, cache.BookedBytes);
        Assert.InRange(others.Count(key => cache.Contains(key)), 30, 40);
        cache.CheckIntegrity();
    }

    [Fact]
    public void An_entry_larger_than_a_share_finds_room_in_all_shards()
    {
        var cache = Bytes(800, shards: 8);
        for (var i = 0; i < 200; i++)
        {
            cache.Put(i, 10);
        }

        Assert.Equal(PutOutcome.Stored, cache.Put(5000, 700));

        Assert.True(cache.TryGet(5000, out _));
        Assert.True(cache.BookedBytes <= 800);
        Assert.Equal(PutOutcome.TooLarge, cache.Put(5001, 801));
        cache.CheckIntegrity();
    }

    [Fact]
    public void A_limit_that_was_never_there_cannot_come_later()
    {
        var cache = Bytes(100);

        Assert.Throws<ArgumentException>(() => cache.Resize(50, 10));
        cache.Resize(50, long.MaxValue);

        Assert.Equal(50, cache.CapacityBytes);
    }

    [Fact]
    public void Chosen_keys_do_not_meet_in_one_shard()
    {
        var cache = new BoundedCache<long, string>(new() { MaxEntries = 4096, ShardCount = 16, Policy = EvictionPolicyKind.Lru });

        // Equal in their lower halves, in their folded hash codes and in their neighbourhoods.
        for (long i = 0; i < 1000; i++)
        {
            cache.Put((i << 32) | i, "folds to zero");
            cache.Put(i << 40, "high bits only");
            cache.Put(i * 16, "every sixteenth");
        }

        var perShard = Enumerable.Range(0, 16).Select(cache.EntriesOfShard).ToList();
        Assert.True(perShard.Max() < 3 * perShard.Average(), string.Join(' ', perShard));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Chosen_keys_do_not_meet_in_one_bucket(int shards)
    {
        var cache = new BoundedCache<long, string>(new() { MaxEntries = 16384, ShardCount = shards });

        // Equal in their halves, in their places in a neighbourhood, and in what multiplications leave of them.
        for (long i = 0; i < 1000; i++)
        {
            cache.Put((i << 32) | i, "folds to zero");
            cache.Put(i << 40, "high bits only");
            cache.Put(i << 53, "highest bits only");
            cache.Put(i * 4096, "one of a neighbourhood");
            cache.Put(i * 65536, "one of several neighbourhoods");
            cache.Put(i, "neighbours");
        }

        Assert.InRange(cache.LongestChain(), 1, 16);
    }

    private static BoundedCache<int, int> Bytes(long capacity, int shards = 1) => new(new()
    {
        CapacityBytes = capacity,
        ShardCount = shards,
        Weigher = (_, weight) => weight,
        Policy = EvictionPolicyKind.Lru,
    });

    private static List<int> KeysOfOneShard(BoundedCache<int, int> cache, int count)
    {
        var keys = new List<int>();
        for (var key = 0; keys.Count < count; key++)
        {
            if (cache.ShardIndexOf(key) == 3)
            {
                keys.Add(key);
            }
        }

        return keys;
    }
}

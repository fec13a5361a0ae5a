using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Tests.Memory;

public sealed class BoundedCacheTests
{
    [Fact]
    public void A_hit_allocates_nothing()
    {
        var cache = new BoundedCache<long, string>(new() { MaxEntries = 1000 });
        for (var i = 0; i < 500; i++)
        {
            cache.Put(i, "value");
        }

        long Run()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                cache.TryGet(i, out var _);
                var hit = cache.GetOrAddAsync(i % 500, 0, static (_, _, _) => new ValueTask<string>("new"));
                Assert.True(hit.IsCompletedSuccessfully);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Run();

        Assert.Equal(0, Run());
    }

    [Theory]
    [InlineData(EvictionPolicyKind.Frequency)]
    [InlineData(EvictionPolicyKind.Lru)]
    public void A_put_into_a_full_cache_allocates_nothing(EvictionPolicyKind policy)
    {
        var cache = new BoundedCache<long, string>(new() { MaxEntries = 2000, Policy = policy });
        var next = 0L;
        long Run()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 20_000; i++)
            {
                cache.GetOrAdd(next++, 0, static (_, _) => "value");
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Run();

        Assert.Equal(0, Run());
        cache.CheckIntegrity();
    }

    [Fact]
    public void Removed_replaced_and_evicted_values_become_collectable_at_once()
    {
        var cache = new BoundedCache<int, object>(new() { MaxEntries = 4, ShardCount = 1, Policy = EvictionPolicyKind.Lru });
        var references = PutAndDrop(cache);

        GC.Collect();

        Assert.All(references, reference => Assert.False(reference.IsAlive));
        Assert.Equal(4, cache.Count);
        GC.KeepAlive(cache);
    }

    [Fact]
    public void Every_value_that_leaves_is_released_exactly_once()
    {
        var released = new Dictionary<Item, int>(ReferenceEqualityComparer.Instance);
        var given = new List<Item>();
        var cache = new BoundedCache<int, Item>(new()
        {
            MaxEntries = 20,
            CapacityBytes = 100,
            ShardCount = 2,
            Weigher = (_, item) => item.Weight,
            Release = item => released[item] = released.GetValueOrDefault(item) + 1,
        });
        var random = new Random(7);

        for (var i = 0; i < 5000; i++)
        {
            var item = new Item(random.Next(60), random.Next(50) == 0 ? 200 : random.Next(12));
            given.Add(item);
            switch (random.Next(8))
            {
                case 0:
                    Assert.NotNull(cache.GetOrAdd(item.Key, item, (_, made) => made));
                    break;
                case 1 when cache.TryReserve(5, out var reservation):
                    cache.Put(ref reservation, item.Key, item, "owner");
                    break;
                default:
                    cache.Put(item.Key, item, "owner");
                    break;
            }

            if (random.Next(20) == 0)
            {
                cache.Remove(random.Next(60));
                cache.Trim(random.Next(30));
            }
        }

        cache.InvalidateOwner("owner");
        cache.Clear();

        Assert.Equal(0, cache.Count);
        Assert.All(released.Values, count => Assert.Equal(1, count));

        // What get-or-add never used was never handed to the cache.
        Assert.True(released.Count <= given.Count);
        Assert.All(cache.CopyEntries(), entry => Assert.Fail($"{entry.Key} is still there"));
        cache.CheckIntegrity();
    }

    [Fact]
    public void What_TryRemove_hands_out_is_the_callers_and_is_not_released()
    {
        var released = 0;
        var heard = new List<RemovalReason>();
        var cache = new BoundedCache<int, string>(new()
        {
            MaxEntries = 4,
            Release = _ => released++,
            RemovalListener = removed => heard.Add(removed[0].Reason),
        });
        cache.Put(1, "one");

        Assert.True(cache.TryRemove(1, out var value));

        Assert.Equal("one", value);
        Assert.Equal(0, released);
        Assert.Equal([RemovalReason.Removed], heard);
    }

    [Fact]
    public void A_listener_runs_without_the_lock_and_may_call_the_cache()
    {
        BoundedCache<int, string>? cache = null;
        var heard = new List<int>();
        cache = new BoundedCache<int, string>(new()
        {
            MaxEntries = 2,
            ShardCount = 1,
            Policy = EvictionPolicyKind.Lru,
            RemovalListener = removed =>
            {
                heard.Add(removed[0].Key);
                if (removed[0].Key < 100)
                {
                    // The cache exists by the time that anything is removed from it.
                    cache!.Put(removed[0].Key + 100, "again");
                }
            },
        });

        cache.Put(1, "one");
        cache.Put(2, "two");
        cache.Put(3, "three");

        Assert.Equal(1, heard[0]);
        Assert.True(cache.Contains(101) || cache.Contains(102) || cache.Contains(103));
        Assert.Equal(2, cache.Count);
        cache.CheckIntegrity();
    }

    [Fact]
    public void A_listener_that_throws_is_counted_and_harms_nothing()
    {
        var cache = new BoundedCache<int, string>(new()
        {
            MaxEntries = 4,
            RemovalListener = _ => throw new InvalidOperationException("no"),
        });
        cache.Put(1, "one");

        Assert.True(cache.Remove(1));

        Assert.Equal(1, cache.GetStatistics().ListenerFailures);
        cache.CheckIntegrity();
    }

    [Fact]
    public void Weights_beyond_four_gigabytes_are_kept_exactly()
    {
        const long heavy = (5L << 30) + 3;
        var cache = new BoundedCache<int, long>(new() { CapacityBytes = 3 * heavy, Weigher = (_, weight) => weight, ShardCount = 1 });

        cache.Put(1, heavy);
        cache.Put(2, uint.MaxValue);
        cache.Put(2, 7);
        cache.Put(1, heavy + 1);

        Assert.Equal(heavy + 8, cache.BookedBytes);
        cache.CheckIntegrity();
        cache.Remove(1);
        Assert.Equal(7, cache.BookedBytes);
        cache.CheckIntegrity();
    }

    [Fact]
    public void Batches_find_and_store_every_key()
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 100 });
        Assert.Equal(2, cache.PutMany([new(1, "one"), new(2, "two")], "owner"));
        var values = new string?[3];
        var found = new bool[3];

        Assert.Equal(2, cache.GetMany([1, 3, 2], values, found));

        Assert.Equal<IEnumerable<string?>>(["one", null, "two"], values);
        Assert.Equal<IEnumerable<bool>>([true, false, true], found);
        Assert.Throws<ArgumentException>(() => cache.GetMany([1, 2, 3], new string?[2]));
        Assert.Equal(2, cache.InvalidateOwner("owner"));
    }

    [Fact]
    public void An_owner_is_the_last_puts_and_invalidation_frees_its_bytes_now()
    {
        var cache = new BoundedCache<int, string>(new() { CapacityBytes = 1000, Weigher = (_, text) => text.Length });
        cache.Put(1, "aaaa", "a");
        cache.Put(2, "bb", "b");
        cache.Put(3, "a", "a");
        cache.Put(3, "nobody's");
        cache.Put(2, "bbb", "a");

        Assert.Equal(0, cache.InvalidateOwner("b"));
        Assert.Equal(2, cache.InvalidateOwner("a"));

        Assert.Equal("nobody's".Length, cache.BookedBytes);
        Assert.Equal(2, cache.GetStatistics().Removed);
        cache.CheckIntegrity();
    }

    [Fact]
    public void A_custom_comparer_decides_for_values_and_references()
    {
        var texts = new BoundedCache<string, int>(new() { MaxEntries = 8, Comparer = StringComparer.OrdinalIgnoreCase });
        var numbers = new BoundedCache<int, int>(new() { MaxEntries = 8, Comparer = new ModuloComparer() });

        texts.Put("Key", 1);
        numbers.Put(13, 2);

        Assert.True(texts.TryGet("KEY", out var first));
        Assert.Equal(1, first);
        Assert.True(numbers.TryGet(3, out var second));
        Assert.Equal(2, second);
        Assert.False(numbers.TryGet(4, out _));
    }

    [Fact]
    public void A_condition_keeps_a_newer_value_from_being_removed()
    {
        var cache = new BoundedCache<int, object>(new() { MaxEntries = 8 });
        var (old, newer) = (new object(), new object());
        cache.Put(1, old);
        cache.Put(1, newer);

        Assert.False(cache.RemoveExactly(1, old));
        Assert.True(cache.RemoveExactly(1, newer));
        Assert.False(cache.Contains(1));
    }

    [Theory]
    [InlineData(10_000, long.MaxValue, 8)]
    [InlineData(500, long.MaxValue, 1)]
    [InlineData(long.MaxValue, 67_000_000, 1)]
    [InlineData(long.MaxValue, 600L << 20, 2)]
    public void Small_caches_have_few_shards(long entries, long bytes, int atMost)
    {
        var options = new BoundedCacheOptions<int, string> { MaxEntries = entries, CapacityBytes = bytes, Weigher = (_, _) => 1 };

        Assert.InRange(options.ResolveShardCount(), 1, atMost);
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        static CacheErrorKind Error(BoundedCacheOptions<int, string> options) =>
            Assert.Throws<CacheException>(() => new BoundedCache<int, string>(options)).Kind;

        Assert.Equal(CacheErrorKind.Configuration, Error(new()));
        Assert.Equal(CacheErrorKind.Configuration, Error(new() { MaxEntries = -1 }));
        Assert.Equal(CacheErrorKind.Configuration, Error(new() { MaxEntries = 1, ShardCount = 3 }));
        Assert.Equal(CacheErrorKind.Configuration, Error(new() { MaxEntries = 1, Policy = (EvictionPolicyKind)77 }));
    }

    [Fact]
    public void The_hit_ratio_never_overflows()
    {
        Assert.Equal(0, new BoundedCacheStatistics().HitRatioPpm);
        Assert.Equal(1_000_000, new BoundedCacheStatistics { Hits = long.MaxValue }.HitRatioPpm);
        Assert.Equal(500_000, new BoundedCacheStatistics { Hits = long.MaxValue, Misses = long.MaxValue }.HitRatioPpm);
        Assert.Equal(333_333, new BoundedCacheStatistics { Hits = 1, Misses = 2 }.HitRatioPpm);
    }

    private static List<WeakReference> PutAndDrop(BoundedCache<int, object> cache)
    {
        var references = new List<WeakReference>();
        for (var i = 0; i < 12; i++)
        {
            var value = new byte[1000];
            references.Add(new WeakReference(value));
            cache.Put(i / 2, value);
        }

        cache.Remove(5);
        for (var i = 100; i < 104; i++)
        {
            cache.Put(i, new object());
        }

        return references;
    }

    private sealed class ModuloComparer : IEqualityComparer<int>
    {
        public bool Equals(int x, int y) => x % 10 == y % 10;

        public int GetHashCode(int obj) => obj % 10;
    }
}

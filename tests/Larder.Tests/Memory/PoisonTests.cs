using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Tests.Memory;

public sealed class PoisonTests
{
    [Fact]
    public void A_poisoned_shard_fails_loudly_instead_of_serving()
    {
        var policy = new FragilePolicy();
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 8, ShardCount = 1, PolicyFactory = () => policy });
        cache.Put(1, "one");
        policy.Breaks = true;
        Assert.Throws<TimeZoneNotFoundException>(() => cache.Put(2, "two"));
        policy.Breaks = false;

        Action[] calls =
        [
            () => cache.TryGet(1, out _),
            () => cache.TryGet(2, out _),
            () => cache.TryPeek(1, out _),
            () => cache.Put(3, "three"),
            () => cache.GetOrAdd(1, 0, (_, _) => "made"),
            () => cache.Remove(1),
            () => cache.Clear(),
            () => cache.Trim(1),
            () => cache.Resize(8, 4),
            () => cache.InvalidateOwner("nobody"),
            () => cache.GetStatistics(),
            () => cache.GetEvictionReports(),
            () => cache.CheckIntegrity(),
        ];

        Assert.All(calls, call =>
        {
            var exception = Assert.Throws<CacheException>(call);
            Assert.Equal(CacheErrorKind.Poisoned, exception.Kind);
            Assert.Contains("cache shard 0 was poisoned", exception.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_poisoned_shard_fails_asynchronous_callers_too()
    {
        var policy = new FragilePolicy { Breaks = true };
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 8, ShardCount = 1, PolicyFactory = () => policy });
        Assert.Throws<TimeZoneNotFoundException>(() => cache.Put(2, "two"));

        var exception = await Assert.ThrowsAsync<CacheException>(
            async () => await cache.GetOrAddAsync(1, 0, (_, _, _) => new ValueTask<string>("made"), TestContext.Current.CancellationToken));

        Assert.Equal(CacheErrorKind.Poisoned, exception.Kind);
    }

    [Fact]
    public void Callbacks_that_throw_before_any_change_do_not_poison()
    {
        var comparer = new FragileComparer();
        var breaks = true;
        var cache = new BoundedCache<string, string>(new()
        {
            CapacityBytes = 100,
            ShardCount = 1,
            Comparer = comparer,
            Weigher = (_, value) => breaks ? throw new TimeZoneNotFoundException() : value.Length,
        });
        Assert.Throws<TimeZoneNotFoundException>(() => cache.Put("1", "one"));
        breaks = false;
        cache.Put("1", "one");
        comparer.Breaks = true;
        Assert.Throws<TimeZoneNotFoundException>(() => cache.Put("1", "two"));
        Assert.Throws<TimeZoneNotFoundException>(() => cache.TryGet("1", out _));
        Assert.Throws<TimeZoneNotFoundException>(() => cache.Remove("1"));
        Assert.True(cache.TryReserve(10, out var reservation));
        Assert.Throws<TimeZoneNotFoundException>(() => cache.Put(ref reservation, "1", "three"));
        Assert.Throws<TimeZoneNotFoundException>(() => cache.GetOrAdd("2", 0, (_, _) => throw new TimeZoneNotFoundException()));
        comparer.Breaks = false;

        Assert.True(cache.TryGet("1", out var value));

        Assert.Equal("one", value);
        reservation.Dispose();
        Assert.Equal(0, cache.ReservedBytes);
        Assert.Equal(3, cache.BookedBytes);
        cache.CheckIntegrity();
    }

    [Fact]
    public void A_negative_weight_is_refused_before_anything_changes()
    {
        var cache = new BoundedCache<int, int>(new() { CapacityBytes = 10, Weigher = (_, weight) => weight });

        Assert.Throws<InvalidOperationException>(() => cache.Put(1, -1));

        Assert.Equal(0, cache.BookedBytes);
        cache.CheckIntegrity();
    }

    [Fact]
    public void Other_shards_go_on_serving()
    {
        var broken = new FragilePolicy { Breaks = true };
        var first = true;
        var cache = new BoundedCache<int, string>(new()
        {
            MaxEntries = 64,
            ShardCount = 2,
            PolicyFactory = () =>
            {
                EvictionPolicy policy = first ? broken : new LruPolicy();
                first = false;
                return policy;
            },
        });

        var outcomes = Enumerable.Range(0, 64).Select(key =>
        {
            try
            {
                return cache.Put(key, "value") == PutOutcome.Stored && cache.TryGet(key, out _);
            }
            catch (Exception exception) when (exception is CacheException or TimeZoneNotFoundException)
            {
                return false;
            }
        }).ToList();

        Assert.Contains(true, outcomes);
        Assert.Contains(false, outcomes);
    }

    private sealed class FragileComparer : IEqualityComparer<string>
    {
        public bool Breaks { get; set; }

        public bool Equals(string? x, string? y)
        {
            ThrowIfBroken();
            return x == y;
        }

        private void ThrowIfBroken()
        {
            if (Breaks)
            {
                throw new TimeZoneNotFoundException();
            }
        }

        public int GetHashCode(string obj) => obj.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>Throws when told to, in the middle of a put.</summary>
    private sealed class FragilePolicy : EvictionPolicy
    {
        public bool Breaks { get; set; }

        public override void EnsureCapacity(int slots) => Touches = new byte[slots];

        public override void SetCapacity(long bytes, long entries)
        {
        }

        public override bool MakeRoom(uint hash, long weight, long excessBytes, long excessEntries, List<int> victims) =>
            Breaks ? throw new TimeZoneNotFoundException() : true;

        public override void OnInsert(int slot, uint hash, long weight)
        {
        }

        public override void OnReplace(int slot, long weight)
        {
        }

        public override void OnRemove(int slot)
        {
        }

        public override int NextVictim() => -1;

        public override void CheckIntegrity()
        {
        }
    }
}

using Larder.Cache.Artifacts;
using Larder.Cache.Memory;

namespace Larder.Tests.Memory;

/// <summary>Random operations against an oracle that knows the exact order of use.</summary>
public sealed class LruModelTests(ITestOutputHelper output)
{
    private const int Universe = 40;
    private const int Operations = 4000;

    [Theory]
    [InlineData(1, 12, long.MaxValue - 1)]
    [InlineData(2, 1000, 60)]
    [InlineData(3, 9, 60)]
    [InlineData(0, 15, 100)]
    public void Every_step_agrees_with_the_oracle(int seed, long entries, long bytes)
    {
        seed = seed != 0 ? seed : Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var events = new List<RemovedEntry<int, Item>>();
        var cache = new BoundedCache<int, Item>(BoundedCacheOptions<int, Item>.Lru((_, item) => item.Weight) with
        {
            ShardCount = 1,
            ShardMaxEntries = null,
            ShardCapacityBytes = null,
            MaxEntries = entries,
            CapacityBytes = bytes,
            RemovalListener = removed => events.AddRange(removed),
        });
        var oracle = new LruOracle(entries, bytes);
        var reservations = new List<Reservation>();

        for (var step = 0; step < Operations; step++)
        {
            Step(random, cache, oracle, reservations);
            Assert.Equal(oracle.Keys.Order(), cache.CopyEntries().Select(entry => entry.Key).Order());
            Assert.Equal(oracle.Bytes, cache.BookedBytes);
            Assert.True(cache.BookedBytes <= cache.CapacityBytes);
            Assert.True(cache.Count <= cache.MaxEntries);
            cache.CheckIntegrity();
        }

        var statistics = cache.GetStatistics();
        Assert.Equal(
            statistics.Puts,
            statistics.Entries + statistics.Evicted + statistics.Removed + statistics.Replaced + statistics.Refused);
        Assert.Equal(
            statistics.PutBytes,
            statistics.Bytes + statistics.EvictedBytes + statistics.RemovedBytes + statistics.ReplacedBytes
                + statistics.RefusedBytes);
        Assert.Equal(oracle.Hits, statistics.Hits);
        Assert.Equal(oracle.Misses, statistics.Misses);
        Assert.Equal(statistics.Puts - statistics.Entries, events.Count);
        Assert.Equal(statistics.PutBytes - statistics.Bytes, events.Sum(entry => entry.Weight));
        Assert.Equal(statistics.Replaced, events.Count(entry => entry.Reason == RemovalReason.Replaced));
    }

    private static void Step(
        Random random, BoundedCache<int, Item> cache, LruOracle oracle, List<Reservation> reservations)
    {
        var key = random.Next(Universe);
        switch (random.Next(100))
        {
            case < 45:
                Assert.Equal(oracle.Get(key), cache.TryGet(key, out var found) ? found : null);
                break;
            case < 80:
                var item = new Item(key, random.Next(8) == 0 ? random.Next(200) : random.Next(12));
                Assert.Equal(oracle.Put(item, random.Next(3) == 0 ? "o" : null, out var owner), cache.Put(key, item, owner));
                break;
            case < 86:
                Assert.Equal(oracle.Remove(key), cache.Remove(key));
                break;
            case < 90:
                var weight = random.Next(40);
                Assert.Equal(oracle.Reserve(weight), cache.TryReserve(weight, out var reservation));
                reservations.Add(reservation);
                break;
            case < 95 when reservations.Count > 0:
                Settle(random, key, cache, oracle, reservations);
                break;
            case < 97:
                Assert.Equal(oracle.InvalidateOwner("o"), cache.InvalidateOwner("o"));
                break;
            case < 98:
                oracle.Trim(10);
                cache.Trim(10);
                break;
            case < 99:
                var (bytes, entries) = (random.Next(40, 140), random.Next(3, 20));
                if (oracle.CanResize)
                {
                    oracle.Resize(bytes, entries);
                    cache.Resize(bytes, entries);
                }

                break;
            default:
                Assert.Equal(oracle.Clear(), cache.Clear());
                break;
        }
    }

    private static void Settle(
        Random random, int key, BoundedCache<int, Item> cache, LruOracle oracle, List<Reservation> reservations)
    {
        var at = random.Next(reservations.Count);
        var reservation = reservations[at];
        reservations.RemoveAt(at);
        if (random.Next(2) == 0)
        {
            oracle.Unreserve(reservation.Bytes);
            reservation.Dispose();
            return;
        }

        var item = new Item(key, random.Next(30));
        oracle.Unreserve(reservation.Bytes);
        var outcome = oracle.Put(item, null, out _);
        Assert.Equal(outcome, cache.Put(ref reservation, key, item));
        Assert.Equal(0, reservation.Bytes);
    }
}

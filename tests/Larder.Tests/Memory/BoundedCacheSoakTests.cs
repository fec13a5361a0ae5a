using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Tests.Memory;

/// <summary>Four threads on a small cache in every mix, while a fifth watches the budgets all the time.</summary>
public sealed class BoundedCacheSoakTests(ITestOutputHelper output)
{
    private const int Threads = 4;
    private const int Keys = 600;
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(400);

    public static TheoryData<string, EvictionPolicyKind, int> Mixes()
    {
        var data = new TheoryData<string, EvictionPolicyKind, int>();
        foreach (var mix in (string[])["get", "readthrough", "put", "put remove", "everything"])
        {
            foreach (var policy in Enum.GetValues<EvictionPolicyKind>())
            {
                data.Add(mix, policy, 1);
                data.Add(mix, policy, 4);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Mixes))]
    public void Budgets_and_integrity_hold_under_load(string mix, EvictionPolicyKind policy, int shards)
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        long left = 0;
        long leftBytes = 0;
        var cache = new BoundedCache<long, Checked>(new()
        {
            CapacityBytes = 6000,
            MaxEntries = 200,
            ShardCount = shards,
            Policy = policy,
            Weigher = (_, value) => value.Weight,
            RemovalListener = removed =>
            {
                Interlocked.Add(ref left, removed.Length);
                foreach (var entry in removed)
                {
                    Interlocked.Add(ref leftBytes, entry.Weight);
                }
            },
        });

        RunWatched(cache, (index, random) => Operate(mix, cache, random), seed);

        cache.CheckIntegrity();
        var statistics = cache.GetStatistics();
        Assert.Equal(
            statistics.Puts,
            statistics.Entries + statistics.Evicted + statistics.Removed + statistics.Replaced + statistics.Refused);
        Assert.Equal(statistics.Puts - statistics.Entries, left);
        Assert.Equal(statistics.PutBytes - statistics.Bytes, leftBytes);
        Assert.Equal(0, statistics.ReservedBytes);
        Assert.Equal(0, statistics.ListenerFailures);
        cache.Clear();
        Assert.Equal(0, cache.BookedBytes);
        Assert.Equal(0, cache.Count);
    }

    [Theory]
    [InlineData(EvictionPolicyKind.Frequency)]
    [InlineData(EvictionPolicyKind.Lru)]
    public void Values_of_several_words_are_never_torn(EvictionPolicyKind policy)
    {
        var cache = new BoundedCache<Fingerprint, Wide>(new() { MaxEntries = 64, ShardCount = 2, Policy = policy });
        var keys = Enumerable.Range(0, 128).Select(i => Fingerprint.OfContent([(byte)i])).ToArray();

        RunWatched(cache, (_, random) =>
        {
            var key = keys[random.Next(keys.Length)];
            if (random.Next(3) == 0)
            {
                cache.Put(key, Wide.Of(key, random.NextInt64()));
            }
            else if (cache.TryGet(key, out var value))
            {
                value.Check(key);
            }
        }, Random.Shared.Next());

        cache.CheckIntegrity();
    }

    [Fact]
    public void Keys_that_hold_references_are_never_compared_torn()
    {
        var keys = Enumerable.Range(0, 128).Select(i => new TextPair($"a{i}", $"b{i}")).ToArray();
        var cache = new BoundedCache<TextPair, string>(new() { MaxEntries = 40, ShardCount = 1 });

        RunWatched(cache, (_, random) =>
        {
            var key = keys[random.Next(keys.Length)];
            if (random.Next(3) == 0)
            {
                cache.Put(key, key.First + key.Second);
            }
            else if (cache.TryGet(key, out var value))
            {
                Assert.Equal(key.First + key.Second, value);
            }
        }, Random.Shared.Next());

        cache.CheckIntegrity();
    }

    [Fact]
    public void Counters_are_exact_over_threads_that_have_ended()
    {
        var cache = new BoundedCache<long, string>(new() { MaxEntries = 100 });
        cache.Put(1, "one");
        const int perThread = 50_000;

        for (var round = 0; round < 3; round++)
        {
            var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
            {
                for (var i = 0; i < perThread; i++)
                {
                    cache.TryGet(i & 1, out string? _);
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        var statistics = cache.GetStatistics();
        Assert.Equal(3 * Threads * perThread, statistics.Lookups);
        Assert.Equal(statistics.Hits, statistics.Misses);
    }

    private static void Operate(string mix, BoundedCache<long, Checked> cache, Random random)
    {
        var key = (long)random.Next(Keys) * random.Next(Keys) / Keys;
        var dice = random.Next(100);
        if (mix == "get" ? dice < 95 : mix == "everything" && dice < 40)
        {
            Look(cache, key);
            return;
        }

        if (mix == "readthrough" || (mix == "everything" && dice < 60))
        {
            cache.GetOrAdd(key, random, static (key, random) => Checked.Of(key, random)).Check(key);
            return;
        }

        if (mix is "put remove" or "everything" && dice % 3 == 0)
        {
            Disturb(cache, key, random, mix == "everything");
            return;
        }

        cache.Put(key, Checked.Of(key, random), key % 7 == 0 ? "seven" : null);
    }

    private static void Disturb(BoundedCache<long, Checked> cache, long key, Random random, bool everything)
    {
        switch (everything ? random.Next(40) : 39)
        {
            case 0:
                cache.Clear();
                break;
            case 1:
                cache.InvalidateOwner("seven");
                break;
            case 2:
                cache.Resize(random.Next(3000, 6000), random.Next(100, 200));
                break;
            case 3:
                cache.Trim(random.Next(2000));
                break;
            case < 12 when cache.TryReserve(random.Next(500), out var reservation):
                cache.Put(ref reservation, key, Checked.Of(key, random));
                break;
            case < 16 when cache.TryReserve(random.Next(500), out var unused):
                unused.TryResize(random.Next(600));
                unused.Dispose();
                break;
            case < 20 when cache.TryPeek(key, out var value):
                cache.RemoveExactly(key, value);
                break;
            default:
                cache.Remove(key);
                break;
        }
    }

    private static void Look(BoundedCache<long, Checked> cache, long key)
    {
        if (cache.TryGet(key, out var value))
        {
            value.Check(key);
        }
    }

    private static void RunWatched<TKey, TValue>(
        BoundedCache<TKey, TValue> cache, Action<int, Random> operate, int seed)
        where TKey : notnull
    {
        using var stop = new CancellationTokenSource();
        var failures = new List<Exception>();
        void Guarded(Action body)
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    body();
                }
            }
            catch (Exception exception)
            {
                lock (failures)
                {
                    failures.Add(exception);
                }

                stop.Cancel();
            }
        }

        var threads = Enumerable.Range(0, Threads).Select(index =>
        {
            var random = new Random(seed + index);
            return new Thread(() => Guarded(() => operate(index, random)));
        }).ToList();
        threads.Add(new Thread(() => Guarded(() =>
        {
            // The budgets are read before the limits, which a resize lowers only when it has made room.
            var (booked, count) = (cache.BookedBytes, cache.Count);
            Assert.InRange(booked, 0, Math.Max(cache.CapacityBytes, 6000));
            Assert.InRange(count, 0, Math.Max(cache.MaxEntries, 200));
            var statistics = cache.GetStatistics();
            Assert.True(statistics.Bytes + statistics.ReservedBytes <= Math.Max(statistics.CapacityBytes, 6000));
        })));
        threads.ForEach(thread => thread.Start());
        stop.CancelAfter(Duration);
        threads.ForEach(thread => thread.Join());
        Assert.Empty(failures);
    }

    private sealed record Checked(long Key, long Weight)
    {
        public static Checked Of(long key, Random random) => new(key, random.Next(16) == 0 ? 400 : random.Next(40));

        public void Check(long key) => Assert.Equal(key, Key);
    }

    private readonly record struct TextPair(string First, string Second);

    private readonly record struct Wide(Fingerprint Key, long A, long B, long C, long Sum)
    {
        public static Wide Of(Fingerprint key, long seed) => new(key, seed, seed * 3, seed * 5, seed * 9);

        public void Check(Fingerprint key)
        {
            Assert.Equal(key, Key);
            Assert.Equal(Sum, A + B + C);
        }
    }
}

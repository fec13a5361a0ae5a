using Larder.Symbols;
using Larder.Symbols.Caching;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Symbols.Caching;

/// <summary>What happens at the same time.</summary>
public sealed class SymbolCacheRaceTests
{
    private static readonly ModuleId A = Sample.Module("a");
    private static readonly ModuleId B = Sample.Module("b");

    [Fact]
    public async Task However_many_ask_one_computes_and_nobody_else_is_kept_waiting()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(100));
        var key = new SymbolKey(A, "M:f");
        var gate = new TaskCompletionSource();
        var runs = 0;
        async ValueTask<SymbolData> MakeAsync(SymbolKey key, int state, CancellationToken token)
        {
            Interlocked.Increment(ref runs);
            await gate.Task;
            return Sample.Function(A, "M:f");
        }

        var waiters = Enumerable.Range(0, 32)
            .Select(_ => Task.Run(async () => await cache.Symbols.GetOrComputeAsync(key, 0, MakeAsync))).ToArray();

        // The run stands still; the cache does not.
        var other = Sample.Function(A, "M:other");
        Assert.True(cache.Symbols.Put(other.Key, other));
        Assert.True(cache.Symbols.TryGet(other.Key, out _));
        gate.SetResult();
        var values = await Task.WhenAll(waiters);

        Assert.Equal(1, runs);
        Assert.Single(values.Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public async Task A_failure_reaches_all_and_is_not_kept()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(100));
        var key = new SymbolKey(A, "M:f");

        await Assert.ThrowsAsync<InvalidDataException>(async () =>
            await cache.Symbols.GetOrComputeAsync<int>(key, 0, static (_, _, _) => throw new InvalidDataException()));
        var after = await cache.Symbols.GetOrComputeAsync(key, 0, static (key, _, _) => new ValueTask<SymbolData>(Sample.Function(A, key.Id)));

        Assert.Equal("M:f", after.Key.Id);
    }

    [Fact]
    public async Task What_was_begun_before_an_invalidation_does_not_stay_and_is_not_joined_after()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(100));
        var key = new SymbolKey(A, "M:f");
        var gate = new TaskCompletionSource();
        var older = cache.Symbols.GetOrComputeAsync(key, gate, static async (key, gate, _) =>
        {
            await gate.Task;
            return Sample.Function(A, key.Id) with { Name = "older" };
        }).AsTask();

        cache.InvalidateModule(A);
        var newer = await cache.Symbols.GetOrComputeAsync(
            key, 0, static (key, _, _) => new ValueTask<SymbolData>(Sample.Function(A, key.Id) with { Name = "newer" }));
        gate.SetResult();

        Assert.Equal("older", (await older).Name);
        Assert.Equal("newer", newer.Name);
        Assert.True(cache.Symbols.TryGet(key, out var kept));
        Assert.Equal("newer", kept.Name);
    }

    [Fact]
    public async Task A_removal_and_a_clear_outdate_runs_too()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(100));
        foreach (var act in (Action[])[() => cache.Symbols.Remove(new SymbolKey(A, "M:f")), () => cache.Clear()])
        {
            var gate = new TaskCompletionSource();
            var run = cache.Symbols.GetOrComputeAsync(new SymbolKey(A, "M:f"), gate, static async (key, gate, _) =>
            {
                await gate.Task;
                return Sample.Function(A, key.Id);
            }).AsTask();

            act();
            gate.SetResult();
            await run;

            Assert.False(cache.Symbols.Contains(new SymbolKey(A, "M:f")));
        }
    }

    [Fact]
    public async Task One_waiter_that_gives_up_leaves_the_others_alone_and_the_last_ends_the_run()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(100));
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var ended = new TaskCompletionSource();
        ValueTask<SymbolData> AskAsync(CancellationToken token) => cache.Symbols.GetOrComputeAsync(new SymbolKey(A, "M:f"), ended, static async (key, ended, abandoned) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, abandoned);
            }
            finally
            {
                ended.SetResult();
            }

            return Sample.Function(A, key.Id);
        }, token);

        var one = AskAsync(first.Token).AsTask();
        var two = AskAsync(second.Token).AsTask();
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        Assert.False(ended.Task.IsCompleted);
        await second.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => two);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Prefetching_is_bounded_fills_what_is_missing_and_tells_what_failed()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(1000));
        var keys = Enumerable.Range(0, 200).Select(static i => new SymbolKey(A, $"M:{i}")).ToArray();
        cache.Symbols.Put(keys[0], Sample.Function(A, "M:0"));
        int now = 0, most = 0;
        async ValueTask<SymbolData> MakeAsync(SymbolKey key, int state, CancellationToken token)
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await Task.Yield();
            Interlocked.Decrement(ref now);
            return key.Id == "M:13" ? throw new InvalidDataException() : Sample.Function(A, key.Id);
        }

        var failure = await Assert.ThrowsAsync<AggregateException>(() => cache.Symbols.PrefetchAsync(keys, 0, MakeAsync, parallelism: 3));

        Assert.Single(failure.InnerExceptions);
        Assert.InRange(most, 1, 3);
        Assert.Equal(199, cache.Symbols.Count);
        Assert.Equal(0, await cache.Symbols.PrefetchAsync(keys.Where(static key => key.Id != "M:13"), 0, MakeAsync, parallelism: 3));
    }

    [Fact]
    public async Task Invalidating_while_prefetching_leaves_nothing_of_before()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(10_000));
        var keys = Enumerable.Range(0, 300).Select(static i => new SymbolKey(A, $"M:{i}")).ToArray();
        var others = Enumerable.Range(0, 50).Select(static i => new SymbolKey(B, $"M:{i}")).ToArray();
        cache.Symbols.PutMany(others.Select(static key => KeyValuePair.Create(key, Sample.Function(B, key.Id))));
        var generation = 0;
        for (var round = 0; round < 30; round++)
        {
            async ValueTask<SymbolData> MakeAsync(SymbolKey key, int state, CancellationToken token)
            {
                var read = Volatile.Read(ref generation);
                await Task.Yield();
                return Sample.Function(A, key.Id) with { Token = read };
            }

            var prefetch = cache.Symbols.PrefetchAsync(keys, 0, MakeAsync, parallelism: 8);
            await Task.Yield();
            Volatile.Write(ref generation, round + 1);
            cache.InvalidateModule(A);
            await prefetch;

            // What is there was made after the module changed.
            foreach (var key in keys)
            {
                Assert.True(!cache.Symbols.TryGet(key, out var symbol) || symbol.Token == round + 1, $"{key.Id} of before stayed in round {round}.");
            }
        }

        cache.CheckIntegrity();
        Assert.All(others, key => Assert.True(cache.Symbols.Contains(key)));
    }

    [Fact]
    public async Task Everything_at_once_keeps_the_caches_whole_and_within_their_limits()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(500) with { MemoryLimitBytes = 256 * 1024 });
        var modules = Enumerable.Range(0, 4).Select(static i => Sample.Module($"m{i}")).ToArray();
        var seed = Random.Shared.Next();
        await Parallel.ForAsync(0, 8, async (worker, token) =>
        {
            var random = new Random(seed + worker);
            for (var i = 0; i < 3000; i++)
            {
                var module = modules[random.Next(modules.Length)];
                var key = new SymbolKey(module, $"M:{random.Next(400)}");
                switch (random.Next(12))
                {
                    case 0:
                        cache.InvalidateModule(module);
                        break;
                    case 1:
                        cache.Symbols.Remove(key);
                        break;
                    case 2:
                        cache.Resize(random.Next(100, 500));
                        break;
                    case 3 when random.Next(50) == 0:
                        cache.Clear();
                        break;
                    case 4:
                        cache.Trim(1000);
                        break;
                    case 5 or 6:
                        cache.Symbols.Put(key, Sample.Function(module, key.Id));
                        break;
                    default:
                        var got = await cache.Symbols.GetOrComputeAsync(
                            key, 0, static (key, _, _) => new ValueTask<SymbolData>(Sample.Function(key.Module, key.Id)), token);
                        Assert.Equal(key, got.Key);
                        break;
                }

                Assert.InRange(cache.EstimateMemoryUsage(), 0, 256 * 1024);
            }
        });

        cache.CheckIntegrity();
    }

    private static void InterlockedMax(ref int place, int value)
    {
        for (var seen = Volatile.Read(ref place); seen < value;)
        {
            seen = Interlocked.CompareExchange(ref place, value, seen) is var found && found == seen ? value : found;
        }
    }
}

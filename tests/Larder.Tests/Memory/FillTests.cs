using Larder.Cache.Memory;

namespace Larder.Tests.Memory;

public sealed class FillTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task One_factory_runs_however_many_wait()
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 10 });
        var gate = new TaskCompletionSource();
        var runs = 0;

        var waiters = Enumerable.Range(0, 50).Select(_ => cache.GetOrAddAsync(1, 0, async (_, _, _) =>
        {
            Interlocked.Increment(ref runs);
            await gate.Task;
            return "made";
        }).AsTask()).ToList();
        gate.SetResult();
        var values = await Task.WhenAll(waiters).WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.All(values, value => Assert.Equal("made", value));
        Assert.Equal(1, runs);
        Assert.True(cache.TryGet(1, out _));
    }

    [Fact]
    public async Task One_waiters_cancellation_leaves_the_others_alone()
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 10 });
        var gate = new TaskCompletionSource();
        using var impatient = new CancellationTokenSource();
        CancellationToken seen = default;
        Func<int, int, CancellationToken, ValueTask<string>> factory = async (_, _, token) =>
        {
            seen = token;
            await gate.Task;
            return "made";
        };
        var first = cache.GetOrAddAsync(1, 0, factory, impatient.Token).AsTask();
        var second = cache.GetOrAddAsync(1, 0, factory, CancellationToken.None).AsTask();

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(seen.IsCancellationRequested);
        gate.SetResult();

        Assert.Equal("made", await second.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task When_the_last_waiter_leaves_the_factory_is_cancelled_and_the_next_caller_starts_anew()
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 10 });
        using var impatient = new CancellationTokenSource();
        var cancelled = new TaskCompletionSource();
        var first = cache.GetOrAddAsync(1, 0, async (_, _, token) =>
        {
            token.Register(cancelled.SetResult);
            await cancelled.Task;
            await Task.Yield();
            return "too late";
        }, impatient.Token).AsTask();

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await cancelled.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        var second = await cache.GetOrAddAsync(1, 0, (_, _, _) => new ValueTask<string>("anew"), TestContext.Current.CancellationToken);

        Assert.Contains(second, (string[])["anew", "too late"]);
    }

    [Fact]
    public async Task A_failure_reaches_every_waiter_and_is_not_stored()
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 10 });
        var gate = new TaskCompletionSource();
        var waiters = Enumerable.Range(0, 8).Select(_ => cache.GetOrAddAsync(1, 0, async (_, _, _) =>
        {
            await gate.Task;
            throw new TimeZoneNotFoundException();
        }).AsTask()).ToList();
        gate.SetResult();

        foreach (var waiter in waiters)
        {
            await Assert.ThrowsAsync<TimeZoneNotFoundException>(() => waiter.WaitAsync(Patience));
        }

        Assert.False(cache.Contains(1));
        Assert.Equal("made", await cache.GetOrAddAsync(1, 0, (_, _, _) => new ValueTask<string>("made"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_removal_during_a_fill_keeps_its_value_out(bool clear)
    {
        var cache = new BoundedCache<int, string>(new() { MaxEntries = 10 });
        var gate = new TaskCompletionSource();
        var waiter = cache.GetOrAddAsync(1, 0, async (_, _, _) =>
        {
            await gate.Task;
            return "stale";
        }).AsTask();

        if (clear)
        {
            cache.Clear();
        }
        else
        {
            cache.Remove(1);
        }

        gate.SetResult();
        Assert.Equal("stale", await waiter.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.False(cache.Contains(1));
    }

    [Fact]
    public async Task Prefetch_fills_what_is_missing_within_its_parallelism()
    {
        var cache = new BoundedCache<int, int>(new() { MaxEntries = 100 });
        cache.Put(3, -3);
        var (running, most) = (0, 0);

        var filled = await cache.PrefetchAsync(Enumerable.Range(0, 40), 0, async (key, _, token) =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await Task.Delay(1, token);
            Interlocked.Decrement(ref running);
            return key;
        }, parallelism: 3, TestContext.Current.CancellationToken);

        Assert.Equal(39, filled);
        Assert.InRange(most, 1, 3);
        Assert.Equal(40, cache.Count);
        Assert.True(cache.TryPeek(3, out var kept));
        Assert.Equal(-3, kept);
    }

    [Fact]
    public async Task Prefetch_goes_on_after_failures_and_reports_them()
    {
        var cache = new BoundedCache<int, int>(new() { MaxEntries = 100 });

        var exception = await Assert.ThrowsAsync<AggregateException>(() => cache.PrefetchAsync(
            Enumerable.Range(0, 10), 0, (key, _, _) => key == 4 ? throw new TimeZoneNotFoundException() : new ValueTask<int>(key), 2, TestContext.Current.CancellationToken));

        Assert.IsType<TimeZoneNotFoundException>(Assert.Single(exception.InnerExceptions));
        Assert.Equal(9, cache.Count);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}

using Larder.Handlers.Pooling;
using Larder.Tests.Support;

namespace Larder.Tests.Handlers.Pooling;

public sealed class InstancePoolWaitingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Real = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly ThingFactory _factory = new();

    [Fact]
    public async Task Who_waits_too_long_is_told()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        var holder = await pool.AcquireAsync("t", null, Patience);

        var waiting = pool.AcquireAsync("t", null, Patience).AsTask();
        _time.Advance(Patience - TimeSpan.FromTicks(1));
        var early = waiting.IsCompleted;
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.False(early);
        Assert.Equal(AcquireOutcome.TimedOut, (await waiting.WaitAsync(Real)).Outcome);
        Assert.Equal((1L, 0, Patience), (pool.GetStatistics().TimedOut, pool.GetStatistics().Waiting, pool.GetStatistics().WaitTime));
        pool.Release(holder, InstanceVerdict.Reuse);
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task Who_is_one_too_many_is_refused_at_once()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, MaxWaiting = 2, TenantMaxWaiting = 2 });
        var holder = await pool.AcquireAsync("t", null, Patience);
        var waiting = Enumerable.Range(0, 2).Select(_ => pool.AcquireAsync("t", null, Patience).AsTask()).ToArray();

        var refused = pool.AcquireAsync("u", null, Patience);

        Assert.True(refused.IsCompleted);
        Assert.Equal(AcquireOutcome.QueueFull, (await refused).Outcome);
        pool.Release(holder, InstanceVerdict.Reuse);
        foreach (var one in waiting)
        {
            pool.Release(await one.WaitAsync(Real), InstanceVerdict.Reuse);
        }
    }

    [Fact]
    public async Task One_tenant_cannot_fill_the_queue()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, MaxWaiting = 4 });
        var holder = await pool.AcquireAsync("greedy", null, Patience);
        var greedy = Enumerable.Range(0, 4).Select(_ => pool.AcquireAsync("greedy", null, Patience).AsTask()).ToArray();

        var modest = pool.AcquireAsync("modest", null, Patience).AsTask();

        Assert.Equal(2, greedy.Count(static one => one.IsCompleted));
        Assert.False(modest.IsCompleted);

        // Found before the release, with which one of them may have ended already.
        Task<InstanceLease<PooledThing>>[] waiting = [.. greedy.Where(static one => !one.IsCompleted), modest];
        pool.Release(holder, InstanceVerdict.Discard);
        await DrainAsync(pool, waiting);
    }

    [Fact]
    public async Task Tenants_take_turns_and_each_is_served_in_order()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, MaxWaiting = 100 });
        var holder = await pool.AcquireAsync("a", null, Patience);
        var served = new List<string>();
        var calls = new List<Task>();
        foreach (var name in (string[])["a1", "a2", "a3", "a4", "b1", "b2", "c1"])
        {
            calls.Add(CallAsync(name, pool.AcquireAsync(name[..1], null, Patience)));
        }

        pool.Release(holder, InstanceVerdict.Reuse);
        await Task.WhenAll(calls).WaitAsync(Real);

        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3", "a4"], served);

        async Task CallAsync(string name, ValueTask<InstanceLease<PooledThing>> waiting)
        {
            var lease = await waiting;
            served.Add(name);
            pool.Release(lease, InstanceVerdict.Reuse);
        }
    }

    [Fact]
    public async Task A_tenant_gets_no_more_than_its_share_while_another_waits()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 4, TenantShare = 0.5 });
        var greedy = new List<InstanceLease<PooledThing>>();
        for (var count = 0; count < 4; count++)
        {
            greedy.Add(await pool.AcquireAsync("greedy", null, Patience));
        }

        var more = Enumerable.Range(0, 4).Select(_ => pool.AcquireAsync("greedy", null, Patience).AsTask()).ToArray();
        var modest = Enumerable.Range(0, 2).Select(_ => pool.AcquireAsync("modest", null, Patience).AsTask()).ToArray();
        pool.Release(greedy[0], InstanceVerdict.Reuse);
        pool.Release(greedy[1], InstanceVerdict.Reuse);

        // The greedy one holds two: its share. What comes free is the other's until that waits no more.
        var leases = await Task.WhenAll(modest).WaitAsync(Real);
        Assert.DoesNotContain(more, static one => one.IsCompleted);
        pool.Release(greedy[2], InstanceVerdict.Reuse);
        Assert.True((await more[0].WaitAsync(Real)).IsAcquired);

        pool.Release(greedy[3], InstanceVerdict.Reuse);
        pool.Release(leases[0], InstanceVerdict.Reuse);
        pool.Release(leases[1], InstanceVerdict.Reuse);
        await DrainAsync(pool, more);
    }

    [Fact]
    public async Task A_tenant_at_its_limit_waits_while_others_are_served()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 4, TenantMaxInstances = 2 });
        var first = await pool.AcquireAsync("t", null, Patience);
        var second = await pool.AcquireAsync("t", null, Patience);

        var third = pool.AcquireAsync("t", null, Patience).AsTask();
        var other = pool.AcquireAsync("u", null, Patience);

        Assert.False(third.IsCompleted);
        Assert.True(other.IsCompletedSuccessfully);
        pool.Release(first, InstanceVerdict.Reuse);
        pool.Release(await third.WaitAsync(Real), InstanceVerdict.Reuse);
        pool.Release(second, InstanceVerdict.Reuse);
        pool.Release(await other, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task A_newcomer_does_not_overtake()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        var holder = await pool.AcquireAsync("a", null, Patience);
        var first = pool.AcquireAsync("b", null, Patience).AsTask();

        pool.Release(holder, InstanceVerdict.Reuse);
        var newcomer = await pool.AcquireAsync("c", null, TimeSpan.Zero);

        Assert.Equal(AcquireOutcome.TimedOut, newcomer.Outcome);
        pool.Release(await first.WaitAsync(Real), InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task Who_gives_up_before_the_call_or_in_the_queue_or_during_creation_is_gone()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, MinInstances = 0 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await pool.AcquireAsync("t", null, Patience, new CancellationToken(canceled: true)));

        _factory.IsHeld = true;
        using var making = new CancellationTokenSource();
        var made = pool.AcquireAsync("t", null, Patience, making.Token).AsTask();
        using var queued = new CancellationTokenSource();
        var waits = pool.AcquireAsync("t", null, Patience, queued.Token).AsTask();
        var stays = pool.AcquireAsync("t", null, Patience).AsTask();
        await queued.CancelAsync();
        await making.CancelAsync();
        _factory.Next();
        _factory.Next().SetResult(_factory.Make(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => made);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        pool.Release(await stays.WaitAsync(Real), InstanceVerdict.Reuse);
        var figures = pool.GetStatistics();
        Assert.Equal((2L, 1L, 0L, 0), (figures.Canceled, figures.Acquired, figures.CreationFailures, figures.Making));
        Assert.Equal(figures.Requests, figures.Answered);
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task Who_gives_up_after_it_was_granted_has_the_instance()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        var holder = await pool.AcquireAsync("t", null, Patience);
        using var cancel = new CancellationTokenSource();
        var waiting = pool.AcquireAsync("t", null, Patience, cancel.Token).AsTask();

        pool.Release(holder, InstanceVerdict.Reuse);
        await cancel.CancelAsync();
        _time.Advance(Patience);

        pool.Release(await waiting.WaitAsync(Real), InstanceVerdict.Reuse);
        Assert.Equal((0L, 0L), (pool.GetStatistics().Canceled, pool.GetStatistics().TimedOut));
    }

    [Fact]
    public async Task Those_who_wait_go_on_when_creation_works_again()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 2, MinInstances = 0, CreationBackoff = TimeSpan.FromSeconds(1) });
        var first = await pool.AcquireAsync("t", null, Patience);
        _factory.Failure = new IOException("not now");
        var failed = await pool.AcquireAsync("t", null, Patience);

        var waiting = pool.AcquireAsync("t", null, Patience).AsTask();
        _factory.Failure = null;
        var during = waiting.IsCompleted;
        _time.Advance(TimeSpan.FromSeconds(1.5));

        Assert.Equal(AcquireOutcome.CreationFailed, failed.Outcome);
        Assert.False(during);
        pool.Release(await waiting.WaitAsync(Real), InstanceVerdict.Reuse);
        pool.Release(first, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task A_discarded_instance_makes_room_for_who_waits()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        var holder = await pool.AcquireAsync("t", null, Patience);
        var waiting = pool.AcquireAsync("t", null, Patience).AsTask();

        pool.Release(holder, InstanceVerdict.Discard);

        var lease = await waiting.WaitAsync(Real);
        Assert.NotEqual(holder.Id, lease.Id);
        pool.Release(lease, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task Names_of_tenants_do_not_add_up()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        for (var call = 0; call < 10_000; call++)
        {
            pool.Release(await pool.AcquireAsync($"tenant {call}", null, Patience), InstanceVerdict.Reuse);
        }

        // It asks that tenants which have nothing are forgotten.
        pool.CheckIntegrity();
    }

    private static Task DrainAsync(InstancePool<PooledThing> pool, IEnumerable<Task<InstanceLease<PooledThing>>> waiting) =>
        Task.WhenAll(waiting.Select(async one =>
        {
            if (await one.WaitAsync(Real) is { IsAcquired: true } lease)
            {
                pool.Release(lease, InstanceVerdict.Reuse);
            }
        }));

    // A test that fails leaves leases behind, for which the end of its pool must not wait on a clock that stands still.
    private InstancePool<PooledThing> NewPool(InstancePoolOptions options) =>
        new(options with { ShutdownTimeout = TimeSpan.Zero }, _factory.Lifecycle, _time);
}

using Larder.Handlers.Pooling;
using Larder.Tests.Support;

namespace Larder.Tests.Handlers.Pooling;

public sealed class InstancePoolSuspensionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Real = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly ThingFactory _factory = new();

    [Fact]
    public async Task A_suspended_instance_comes_back_as_it_was_and_gives_its_place_meanwhile()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        var lease = await pool.AcquireAsync("t", null, Patience);
        lease.Instance.Secret = "in the middle";
        var id = Guid.NewGuid();

        Assert.True(pool.TrySuspend(lease, id));
        var other = await pool.AcquireAsync("u", null, TimeSpan.Zero);
        var during = pool.GetStatistics();
        pool.Release(other, InstanceVerdict.Reuse);
        var resumed = await pool.ResumeAsync(id, Patience);

        Assert.True(other.IsAcquired);
        Assert.Equal((1, 1), (during.Active, during.Suspended));
        Assert.Equal((lease.Id, "in the middle"), (resumed.Id, resumed.Instance.Secret));
        pool.Release(resumed, InstanceVerdict.Reuse);
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task A_resumed_instance_needs_a_place_like_any_other()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        var id = Guid.NewGuid();
        Assert.True(pool.TrySuspend(await pool.AcquireAsync("t", null, Patience), id));
        var holder = await pool.AcquireAsync("u", null, Patience);

        var resumed = pool.ResumeAsync(id, Patience).AsTask();
        var waits = !resumed.IsCompleted;
        var active = pool.GetStatistics().Active;
        pool.Release(holder, InstanceVerdict.Reuse);

        Assert.True(waits);
        Assert.Equal(1, active);
        pool.Release(await resumed.WaitAsync(Real), InstanceVerdict.Reuse);
        Assert.Equal(1, pool.GetStatistics().PeakActive);
    }

    [Fact]
    public async Task What_is_resumed_comes_before_new_calls()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1 });
        var id = Guid.NewGuid();
        Assert.True(pool.TrySuspend(await pool.AcquireAsync("t", null, Patience), id));
        var holder = await pool.AcquireAsync("u", null, Patience);
        var call = pool.AcquireAsync("u", null, Patience).AsTask();
        var resumed = pool.ResumeAsync(id, Patience).AsTask();

        pool.Release(holder, InstanceVerdict.Reuse);
        var lease = await resumed.WaitAsync(Real);

        Assert.False(call.IsCompleted);
        pool.Release(lease, InstanceVerdict.Reuse);
        pool.Release(await call.WaitAsync(Real), InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task A_tenant_that_resumes_much_leaves_others_their_share()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 4, MaxSuspended = 100, TenantShare = 0.5 });
        var ids = new List<Guid>();
        for (var count = 0; count < 8; count++)
        {
            ids.Add(Guid.NewGuid());
            Assert.True(pool.TrySuspend(await pool.AcquireAsync("greedy", null, Patience), ids[^1]));
        }

        var resumed = ids.Select(id => pool.ResumeAsync(id, Patience).AsTask()).ToArray();
        var modest = pool.AcquireAsync("modest", null, Patience).AsTask();
        var first = await Task.WhenAll(resumed[..4]).WaitAsync(Real);
        pool.Release(first[0], InstanceVerdict.Discard);
        pool.Release(first[1], InstanceVerdict.Discard);
        pool.Release(first[2], InstanceVerdict.Discard);

        // At the first release the greedy tenant holds three, more than its share, so the other is next. Then it is alone again.
        var lease = await modest.WaitAsync(Real);
        await resumed[5].WaitAsync(Real);
        Assert.Equal([true, true, false, false], resumed[4..].Select(static one => one.IsCompleted));
        pool.Release(lease, InstanceVerdict.Reuse);
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task One_of_two_gets_it()
    {
        await using var pool = NewPool(new InstancePoolOptions());
        var id = Guid.NewGuid();
        Assert.True(pool.TrySuspend(await pool.AcquireAsync("t", null, Patience), id));

        var first = await pool.ResumeAsync(id, Patience);
        var second = await pool.ResumeAsync(id, Patience);

        Assert.True(first.IsAcquired);
        Assert.Equal(AcquireOutcome.NotSuspended, second.Outcome);
        pool.Release(first, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task It_can_be_suspended_again_and_again()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, MaxUses = 1 });
        var lease = await pool.AcquireAsync("t", null, Patience);
        var thing = lease.Instance;
        for (var round = 0; round < 5; round++)
        {
            var id = Guid.NewGuid();
            Assert.True(pool.TrySuspend(lease, id));
            lease = await pool.ResumeAsync(id, Patience);
            Assert.Same(thing, lease.Instance);
        }

        pool.Release(lease, InstanceVerdict.Reuse);
        Assert.Equal((5L, 5L, 1L), (pool.GetStatistics().Suspensions, pool.GetStatistics().Resumed, pool.GetStatistics().Retired));
    }

    [Fact]
    public async Task What_is_not_resumed_in_time_is_destroyed()
    {
        await using var pool = NewPool(new InstancePoolOptions { SuspensionTimeout = TimeSpan.FromSeconds(5) });
        var id = Guid.NewGuid();
        var lease = await pool.AcquireAsync("t", null, Patience);
        Assert.True(pool.TrySuspend(lease, id));

        _time.Advance(TimeSpan.FromSeconds(4.999));
        var before = pool.GetStatistics().Suspended;
        _time.Advance(TimeSpan.FromSeconds(0.001));
        var late = await pool.ResumeAsync(id, Patience);

        Assert.Equal(1, before);
        Assert.Equal(AcquireOutcome.NotSuspended, late.Outcome);
        Assert.Equal(1, lease.Entry!.Instance.Ends);
        Assert.Equal((0, 1L), (pool.GetStatistics().Suspended, pool.GetStatistics().Expired));
    }

    [Fact]
    public async Task Who_waits_too_long_or_gives_up_leaves_it_suspended()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, SuspensionTimeout = TimeSpan.FromMinutes(1) });
        var id = Guid.NewGuid();
        Assert.True(pool.TrySuspend(await pool.AcquireAsync("t", null, Patience), id));
        var holder = await pool.AcquireAsync("t", null, Patience);

        var late = pool.ResumeAsync(id, Patience).AsTask();
        _time.Advance(Patience);
        Assert.Equal(AcquireOutcome.TimedOut, (await late.WaitAsync(Real)).Outcome);
        Assert.Equal(AcquireOutcome.TimedOut, (await pool.ResumeAsync(id, TimeSpan.Zero)).Outcome);
        using var cancel = new CancellationTokenSource();
        var given = pool.ResumeAsync(id, Patience, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);

        pool.Release(holder, InstanceVerdict.Reuse);
        var resumed = await pool.ResumeAsync(id, Patience);
        Assert.True(resumed.IsAcquired);
        pool.Release(resumed, InstanceVerdict.Reuse);
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task One_that_expired_while_its_caller_waited_is_gone_when_that_gives_up()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, SuspensionTimeout = TimeSpan.FromSeconds(5) });
        var id = Guid.NewGuid();
        var lease = await pool.AcquireAsync("t", null, Patience);
        Assert.True(pool.TrySuspend(lease, id));
        var holder = await pool.AcquireAsync("t", null, Patience);

        var late = pool.ResumeAsync(id, Patience).AsTask();
        _time.Advance(TimeSpan.FromSeconds(8));
        var during = lease.Entry!.Instance.Ends;
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(AcquireOutcome.TimedOut, (await late.WaitAsync(Real)).Outcome);
        Assert.Equal(0, during);
        Assert.Equal(1, lease.Entry.Instance.Ends);
        pool.Release(holder, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task There_is_a_bound_for_all_and_for_each_tenant()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxSuspended = 4 });
        var leases = new List<InstanceLease<PooledThing>>();
        foreach (var tenant in (string[])["greedy", "greedy", "greedy", "modest", "modest", "third"])
        {
            leases.Add(await pool.AcquireAsync(tenant, null, Patience));
        }

        var suspended = leases.Select(lease => pool.TrySuspend(lease, Guid.NewGuid())).ToArray();

        Assert.Equal([true, true, false, true, true, false], suspended);
        Assert.Equal((2L, 4, 2), (pool.GetStatistics().SuspensionsRefused, pool.GetStatistics().Suspended, pool.GetStatistics().Active));
        pool.Release(leases[2], InstanceVerdict.Discard);
        pool.Release(leases[5], InstanceVerdict.Discard);
    }

    [Fact]
    public async Task Their_bytes_are_bounded()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxSuspendedBytes = 250, TenantMaxSuspended = 10 });
        _factory.Bytes = 100;
        var leases = new List<InstanceLease<PooledThing>>();
        for (var count = 0; count < 3; count++)
        {
            leases.Add(await pool.AcquireAsync("t", null, Patience));
        }

        Assert.True(pool.TrySuspend(leases[0], Guid.NewGuid()));
        Assert.True(pool.TrySuspend(leases[1], Guid.NewGuid()));
        Assert.False(pool.TrySuspend(leases[2], Guid.NewGuid()));
        Assert.Equal((200L, 300L), (pool.GetStatistics().SuspendedBytes, pool.GetStatistics().Bytes));
        pool.Release(leases[2], InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task An_idle_instance_makes_room_for_a_resumed_one()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 2, ResetMode = InstanceResetMode.OnRelease });
        var id = Guid.NewGuid();
        Assert.True(pool.TrySuspend(await pool.AcquireAsync("t", null, Patience), id));
        var first = await pool.AcquireAsync("t", null, Patience);
        var second = await pool.AcquireAsync("t", null, Patience);
        pool.Release(first, InstanceVerdict.Reuse);
        pool.Release(second, InstanceVerdict.Reuse);

        var resumed = await pool.ResumeAsync(id, TimeSpan.Zero);

        Assert.True(resumed.IsAcquired);
        Assert.Equal((1, 1, 1L), (pool.GetStatistics().Idle, pool.GetStatistics().Active, pool.GetStatistics().Evicted));
        Assert.Equal(1, first.Entry!.Instance.Ends);
        pool.Release(resumed, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task One_can_be_called_off()
    {
        await using var pool = NewPool(new InstancePoolOptions());
        var id = Guid.NewGuid();
        var lease = await pool.AcquireAsync("t", null, Patience);
        Assert.True(pool.TrySuspend(lease, id));

        Assert.True(pool.TryDrop(id));
        Assert.False(pool.TryDrop(id));

        Assert.Equal(1, lease.Entry!.Instance.Ends);
        Assert.Equal((0, 1L), (pool.GetStatistics().Suspended, pool.GetStatistics().Dropped));
    }

    [Fact]
    public async Task Expiry_and_resumption_at_once_give_it_to_one()
    {
        // The expiry runs on this thread's clock while others resume: each instance has one fate.
        await using var pool = NewPool(new InstancePoolOptions
        {
            MaxInstances = 4, MaxSuspended = 1000, TenantMaxSuspended = 1000, SuspensionTimeout = TimeSpan.FromMilliseconds(50), MaintenanceInterval = TimeSpan.FromMilliseconds(10),
        });
        for (var round = 0; round < 50; round++)
        {
            var ids = new List<Guid>();
            for (var count = 0; count < 20; count++)
            {
                var lease = await pool.AcquireAsync("t", null, Patience);
                lease.Instance.Secret = "kept";
                var id = Guid.NewGuid();
                Assert.True(pool.TrySuspend(lease, id));
                ids.Add(id);
            }

            var resuming = ids.Select(id => Task.Run(async () =>
            {
                var lease = await pool.ResumeAsync(id, Timeout.InfiniteTimeSpan);
                if (lease.IsAcquired)
                {
                    Assert.Equal("kept", lease.Instance.Secret);
                    lease.Instance.Enter(resumed: true);
                    lease.Instance.Leave();
                    pool.Release(lease, InstanceVerdict.Reuse);
                }
            })).ToArray();
            _time.Advance(TimeSpan.FromMilliseconds(60));
            await Task.WhenAll(resuming).WaitAsync(Real);
        }

        pool.CheckIntegrity();
        var figures = pool.GetStatistics();
        Assert.Equal(1000, figures.Suspensions);
        Assert.Equal((1000L, 0), (figures.Resumed + figures.Expired, figures.Suspended));
        Assert.Equal(figures.NotSuspended, figures.Expired);
    }

    // A test that fails leaves leases behind, for which the end of its pool must not wait on a clock that stands still.
    private InstancePool<PooledThing> NewPool(InstancePoolOptions options) =>
        new(options with { ShutdownTimeout = TimeSpan.Zero }, _factory.Lifecycle, _time);
}

using Larder.Handlers.Pooling;
using Larder.Tests.Support;

namespace Larder.Tests.Handlers.Pooling;

public sealed class InstancePoolTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly ThingFactory _factory = new();

    [Fact]
    public void Zero_instances_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NewPool(new InstancePoolOptions { MaxInstances = 0, MinInstances = 0 }));

    [Fact]
    public void More_at_least_than_at_most_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NewPool(new InstancePoolOptions { MaxInstances = 2, MinInstances = 3 }));

    [Fact]
    public async Task Acquired_is_active_and_released_is_available()
    {
        await using var pool = NewPool(new InstancePoolOptions());

        var lease = await pool.AcquireAsync("t", null, Patience);
        var during = pool.GetStatistics();
        pool.Release(lease, InstanceVerdict.Reuse);
        var after = pool.GetStatistics();

        Assert.Equal((1, 0), (during.Active, during.Idle));
        Assert.Equal((0, 1), (after.Active, after.Idle));
    }

    [Theory]
    [InlineData(InstanceResetMode.OnAcquire, false)]
    [InlineData(InstanceResetMode.OnRelease, false)]
    [InlineData(InstanceResetMode.Background, false)]
    [InlineData(InstanceResetMode.OnAcquire, true)]
    [InlineData(InstanceResetMode.OnRelease, true)]
    [InlineData(InstanceResetMode.Background, true)]
    public async Task Released_and_acquired_again_is_the_same_instance(InstanceResetMode mode, bool isLater)
    {
        await using var pool = NewPool(new InstancePoolOptions { ResetMode = mode, MaxInstances = 1 });

        var first = await pool.AcquireAsync("t", null, Patience);
        first.Instance.Secret = "of the first";
        pool.Release(first, isLater ? InstanceVerdict.ReuseLater : InstanceVerdict.Reuse);
        var second = await pool.AcquireAsync("u", null, Patience);

        Assert.Equal(first.Id, second.Id);
        Assert.Null(second.Instance.Secret);
        pool.Release(second, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task Three_at_once_are_three()
    {
        await using var pool = NewPool(new InstancePoolOptions());

        var leases = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => pool.AcquireAsync("t", null, Patience).AsTask()));

        Assert.Equal(3, leases.Select(static lease => lease.Id).Distinct().Count());
        Assert.Equal(3, pool.GetStatistics().Active);
        Assert.Equal(3, pool.GetStatistics().Created);
        ReleaseAll(pool, leases);
    }

    [Fact]
    public async Task After_the_end_there_is_none()
    {
        var pool = NewPool(new InstancePoolOptions());
        await pool.DisposeAsync();

        var lease = await pool.AcquireAsync("t", null, Patience);

        Assert.Equal(AcquireOutcome.ShuttingDown, lease.Outcome);
        Assert.Throws<InvalidOperationException>(() => lease.Instance);
    }

    [Fact]
    public async Task Warming_makes_the_least_number()
    {
        await using var pool = NewPool(new InstancePoolOptions { MinInstances = 3 });

        await pool.WarmAsync();

        Assert.Equal((3, 3L), (pool.GetStatistics().Idle, pool.GetStatistics().Created));
    }

    [Fact]
    public async Task A_failure_only_stops_the_warming()
    {
        _factory.Failure = new IOException("no module");
        await using var pool = NewPool(new InstancePoolOptions { MinInstances = 3 });

        await pool.WarmAsync();
        var failed = pool.GetStatistics();
        _factory.Failure = null;
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal((0, 1L), (failed.Idle, failed.CreationFailures));
        Assert.True(SpinWait.SpinUntil(() => pool.GetStatistics().Idle == 3, Patience), "maintenance warms again");
    }

    [Fact]
    public async Task The_last_released_comes_first()
    {
        await using var pool = NewPool(new InstancePoolOptions { ResetMode = InstanceResetMode.OnRelease });
        var leases = await AcquireAsync(pool, 3);
        pool.Release(leases[1], InstanceVerdict.Reuse);
        pool.Release(leases[2], InstanceVerdict.Reuse);
        pool.Release(leases[0], InstanceVerdict.Reuse);

        var again = await AcquireAsync(pool, 3);

        Assert.Equal([leases[0].Id, leases[2].Id, leases[1].Id], again.Select(static lease => lease.Id));
        ReleaseAll(pool, again);
    }

    [Fact]
    public async Task The_one_prepared_for_the_same_comes_before_the_last_released()
    {
        await using var pool = NewPool(new InstancePoolOptions { ResetMode = InstanceResetMode.OnRelease });
        object cat = "cat", dog = "dog";
        var leases = await AcquireAsync(pool, 2);
        Prepare(leases[0], cat);
        Prepare(leases[1], dog);
        ReleaseAll(pool, leases);

        var lease = await pool.AcquireAsync("t", cat, Patience);
        var other = await pool.AcquireAsync("t", "bird", Patience);

        Assert.Equal((leases[0].Id, cat), (lease.Id, lease.Affinity));
        Assert.Equal((leases[1].Id, dog), (other.Id, other.Affinity));
        Assert.Equal(1, pool.GetStatistics().AffinityHits);
        ReleaseAll(pool, [lease, other]);
    }

    [Fact]
    public async Task One_that_is_not_reset_yet_is_prepared_for_who_takes_it()
    {
        await using var pool = NewPool(new InstancePoolOptions { ResetMode = InstanceResetMode.OnAcquire });
        var first = await pool.AcquireAsync("t", null, Patience);
        pool.Release(first, InstanceVerdict.Reuse);

        var second = await pool.AcquireAsync("t", "cat", Patience);

        Assert.Equal("cat", second.Affinity);
        pool.Release(second, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task What_cannot_be_reset_is_replaced_for_its_next_caller()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxInstances = 1, ResetMode = InstanceResetMode.OnAcquire });
        var first = await pool.AcquireAsync("t", null, Patience);
        first.Instance.FailsToReset = true;
        pool.Release(first, InstanceVerdict.Reuse);

        var second = await pool.AcquireAsync("t", null, Patience);
        var figures = pool.GetStatistics();

        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal((1L, 1L, 1L), (figures.ResetFailures, figures.Retries, figures.Destroyed));
        Assert.Equal(1, _factory.Made.Sum(static thing => thing.Ends));
        pool.Release(second, InstanceVerdict.Reuse);
        pool.CheckIntegrity();
    }

    [Theory]
    [InlineData(InstanceResetMode.OnRelease)]
    [InlineData(InstanceResetMode.Background)]
    public async Task What_cannot_be_reset_is_dropped(InstanceResetMode mode)
    {
        await using var pool = NewPool(new InstancePoolOptions { ResetMode = mode });
        var lease = await pool.AcquireAsync("t", null, Patience);
        lease.Instance.FailsToReset = true;

        pool.Release(lease, InstanceVerdict.Reuse);

        Assert.True(SpinWait.SpinUntil(() => pool.GetStatistics() is { Idle: 0, ResetFailures: 1 }, Patience));
        Assert.True(SpinWait.SpinUntil(() => lease.Entry!.Instance.Ends == 1, Patience));
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task What_is_discarded_is_destroyed_once()
    {
        await using var pool = NewPool(new InstancePoolOptions());
        var lease = await pool.AcquireAsync("t", null, Patience);

        pool.Release(lease, InstanceVerdict.Discard);

        Assert.Equal(1, lease.Entry!.Instance.Ends);
        Assert.Throws<InvalidOperationException>(() => pool.Release(lease, InstanceVerdict.Discard));
        Assert.Throws<InvalidOperationException>(() => pool.TrySuspend(lease, Guid.NewGuid()));
        Assert.Equal((0, 0, 1L), (pool.GetStatistics().Idle, pool.GetStatistics().Active, pool.GetStatistics().Discarded));
    }

    [Fact]
    public async Task A_lease_that_ended_cannot_change_what_another_has()
    {
        await using var pool = NewPool(new InstancePoolOptions { ResetMode = InstanceResetMode.OnRelease });
        var first = await pool.AcquireAsync("t", null, Patience);
        pool.Release(first, InstanceVerdict.Reuse);
        var second = await pool.AcquireAsync("t", null, Patience);

        Assert.Throws<InvalidOperationException>(() => first.Affinity = "stale");
        Assert.Throws<InvalidOperationException>(() => pool.Release(first, InstanceVerdict.Reuse));

        Assert.Equal(1, pool.GetStatistics().Active);
        pool.Release(second, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task A_failed_creation_is_told_and_creations_pause_longer_each_time()
    {
        var options = new InstancePoolOptions { MinInstances = 0, CreationBackoff = TimeSpan.FromSeconds(1), MaxCreationBackoff = TimeSpan.FromSeconds(3) };
        await using var pool = NewPool(options);
        _factory.Failure = new IOException("no memory");

        var pauses = new List<double>();
        for (var failure = 0; failure < 4; failure++)
        {
            var lease = await pool.AcquireAsync("t", null, Patience);
            Assert.Equal(AcquireOutcome.CreationFailed, lease.Outcome);
            Assert.Same(_factory.Failure, lease.Failure);
            var tried = pool.GetStatistics().CreationFailures;
            var pause = 0.0;
            for (; pool.GetStatistics().CreationFailures == tried; pause += 0.25)
            {
                _time.Advance(TimeSpan.FromSeconds(0.25));
                Assert.Equal(AcquireOutcome.CreationFailed, (await pool.AcquireAsync("t", null, Patience)).Outcome);
            }

            pauses.Add(pause);
        }

        _factory.Failure = null;
        _time.Advance(TimeSpan.FromSeconds(3));
        var good = await pool.AcquireAsync("t", null, Patience);

        Assert.Equal([1, 2, 3, 3], pauses);
        pool.Release(good, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task Instances_idle_for_long_go_down_to_the_least_number()
    {
        await using var pool = NewPool(new InstancePoolOptions { MinInstances = 1, IdleTimeout = TimeSpan.FromSeconds(10) });
        ReleaseAll(pool, await AcquireAsync(pool, 4));

        _time.Advance(TimeSpan.FromSeconds(9));
        var before = pool.GetStatistics();
        _time.Advance(TimeSpan.FromSeconds(3));
        var after = pool.GetStatistics();

        Assert.Equal((4, 0L), (before.Idle, before.Trimmed));
        Assert.Equal((1, 3L), (after.Idle, after.Trimmed));
        Assert.Equal(3, _factory.Made.Sum(static thing => thing.Ends));
    }

    [Fact]
    public async Task More_than_the_peak_of_a_window_go_although_they_are_fresh()
    {
        await using var pool = NewPool(new InstancePoolOptions
        {
            ResetMode = InstanceResetMode.OnRelease, IdleTimeout = TimeSpan.FromSeconds(10), PeakWindow = TimeSpan.FromSeconds(40),
        });
        object[] handlers = ["a", "b", "c", "d"];
        var burst = await AcquireAsync(pool, 4);
        for (var index = 0; index < 4; index++)
        {
            Prepare(burst[index], handlers[index]);
        }

        ReleaseAll(pool, burst);
        var idle = new List<int>();
        for (var second = 0; second < 60; second++)
        {
            // Each is used every few seconds, but never two at once.
            var lease = await pool.AcquireAsync("t", handlers[second % 4], Patience);
            pool.Release(lease, InstanceVerdict.Reuse);
            _time.Advance(TimeSpan.FromSeconds(1));
            idle.Add(pool.GetStatistics().Idle);
        }

        Assert.Equal(4, idle[30]);
        Assert.Equal(1, idle[59]);
    }

    [Fact]
    public async Task After_its_uses_an_instance_goes()
    {
        await using var pool = NewPool(new InstancePoolOptions { MaxUses = 3 });
        var ids = new List<long>();
        for (var call = 0; call < 7; call++)
        {
            var lease = await pool.AcquireAsync("t", null, Patience);
            ids.Add(lease.Id);
            pool.Release(lease, InstanceVerdict.Reuse);
        }

        Assert.Equal([1, 1, 1, 2, 2, 2, 3], ids);
        Assert.Equal(2, pool.GetStatistics().Retired);
    }

    [Fact]
    public async Task At_its_age_an_instance_goes_idle_or_not()
    {
        await using var pool = NewPool(new InstancePoolOptions { MinInstances = 0, MaxAge = TimeSpan.FromSeconds(5), IdleTimeout = Timeout.InfiniteTimeSpan });
        var leases = await AcquireAsync(pool, 2);
        pool.Release(leases[0], InstanceVerdict.Reuse);

        _time.Advance(TimeSpan.FromSeconds(6));
        pool.Release(leases[1], InstanceVerdict.Reuse);

        Assert.Equal((0, 2L), (pool.GetStatistics().Idle, pool.GetStatistics().Retired));
    }

    [Fact]
    public async Task Bytes_are_within_their_bound_at_every_instant()
    {
        _factory.Bytes = 100;
        await using var pool = NewPool(new InstancePoolOptions { MaxBytes = 1000, InUseBytes = 400, ResetMode = InstanceResetMode.OnRelease });
        var leases = await AcquireAsync(pool, 2);

        // A third would be 1,200 in use.
        var refused = await pool.AcquireAsync("t", null, TimeSpan.Zero);
        ReleaseAll(pool, leases);

        Assert.Equal(AcquireOutcome.TimedOut, refused.Outcome);
        Assert.Equal((2, 200L, 200L), (pool.GetStatistics().Idle, pool.GetStatistics().Bytes, pool.GetStatistics().ChargedBytes));
        pool.CheckIntegrity();
    }

    [Fact]
    public async Task An_instance_that_grew_pushes_idle_ones_out()
    {
        _factory.Bytes = 100;
        await using var pool = NewPool(new InstancePoolOptions { MaxBytes = 500, ResetMode = InstanceResetMode.OnAcquire });
        var leases = await AcquireAsync(pool, 4);
        ReleaseAll(pool, leases[1..]);
        leases[0].Instance.Bytes = 350;

        pool.Release(leases[0], InstanceVerdict.Reuse);

        var figures = pool.GetStatistics();
        Assert.Equal((2, 450L, 2L, 650L), (figures.Idle, figures.Bytes, figures.Evicted, figures.PeakBytes));
    }

    [Fact]
    public async Task One_that_is_larger_than_the_bound_runs_alone()
    {
        _factory.Bytes = 900;
        await using var pool = NewPool(new InstancePoolOptions { MaxBytes = 500 });

        var first = await pool.AcquireAsync("t", null, Patience);
        var second = await pool.AcquireAsync("t", null, TimeSpan.Zero);

        Assert.True(first.IsAcquired);
        Assert.Equal(AcquireOutcome.TimedOut, second.Outcome);
        pool.Release(first, InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task Clearing_destroys_what_is_idle()
    {
        await using var pool = NewPool(new InstancePoolOptions { MinInstances = 0, ResetMode = InstanceResetMode.OnAcquire });
        var leases = await AcquireAsync(pool, 3);
        ReleaseAll(pool, leases[1..]);

        pool.Clear();

        Assert.Equal((0, 1, 2L), (pool.GetStatistics().Idle, pool.GetStatistics().Active, pool.GetStatistics().Dropped));
        pool.Release(leases[0], InstanceVerdict.Reuse);
    }

    [Fact]
    public async Task Acquiring_and_releasing_allocate_nothing()
    {
        // What checks itself at a reset allocates for that.
        await using var pool = new InstancePool<PooledThing>(
            new InstancePoolOptions { ResetMode = InstanceResetMode.OnAcquire },
            _factory.Lifecycle with { Reset = static (_, affinity) => affinity },
            _time);
        for (var call = 0; call < 1000; call++)
        {
            Call(pool);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var call = 0; call < 1000; call++)
        {
            Call(pool);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Call(InstancePool<PooledThing> pool)
        {
            var waiting = pool.AcquireAsync("t", null, Patience);
            Assert.True(waiting.IsCompletedSuccessfully);
            pool.Release(waiting.Result, InstanceVerdict.Reuse);
        }
    }

    private static void Prepare(InstanceLease<PooledThing> lease, object affinity) =>
        lease.Instance.Affinity = lease.Affinity = affinity;

    private static async Task<InstanceLease<PooledThing>[]> AcquireAsync(InstancePool<PooledThing> pool, int count)
    {
        var leases = new InstanceLease<PooledThing>[count];
        for (var index = 0; index < count; index++)
        {
            leases[index] = await pool.AcquireAsync("t", null, Patience);
            Assert.True(leases[index].IsAcquired);
        }

        return leases;
    }

    private static void ReleaseAll(InstancePool<PooledThing> pool, IEnumerable<InstanceLease<PooledThing>> leases)
    {
        foreach (var lease in leases)
        {
            pool.Release(lease, InstanceVerdict.Reuse);
        }
    }

    // A test that fails leaves leases behind, for which the end of its pool must not wait on a clock that stands still.
    private InstancePool<PooledThing> NewPool(InstancePoolOptions options) =>
        new(options with { ShutdownTimeout = TimeSpan.Zero }, _factory.Lifecycle, _time);
}

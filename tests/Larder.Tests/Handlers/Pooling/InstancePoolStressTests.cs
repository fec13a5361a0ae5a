using Larder.Handlers.Pooling;

namespace Larder.Tests.Handlers.Pooling;

/// <summary>Many threads do everything at once on the real clock; at the end everything must add up.</summary>
public sealed class InstancePoolStressTests
{
    private static readonly object?[] Affinities = [null, "a", "b", "c", "d"];

    [Theory]
    [InlineData(InstanceResetMode.Background, 1)]
    [InlineData(InstanceResetMode.Background, 2)]
    [InlineData(InstanceResetMode.OnRelease, 3)]
    [InlineData(InstanceResetMode.OnAcquire, 4)]
    public async Task Everything_at_once_adds_up(InstanceResetMode mode, int seed)
    {
        var factory = new ThingFactory { Bytes = 100 };
        var options = new InstancePoolOptions
        {
            MaxInstances = 5,
            MinInstances = 2,
            MaxBytes = 1500,
            MaxWaiting = 12,
            TenantMaxWaiting = 6,
            TenantMaxInstances = 4,
            IdleTimeout = TimeSpan.FromMilliseconds(3),
            MaxUses = 50,
            MaxAge = TimeSpan.FromMilliseconds(80),
            ResetMode = mode,
            MaxSuspended = 6,
            SuspensionTimeout = TimeSpan.FromMilliseconds(5),
            CreationBackoff = TimeSpan.FromTicks(100),
            MaxCreationBackoff = TimeSpan.FromMilliseconds(1),
            MaintenanceInterval = TimeSpan.FromMilliseconds(1),
        };
        var pool = new InstancePool<PooledThing>(options, factory.Lifecycle);
        await pool.WarmAsync();

        var end = DateTime.UtcNow.AddSeconds(2);
        var users = Enumerable.Range(0, 12).Select(user => Task.Run(() => UseAsync(pool, factory, new Random((seed * 100) + user), $"tenant {user % 4}", () => DateTime.UtcNow < end)));
        await Task.WhenAll(users).WaitAsync(TimeSpan.FromSeconds(120));

        pool.CheckIntegrity();
        factory.Failure = null;
        await pool.DisposeAsync();
        pool.CheckIntegrity();
        var figures = pool.GetStatistics();
        Assert.Equal((0, 0, 0, 0, 0), (figures.Active, figures.Idle, figures.Suspended, figures.Making, figures.Waiting));
        Assert.Equal(figures.Requests + figures.Retries, figures.Answered);
        Assert.Equal(figures.Created, figures.Destroyed);
        Assert.Equal(figures.Acquired + figures.Resumed, figures.Released + figures.Suspensions);
        Assert.True(figures.PeakActive <= 5, $"{figures.PeakActive} were in use at once");
        Assert.True(figures.Acquired > 100, $"only {figures.Acquired} were acquired");
        factory.AssertAllEnded();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task The_end_may_come_at_any_time(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 30; round++)
        {
            var factory = new ThingFactory();
            var pool = new InstancePool<PooledThing>(
                new InstancePoolOptions { MaxInstances = 3, MinInstances = 1, MaxWaiting = 100, MaintenanceInterval = TimeSpan.FromMilliseconds(1) },
                factory.Lifecycle);
            var goesOn = true;
            var users = Enumerable.Range(0, 6).Select(user =>
            {
                var own = new Random(random.Next());
                return Task.Run(() => UseAsync(pool, factory, own, $"tenant {user}", () => Volatile.Read(ref goesOn)));
            }).ToArray();

            await Task.Delay(random.Next(10));
            await Task.WhenAll(pool.DisposeAsync().AsTask(), pool.DisposeAsync().AsTask()).WaitAsync(TimeSpan.FromSeconds(60));
            var figures = pool.GetStatistics();
            Volatile.Write(ref goesOn, false);
            await Task.WhenAll(users).WaitAsync(TimeSpan.FromSeconds(60));

            Assert.Equal((0, 0, 0, 0, 0), (figures.Active, figures.Idle, figures.Suspended, figures.Making, figures.Waiting));
            pool.CheckIntegrity();
            factory.AssertAllEnded();
        }
    }

    [Fact]
    public async Task The_end_waits_for_those_in_use_and_not_for_ever()
    {
        var factory = new ThingFactory();
        var time = new Support.ManualTimeProvider();
        var pool = new InstancePool<PooledThing>(new InstancePoolOptions { ShutdownTimeout = TimeSpan.FromSeconds(5) }, factory.Lifecycle, time);
        var lease = await pool.AcquireAsync("t", null, TimeSpan.Zero);

        var end = pool.DisposeAsync().AsTask();
        var early = end.IsCompleted;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return end.IsCompleted;
            },
            TimeSpan.FromSeconds(30)));
        var before = lease.Instance.Ends;
        pool.Release(lease, InstanceVerdict.Reuse);

        Assert.False(early);
        Assert.Equal(0, before);
        factory.AssertAllEnded();
    }

    private static async Task UseAsync(
        InstancePool<PooledThing> pool, ThingFactory factory, Random random, string tenant, Func<bool> goesOn)
    {
        var suspended = new Queue<Guid>();
        while (goesOn())
        {
            using var cancel = new CancellationTokenSource();
            if (random.Next(8) == 0)
            {
                cancel.CancelAfter(TimeSpan.FromTicks(random.Next(20_000)));
            }

            var resumes = suspended.Count > 0 && random.Next(2) == 0;
            InstanceLease<PooledThing> lease;
            try
            {
                var patience = TimeSpan.FromMilliseconds(random.Next(4));
                lease = resumes
                    ? await pool.ResumeAsync(suspended.Dequeue(), patience, cancel.Token)
                    : await pool.AcquireAsync(tenant, Affinities[random.Next(Affinities.Length)], patience, cancel.Token);
            }
            catch (OperationCanceledException)
            {
                continue;
            }

            if (!lease.IsAcquired)
            {
                factory.Failure = null;
                await Task.Yield();
                continue;
            }

            var thing = lease.Instance;
            thing.Enter(resumes);
            thing.Secret = tenant;
            thing.Bytes = random.Next(100, 600);
            lease.Affinity = thing.Affinity = Affinities[random.Next(Affinities.Length)];
            if (random.Next(3) == 0)
            {
                await Task.Yield();
            }

            thing.Leave();
            thing.FailsToReset = random.Next(30) == 0;
            factory.Failure = random.Next(40) == 0 ? new IOException("no more") : factory.Failure;
            var id = Guid.NewGuid();
            if (random.Next(5) == 0 && pool.TrySuspend(lease, id))
            {
                suspended.Enqueue(id);
            }
            else
            {
                pool.Release(lease, random.Next(10) switch
                {
                    0 => InstanceVerdict.Discard,
                    1 => InstanceVerdict.ReuseLater,
                    _ => InstanceVerdict.Reuse,
                });
            }
        }
    }
}

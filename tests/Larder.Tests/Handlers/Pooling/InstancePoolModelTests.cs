using Larder.Handlers.Pooling;
using Larder.Tests.Support;

namespace Larder.Tests.Handlers.Pooling;

/// <summary>Random use of a pool on a clock that stands still in between, step by step against an oracle.</summary>
public sealed class InstancePoolModelTests
{
    private static readonly string[] Tenants = ["", "a", "b", "c"];
    private static readonly object?[] Affinities = [null, "first", "second", "third"];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Every_step_is_that_of_the_oracle(int seed)
    {
        await using var run = new Run(seed);
        for (var step = 0; step < 400; step++)
        {
            await run.StepAsync();
        }

        await run.EndAsync();
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly Random _random;
        private readonly ManualTimeProvider _time = new();
        private readonly ThingFactory _factory = new() { IsHeld = true };
        private readonly InstancePool<PooledThing> _pool;
        private readonly PoolOracle _oracle;
        private readonly bool _resetsAtRelease;
        private readonly string _description;

        // Calls that have not ended, each with what the pool said to it.
        private readonly List<(PoolOracle.Call Call, Task<InstanceLease<PooledThing>> Task, CancellationTokenSource Cancel)> _open = [];
        private readonly Dictionary<PoolOracle.Instance, InstanceLease<PooledThing>> _leases = [];
        private int _calls;

        public Run(int seed)
        {
            _random = new Random(seed);
            _resetsAtRelease = _random.Next(2) == 0;
            var max = _random.Next(1, 6);
            var options = new InstancePoolOptions
            {
                MaxInstances = max,
                MinInstances = 0,
                MaxBytes = _random.Next(2) == 0 ? long.MaxValue : _random.Next(100, 600),
                InUseBytes = _random.Next(3) == 0 ? 120 : 0,
                MaxWaiting = _random.Next(0, 8),
                TenantMaxWaiting = _random.Next(2) == 0 ? null : _random.Next(1, 5),
                TenantMaxInstances = _random.Next(2) == 0 ? 0 : _random.Next(1, max + 1),
                TenantShare = _random.Next(1, 5) / 4.0,
                IdleTimeout = TimeSpan.FromSeconds(20),
                MaxUses = _random.Next(3) == 0 ? 7 : 0,
                MaxAge = _random.Next(3) == 0 ? TimeSpan.FromSeconds(70) : null,
                ResetMode = _resetsAtRelease ? InstanceResetMode.OnRelease : InstanceResetMode.OnAcquire,
                MaxSuspended = _random.Next(0, 5),
                TenantMaxSuspended = _random.Next(2) == 0 ? null : 2,
                MaxSuspendedBytes = _random.Next(2) == 0 ? long.MaxValue : 300,
                SuspensionTimeout = TimeSpan.FromSeconds(16),
                CreationBackoff = TimeSpan.FromSeconds(2),
                MaxCreationBackoff = TimeSpan.FromSeconds(8),
                MaintenanceInterval = TimeSpan.FromDays(30),
            };
            _description = $"seed {seed}: {options}";
            _pool = new InstancePool<PooledThing>(options, _factory.Lifecycle, _time);
            _oracle = new PoolOracle(options);
        }

        public async Task StepAsync()
        {
            switch (_random.Next(20))
            {
                case < 6:
                    Acquire();
                    break;
                case < 10 when _leases.Count > 0:
                    Release();
                    break;
                case < 12 when _leases.Count > 0:
                    Suspend();
                    break;
                case < 14:
                    Resume();
                    break;
                case < 16 when _oracle.Making.Count > 0:
                    await MakeAsync();
                    break;
                case < 17 when _open.Any(static one => one.Call.IsOpen):
                    Cancel();
                    break;
                case 17:
                    _pool.Maintain();
                    _oracle.Maintain();
                    break;
                default:
                    // The clock moves by less than what would be due by itself, or past several things.
                    var time = TimeSpan.FromTicks(_random.NextInt64(TimeSpan.FromSeconds(_random.Next(2) == 0 ? 1 : 8).Ticks));
                    _time.Advance(time);
                    _oracle.Advance(time);
                    break;
            }

            await CompareAsync();
        }

        public async Task EndAsync()
        {
            var shutdown = _pool.DisposeAsync().AsTask();
            foreach (var (call, task, _) in _open.Where(static one => one.Call.IsOpen).ToArray())
            {
                Assert.Equal(AcquireOutcome.ShuttingDown, (await task.WaitAsync(TimeSpan.FromSeconds(30))).Outcome);
            }

            for (var making = _oracle.Making.Count; making > 0; making--)
            {
                _factory.Next().SetResult(_factory.Make(1));
            }

            foreach (var lease in _leases.Values)
            {
                lease.Instance.Leave();
                _pool.Release(lease, InstanceVerdict.Reuse);
            }

            await shutdown.WaitAsync(TimeSpan.FromSeconds(30));
            _pool.CheckIntegrity();
            var figures = _pool.GetStatistics();
            Assert.Equal(figures.Requests + figures.Retries, figures.Answered);
            Assert.Equal(figures.Created, figures.Destroyed);
            _factory.AssertAllEnded();
        }

        public async ValueTask DisposeAsync()
        {
            // A failed run leaves leases behind; their end is not waited for.
            var ended = _pool.DisposeAsync().AsTask();
            _time.Advance(TimeSpan.FromMinutes(1));
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(1)));
        }

        private void Acquire()
        {
            var tenant = Tenants[_random.Next(Tenants.Length)];
            var affinity = Affinities[_random.Next(Affinities.Length)];
            var patience = Patience();
            var cancel = new CancellationTokenSource();
            var task = _pool.AcquireAsync(tenant, affinity, patience, cancel.Token).AsTask();
            _open.Add((_oracle.Acquire(tenant, affinity, patience), task, cancel));
        }

        private void Resume()
        {
            var known = _oracle.Suspended.Select(static one => one.SuspensionId).ToArray();
            var id = known.Length > 0 && _random.Next(5) > 0 ? known[_random.Next(known.Length)] : Guid.NewGuid();
            if (_random.Next(6) == 0)
            {
                Assert.Equal(_oracle.Drop(id), _pool.TryDrop(id));
                return;
            }

            var patience = Patience();
            var cancel = new CancellationTokenSource();
            var task = _pool.ResumeAsync(id, patience, cancel.Token).AsTask();
            _open.Add((_oracle.Resume(id, patience), task, cancel));
        }

        // No two deadlines are equal, so that their order is known.
        private TimeSpan Patience() =>
            _random.Next(4) == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(_random.Next(1, 8)) + TimeSpan.FromTicks(++_calls);

        private void Release()
        {
            var (instance, lease) = _leases.ElementAt(_random.Next(_leases.Count));
            _leases.Remove(instance);
            var reuse = _random.Next(6) > 0;
            lease.Instance.Bytes = _random.Next(50, 250);
            lease.Instance.Secret = "left behind";
            lease.Instance.Leave();
            instance.Affinity = lease.Instance.Affinity = lease.Affinity = Affinities[_random.Next(Affinities.Length)];
            var used = lease.Instance.Bytes;
            _pool.Release(lease, reuse ? InstanceVerdict.Reuse : InstanceVerdict.Discard);
            _oracle.Release(instance, reuse, used, _resetsAtRelease ? lease.Instance.CleanBytes : used);
            Assert.Throws<InvalidOperationException>(() => _pool.Release(lease, InstanceVerdict.Reuse));
        }

        private void Suspend()
        {
            var (instance, lease) = _leases.ElementAt(_random.Next(_leases.Count));
            var id = Guid.NewGuid();
            lease.Instance.Bytes = _random.Next(50, 200);
            lease.Instance.Secret = id.ToString();
            var expected = _oracle.Suspend(instance, id, lease.Instance.Bytes);
            if (expected)
            {
                lease.Instance.Leave();
            }

            Assert.Equal(expected, _pool.TrySuspend(lease, id));
            if (expected)
            {
                _leases.Remove(instance);
            }
        }

        private async Task MakeAsync()
        {
            var gate = _factory.Next();
            var fails = _random.Next(4) == 0;
            var thing = fails ? null : _factory.Make(_random.Next(50, 200));
            if (fails)
            {
                gate.SetException(new IOException("no more of these"));
            }
            else
            {
                gate.SetResult(thing!);
            }

            // Which of those that have one made gets it is not the oracle's to know.
            var making = _open.Where(static one => one.Call.IsMaking).ToArray();
            var ended = await Task.WhenAny(making.Select(static one => one.Task)).WaitAsync(TimeSpan.FromSeconds(30));
            var call = making.Single(one => one.Task == ended).Call;
            var lease = await ended;
            if (fails)
            {
                _oracle.Fail(call);
                Assert.IsType<IOException>(lease.Failure);
            }
            else
            {
                Assert.Same(thing, lease.Instance);
                _oracle.Complete(call, lease.Id, thing!.Bytes);
            }
        }

        private void Cancel()
        {
            var open = _open.Where(static one => one.Call.IsOpen).ToArray();
            var (call, _, cancel) = open[_random.Next(open.Length)];
            _oracle.Cancel(call);
            cancel.Cancel();
        }

        private async Task CompareAsync()
        {
            foreach (var one in _open.Where(static one => one.Call.Outcome is not null || one.Call.IsCanceled).ToArray())
            {
                _open.Remove(one);
                await CompareEndedAsync(one.Call, one.Task);
            }

            Assert.True(SpinWait.SpinUntil(() => _factory.InMaking == _oracle.Making.Count, TimeSpan.FromSeconds(30)), $"{_factory.InMaking} instances are made, not {_oracle.Making.Count}; {_description}");
            Assert.True(_open.All(static one => !one.Task.IsCompleted), $"a call has ended that should wait; {_description}");
            _pool.CheckIntegrity();
            var figures = _pool.GetStatistics();
            Assert.Equal(
                (_oracle.Idle.Count, _oracle.Active.Count, _oracle.Suspended.Count + _oracle.Resuming.Count, _oracle.Waiting.Count + _oracle.Resuming.Count, _oracle.Making.Count),
                (figures.Idle, figures.Active, figures.Suspended, figures.Waiting, figures.Making));
            Assert.Equal(
                (_oracle.Created, _oracle.Destroyed, _oracle.Reused, _oracle.AffinityHits, _oracle.Bytes, _oracle.PeakBytes),
                (figures.Created, figures.Destroyed, figures.Reused, figures.AffinityHits, figures.Bytes, figures.PeakBytes));
        }

        private async Task CompareEndedAsync(PoolOracle.Call call, Task<InstanceLease<PooledThing>> task)
        {
            if (call.IsCanceled)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
                return;
            }

            var lease = await task.WaitAsync(TimeSpan.FromSeconds(30));
            Assert.True(call.Outcome == lease.Outcome, $"{lease.Outcome}, not {call.Outcome}; {_description}");
            if (call.Got is { } instance)
            {
                Assert.True(instance.RealId == lease.Id, $"instance {lease.Id}, not {instance.RealId}; {_description}");
                lease.Instance.Enter(call.Resuming is not null);
                Assert.Equal(call.Resuming?.SuspensionId.ToString(), lease.Instance.Secret);
                instance.Affinity = lease.Affinity;
                _leases.Add(instance, lease);
            }
        }
    }
}

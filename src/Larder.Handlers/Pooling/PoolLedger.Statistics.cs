namespace Larder.Handlers.Pooling;

/// <content>What it has counted, and what must hold.</content>
internal sealed partial class PoolLedger<TInstance>
{
    /// <summary>Everything that is counted, but for what is counted outside of the lock.</summary>
    public InstancePoolStatistics Read()
    {
        var destroyed = Counters.Destroyed;
        return new InstancePoolStatistics
        {
            Requests = Counters.Requests,
            Retries = Counters.Retries,
            Acquired = Counters.Acquired,
            Reused = Counters.Reused,
            AffinityHits = Counters.AffinityHits,
            Released = Counters.Released,
            Created = Counters.Created,
            CreationFailures = Counters.CreationFailures,
            CallsWithoutCreation = Counters.CallsWithoutCreation,
            Idle = _idle.Count + _unreset.Count + _resetting,
            Unreset = _unreset.Count + _resetting,
            Active = _active,
            Making = _creating,
            Suspended = SuspendedCount,
            Discarded = destroyed[(int)DestroyReason.Discarded],
            ResetFailures = destroyed[(int)DestroyReason.ResetFailed],
            Retired = destroyed[(int)DestroyReason.Retired],
            Trimmed = destroyed[(int)DestroyReason.Trimmed],
            Evicted = destroyed[(int)DestroyReason.Evicted],
            Expired = destroyed[(int)DestroyReason.Expired],
            Dropped = destroyed[(int)DestroyReason.Dropped],
            DestroyedAtShutdown = destroyed[(int)DestroyReason.Shutdown],
            Waiting = _queue.Count + _resuming.Count,
            PeakWaiting = Counters.PeakWaiting,
            Waits = Counters.Waits,
            WaitTime = TimeSpan.FromSeconds(Counters.WaitTicks / (double)_frequency),
            TimedOut = Counters.TimedOut,
            QueueFull = Counters.QueueFull,
            ShutDown = Counters.ShutDown,
            Canceled = Counters.Canceled,
            Suspensions = Counters.Suspensions,
            SuspensionsRefused = Counters.SuspensionsRefused,
            Resumed = Counters.Resumed,
            NotSuspended = Counters.NotSuspended,
            PeakActive = Counters.PeakActive,
            Bytes = _bytes + _suspendedBytes,
            SuspendedBytes = _suspendedBytes,
            ChargedBytes = ChargedWithCreating,
            PeakBytes = Counters.PeakBytes,
            MaxInstances = _options.MaxInstances,
        };
    }

    /// <summary>Throws when anything that must hold does not.</summary>
    public void CheckIntegrity()
    {
        var figures = Read();
        _idle.CheckIntegrity(InstanceState.Idle);
        _unreset.CheckIntegrity(InstanceState.Unreset);
        var suspendedBytes = _suspended.CheckIntegrity();
        _queue.CheckIntegrity(_tenants.All);
        for (var waiter = _resuming.First; waiter is not null; waiter = waiter.Next)
        {
            suspendedBytes += waiter.Resuming!.Bytes; // Who is in this list resumes one.
        }

        PoolIntegrity.Require(suspendedBytes == _suspendedBytes, "the bytes of suspended instances add up");
        PoolIntegrity.Require(_tenants.All.All(static tenant => !tenant.IsIdle), "tenants that have nothing are forgotten");
        PoolIntegrity.Require(
            _tenants.All.Sum(static tenant => tenant.Held) is var held && held >= _active && held <= _active + _creating,
            "what tenants hold adds up");
        PoolIntegrity.Require(_tenants.All.Sum(static tenant => tenant.Suspended) == SuspendedCount, "what tenants have suspended adds up");
        PoolIntegrity.Require(_active >= 0 && _creating >= 0 && _resetting >= 0 && Destroying >= 0, "counts are not negative");
        PoolIntegrity.Require(Live + _creating <= _options.MaxInstances, "instances are within their bound");
        PoolIntegrity.Require(SuspendedCount <= _options.MaxSuspended, "suspended instances are within their bound");
        PoolIntegrity.Require(_bytes >= 0 && _charged >= _bytes, "instances count at least what they hold");
        PoolIntegrity.Require(
            _active + _creating + _resetting > 0 || _charged == ChargedIdle, "idle instances make up the budget of a pool at rest");
        PoolIntegrity.Require(
            figures.Created == figures.Idle + figures.Active + figures.Suspended + figures.Destroyed, "created instances are somewhere");
        PoolIntegrity.Require(
            figures.Acquired + figures.Resumed == figures.Active + figures.Released + figures.Suspensions, "acquired instances are somewhere");
        PoolIntegrity.Require(
            figures.Requests + figures.Retries - figures.Answered - figures.Waiting is var open && open >= 0 && open <= _creating,
            "every request was answered, waits, or has an instance made");
        PoolIntegrity.Require(IsStopping || _creating > 0 || !SomebodyIsNext() || Busy > 0 || _backoff.Failure is not null, "nobody waits for nothing");
    }
}

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Handlers.Pooling;

/// <summary>
/// Instances that are dear to make and must be as good as new for every caller: kept ready within bounds of count and
/// memory, given out fairly, put back into their first state in between.
/// </summary>
/// <remarks>
/// <para>
/// A caller gets the idle instance that is prepared for what it wants, else the one that was used last, else a new one,
/// else waits its turn: first come, first served within a tenant, while tenants take turns. Instances that are to be
/// resumed come first. What cannot be had is a value: too late, too many waiting, shutting down.
/// </para>
/// <para>
/// A release and an acquisition that finds an instance take the lock once each, briefly, and allocate nothing. Making,
/// resetting, measuring and destroying happen outside of it, on the thread of who needs it or of a worker. All members
/// are safe for many threads; a lease belongs to one caller at a time.
/// </para>
/// </remarks>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed partial class InstancePool<TInstance> : IAsyncDisposable, IThreadPoolWorkItem
    where TInstance : class
{
    private readonly InstancePoolOptions _options;
    private readonly InstanceLifecycle<TInstance> _lifecycle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly PoolLedger<TInstance> _ledger;

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _maintenance;
    private readonly ITimer _backoffEnd;

    // Guarded by _gate: whether the worker that resets is on its way or at work.
    private bool _resetterRuns;

    // Guarded by _gate: the warming that runs; null for none.
    private Task? _warming;
    private int _disposeStarted;
    private long _resets;

    /// <summary>Makes a pool without instances; <see cref="WarmAsync"/> makes the first ones.</summary>
    /// <param name="options">Its bounds.</param>
    /// <param name="lifecycle">How instances are made, reset, measured and freed.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="logger">Where failures go; null for nowhere.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public InstancePool(
        InstancePoolOptions options, InstanceLifecycle<TInstance> lifecycle, TimeProvider? time = null, ILogger? logger = null)
    {
        options.Validate();
        _options = options;
        _lifecycle = lifecycle;
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _ledger = new PoolLedger<TInstance>(options, _time.TimestampFrequency);
        _maintenance = _time.CreateTimer(
            static pool => ((InstancePool<TInstance>)pool!).MaintainInBackground(), this, options.MaintenanceInterval, options.MaintenanceInterval);
        _backoffEnd = _time.CreateTimer(
            static pool => ((InstancePool<TInstance>)pool!).Maintain(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Gets an instance for a tenant.</summary>
    /// <param name="tenant">Who wants it; the name may come from outside.</param>
    /// <param name="affinity">What it is wanted for, compared by reference; null for anything.</param>
    /// <param name="patience">
    /// How long to wait for one at most; zero does not wait, less than that waits for ever. Making one is not cut short by it.
    /// </param>
    /// <param name="cancellationToken">Gives up, also while an instance is being made.</param>
    /// <returns>A lease, which holds an instance or says why there is none.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask<InstanceLease<TInstance>> AcquireAsync(
        string tenant, object? affinity, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        cancellationToken.ThrowIfCancellationRequested();
        var now = _time.GetTimestamp();
        var victims = default(VictimList<TInstance>);
        Grant<TInstance> grant;
        lock (_gate)
        {
            grant = _ledger.Acquire(tenant, affinity, patience != TimeSpan.Zero, now, ref victims);
        }

        Destroy(ref victims);
        return grant.Step switch
        {
            GrantStep.Use => new ValueTask<InstanceLease<TInstance>>(new InstanceLease<TInstance>(grant.Entry!)),
            GrantStep.Refused => new ValueTask<InstanceLease<TInstance>>(new InstanceLease<TInstance>(grant.Outcome, grant.Failure)),
            GrantStep.Wait => WaitAsync(grant.Waiter!, affinity, patience, cancellationToken),
            _ => TakeAsync(grant, affinity, cancellationToken),
        };
    }

    /// <summary>Gives an instance back, which ends the lease.</summary>
    /// <exception cref="InvalidOperationException">There is no instance in the lease, or it was given back already.</exception>
    public void Release(InstanceLease<TInstance> lease, InstanceVerdict verdict)
    {
        var entry = Current(lease);
        var reason = verdict == InstanceVerdict.Discard ? DestroyReason.Discarded : DestroyReason.Retired;
        var isReset = false;
        long usedBytes = 0, bytes = 0;
        var keep = verdict != InstanceVerdict.Discard && !IsSpent(entry);
        if (keep)
        {
            keep = TryMeasure(entry, out usedBytes);
            bytes = usedBytes;
            reason = DestroyReason.ResetFailed;
            if (keep && verdict == InstanceVerdict.Reuse && _options.ResetMode == InstanceResetMode.OnRelease)
            {
                keep = isReset = TryReset(entry, null) && TryMeasure(entry, out bytes);
            }
        }

        var victims = default(VictimList<TInstance>);
        bool wake;
        lock (_gate)
        {
            if (!lease.IsCurrent)
            {
                throw InstanceLease<TInstance>.Stale();
            }

            var now = _time.GetTimestamp();
            if (keep)
            {
                _ledger.Reuse(entry, isReset, usedBytes, bytes, now, ref victims);
            }
            else
            {
                _ledger.Discard(entry, reason, now, ref victims);
            }

            wake = ClaimResetter();
            NoteDrained();
        }

        Wake(wake);
        Destroy(ref victims);
    }

    /// <summary>Everything that is counted, as one snapshot.</summary>
    public InstancePoolStatistics GetStatistics()
    {
        InstancePoolStatistics figures;
        lock (_gate)
        {
            figures = _ledger.Read();
        }

        return figures with { Resets = Interlocked.Read(ref _resets) };
    }

    /// <summary>Destroys every instance that nobody uses and that is not suspended.</summary>
    public void Clear()
    {
        var victims = default(VictimList<TInstance>);
        lock (_gate)
        {
            _ledger.Clear(ref victims);
        }

        Destroy(ref victims);
    }

    /// <summary>Throws when the pool is inconsistent. For tests.</summary>
    internal void CheckIntegrity()
    {
        lock (_gate)
        {
            _ledger.CheckIntegrity();
        }
    }

    private static PooledInstance<TInstance> Current(InstanceLease<TInstance> lease)
    {
        var entry = lease.Entry ?? throw new InvalidOperationException($"There is no instance in this lease: {lease.Outcome}.");
        return lease.IsCurrent ? entry : throw InstanceLease<TInstance>.Stale();
    }

    private bool IsSpent(PooledInstance<TInstance> entry) =>
        (_options.MaxUses > 0 && entry.Uses >= _options.MaxUses)
        || (_options.MaxAge is { } age && _time.GetElapsedTime(entry.CreatedAt) >= age);

    private void Destroy(ref VictimList<TInstance> victims)
    {
        if (victims.IsEmpty)
        {
            return;
        }

        while (victims.Take() is { } victim)
        {
            try
            {
                _lifecycle.Destroy(victim.Instance);
            }
            catch (Exception exception)
            {
                PoolLog.DestroyFailed(_logger, victim.Id, exception);
            }

            lock (_gate)
            {
                _ledger.Destroyed();
                NoteDrained();
            }
        }
    }

    private void NoteDrained()
    {
        if (_ledger.IsStopping && _ledger.IsAtRest && !_resetterRuns)
        {
            _drained.TrySetResult();
        }
    }
}

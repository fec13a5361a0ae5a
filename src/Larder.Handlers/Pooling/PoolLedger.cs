namespace Larder.Handlers.Pooling;

/// <summary>
/// Who has which instance, who waits for one, and who is next. Not thread safe: <see cref="InstancePool{TInstance}"/> is
/// the lock around it, and does what takes time (making, resetting, destroying) outside.
/// </summary>
/// <remarks>
/// <para>
/// Live instances are idle, unreset, resetting or active; those and the ones that are being made are never more than
/// <see cref="InstancePoolOptions.MaxInstances"/>. Suspended instances have a budget of their own, and one that is
/// resumed needs a place among the live ones again.
/// </para>
/// <para>
/// Nobody overtakes: after every change <see cref="Dispatch"/> serves those who wait, the resumed before the others and
/// tenants below their share before both, until the next in line cannot be served; a newcomer is served at once only when nobody who may have an instance waits.
/// </para>
/// </remarks>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed partial class PoolLedger<TInstance>
    where TInstance : class
{
    private readonly InstancePoolOptions _options;
    private readonly long _frequency;
    private readonly int _tenantLimit;
    private readonly TenantTable<TInstance> _tenants = new();
    private readonly IdleSet<TInstance> _idle = new();
    private readonly IdleSet<TInstance> _unreset = new();
    private readonly SuspendedSet<TInstance> _suspended = new();
    private readonly WaiterList<TInstance> _resuming = new();
    private readonly FairQueue<TInstance> _queue = new();
    private readonly CreationBackoff _backoff;
    private readonly PeakWindow? _peaks;

    // What instances in all states but suspended and destroyed count together; those being made are not among them.
    private long _charged;

    // What they hold, as last measured.
    private long _bytes;
    private long _suspendedBytes;

    // The most that an instance held when it was made; what the next one is expected to hold.
    private long _newBytes;
    private int _active;
    private int _creating;
    private int _resetting;
    private long _lastId;

    public PoolLedger(InstancePoolOptions options, long frequency)
    {
        _options = options;
        _frequency = frequency;
        _tenantLimit = options.TenantMaxInstances == 0 ? int.MaxValue : options.TenantMaxInstances;
        _backoff = new CreationBackoff(Ticks(options.CreationBackoff), Ticks(options.MaxCreationBackoff));
        _peaks = options.PeakWindow is { } window ? new PeakWindow(Ticks(window)) : null;
    }

    public PoolCounters Counters { get; } = new();

    /// <summary>Whether new calls are refused.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Instances taken out whose destruction has not been reported yet.</summary>
    public int Destroying { get; private set; }

    /// <summary>Whether the worker that resets has something to do.</summary>
    public bool HasUnreset => _unreset.Count > 0;

    /// <summary>Whether nothing is in anybody's hands.</summary>
    public bool IsAtRest => _active == 0 && _creating == 0 && _resetting == 0 && Destroying == 0;

    private int Live => _idle.Count + _unreset.Count + _resetting + _active;

    private int Busy => _active + _creating + _resetting;

    private long ChargedIdle => _idle.ChargedBytes + _unreset.ChargedBytes;

    private long ChargedWithCreating => _charged + (_creating * ChargeInUse(_newBytes));

    /// <summary>A new call wants an instance.</summary>
    public Grant<TInstance> Acquire(string name, object? affinity, bool mayWait, long now, ref VictimList<TInstance> victims)
    {
        Counters.Requests++;
        if (IsStopping)
        {
            Counters.ShutDown++;
            return Grant<TInstance>.Refused(AcquireOutcome.ShuttingDown);
        }

        var tenant = _tenants.Get(name);
        if (tenant.Held < _tenantLimit && !SomebodyIsNext() && TryGrant(tenant, affinity, now, ref victims, out var grant))
        {
            return grant;
        }

        grant = Enqueue(tenant, affinity, mayWait, now);
        _tenants.ForgetIfIdle(tenant);
        return grant;
    }

    /// <summary>Takes a caller that waits out of its queue; false when it waits no more.</summary>
    public bool TryAbandon(Waiter<TInstance> waiter, AcquireOutcome outcome, long now, ref VictimList<TInstance> victims)
    {
        if (waiter.List is null)
        {
            return false;
        }

        if (waiter.Resuming is { } entry)
        {
            _resuming.Remove(waiter);
            SuspendAgain(entry, now, ref victims);
        }
        else
        {
            _queue.Remove(waiter);
        }

        CountRefusal(outcome);
        Counters.WaitTicks += now - waiter.Since;
        _tenants.ForgetIfIdle(waiter.Tenant);
        Dispatch(now, ref victims);
        return true;
    }

    /// <summary>Serves those who wait, as far as there is room. Their tasks go on elsewhere.</summary>
    public void Dispatch(long now, ref VictimList<TInstance> victims)
    {
        while (!IsStopping && NextInLine() is { } waiter)
        {
            Grant<TInstance> grant;
            if (waiter.Resuming is { } entry)
            {
                if (!TryGrantResumed(entry, ref victims))
                {
                    return;
                }

                _resuming.Remove(waiter);
                grant = new Grant<TInstance>(GrantStep.Use, entry);
            }
            else
            {
                if (!TryGrant(waiter.Tenant, waiter.Affinity, now, ref victims, out grant))
                {
                    return;
                }

                _queue.Take(waiter);
            }

            Counters.WaitTicks += now - waiter.Since;
            waiter.SetResult(grant);
        }
    }

    /// <summary>An instance was made for a caller, or for nobody in particular when there is no tenant.</summary>
    public PooledInstance<TInstance> Created(
        Tenant<TInstance>? tenant, TInstance instance, long bytes, long now, ref VictimList<TInstance> victims)
    {
        _creating--;
        _backoff.Succeeded();
        _newBytes = Math.Max(_newBytes, bytes);
        Counters.Created++;
        var entry = new PooledInstance<TInstance>(instance, ++_lastId, now) { Bytes = bytes, IdleSince = now };
        _bytes += bytes;
        if (tenant is not null)
        {
            // The tenant has held its place since creation began.
            Counters.Acquired++;
            Charge(entry, ChargeInUse(bytes));
            entry.Uses++;
            BeginUse(entry, tenant);
            EvictIdle(ref victims);
        }
        else
        {
            Charge(entry, bytes);
            AddIdle(_idle, InstanceState.Idle, entry, now);
            Dispatch(now, ref victims);
        }

        NotePeaks();
        return entry;
    }

    /// <summary>An instance that was to be made was not.</summary>
    /// <param name="tenant">For whom; null for nobody in particular.</param>
    /// <param name="outcome">What the caller is told.</param>
    /// <param name="failure">Why; null when whoever wanted it gave up or the pool stops.</param>
    /// <param name="now">The time.</param>
    /// <param name="victims">What is to be destroyed.</param>
    public void NotCreated(
        Tenant<TInstance>? tenant, AcquireOutcome outcome, Exception? failure, long now, ref VictimList<TInstance> victims)
    {
        _creating--;
        if (failure is not null)
        {
            Counters.CreationFailures++;
            _backoff.Failed(failure, now);
        }

        if (tenant is not null)
        {
            CountRefusal(outcome);
            tenant.Held--;
            _tenants.ForgetIfIdle(tenant);
        }

        Dispatch(now, ref victims);
    }

    /// <summary>Reserves room for an instance that is made ahead of any call.</summary>
    public bool TryBeginWarm(long now)
    {
        if (IsStopping || Live + _creating >= _options.MinInstances || !_backoff.Allows(now) || SomebodyIsNext()
            || ChargedWithCreating + ChargeInUse(_newBytes) > _options.MaxBytes)
        {
            return false;
        }

        _creating++;
        return true;
    }

    /// <summary>How long no instance is made after failures; zero when there is no such pause.</summary>
    public TimeSpan BackoffLeft(long now) => TimeSpan.FromSeconds(_backoff.Left(now) / (double)_frequency);

    /// <summary>The destruction of an instance that was taken out has ended.</summary>
    public void Destroyed() => Destroying--;

    private long Ticks(TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan ? long.MaxValue / 2 : (long)(time.TotalSeconds * _frequency);

    private bool SomebodyIsNext() => (_resuming.Count > 0 || _queue.Count > 0) && NextInLine() is not null;

    // Resumed ones come first, but not at the cost of a tenant that holds less than its share.
    private Waiter<TInstance>? NextInLine()
    {
        var share = Math.Min(_options.ShareOfTenant, _tenantLimit);
        return NextResuming(share) ?? _queue.Peek(share) ?? NextResuming(_tenantLimit) ?? _queue.Peek(_tenantLimit);
    }

    private Waiter<TInstance>? NextResuming(int below)
    {
        for (var waiter = _resuming.First; waiter is not null; waiter = waiter.Next)
        {
            if (waiter.Tenant.Held < below)
            {
                return waiter;
            }
        }

        return null;
    }

    private bool TryGrant(
        Tenant<TInstance> tenant, object? affinity, long now, ref VictimList<TInstance> victims, out Grant<TInstance> grant)
    {
        grant = default;
        var entry = _idle.Find(affinity) ?? _unreset.Find(affinity) ?? _idle.Newest ?? _unreset.Newest;
        if (entry is null)
        {
            if (Live + _creating >= _options.MaxInstances || !_backoff.Allows(now)
                || (Busy > 0 && ChargedWithCreating + ChargeInUse(_newBytes) > _options.MaxBytes))
            {
                return false;
            }

            _creating++;
            tenant.Held++;
            grant = new Grant<TInstance>(GrantStep.Create, Tenant: tenant);
            return true;
        }

        var charge = ChargeInUse(entry.Bytes);
        if (Busy > 0 && ChargedWithCreating - ChargedIdle + charge > _options.MaxBytes)
        {
            return false;
        }

        var step = entry.State == InstanceState.Idle ? GrantStep.Use : GrantStep.Reset;
        (step == GrantStep.Use ? _idle : _unreset).Remove(entry);
        Charge(entry, charge);
        EvictIdle(ref victims);
        Counters.Acquired++;
        Counters.Reused++;
        if (affinity is not null && ReferenceEquals(entry.Affinity, affinity))
        {
            Counters.AffinityHits++;
        }

        tenant.Held++;
        entry.Uses++;
        BeginUse(entry, tenant);
        NotePeaks();
        grant = new Grant<TInstance>(step, entry);
        return true;
    }

    private Grant<TInstance> Enqueue(Tenant<TInstance> tenant, object? affinity, bool mayWait, long now)
    {
        if (Live + _creating == 0 && !_backoff.Allows(now))
        {
            Counters.CallsWithoutCreation++;
            return Grant<TInstance>.Refused(AcquireOutcome.CreationFailed, _backoff.Failure);
        }

        if (!mayWait)
        {
            Counters.TimedOut++;
            return Grant<TInstance>.Refused(AcquireOutcome.TimedOut);
        }

        if (_queue.Count >= _options.MaxWaiting || tenant.Waiting.Count >= _options.WaitingOfTenant)
        {
            Counters.QueueFull++;
            return Grant<TInstance>.Refused(AcquireOutcome.QueueFull);
        }

        var waiter = new Waiter<TInstance>(tenant, affinity, now);
        _queue.Add(waiter);
        NoteWait();
        return new Grant<TInstance>(GrantStep.Wait, Waiter: waiter);
    }

    private void NoteWait()
    {
        Counters.Waits++;
        Counters.PeakWaiting = Math.Max(Counters.PeakWaiting, _queue.Count + _resuming.Count);
    }

    // The tenant's share is the caller's to count.
    private void BeginUse(PooledInstance<TInstance> entry, Tenant<TInstance> tenant)
    {
        entry.State = InstanceState.Active;
        entry.Tenant = tenant;
        _active++;
    }

    private void CountRefusal(AcquireOutcome outcome)
    {
        switch (outcome)
        {
            case AcquireOutcome.TimedOut:
                Counters.TimedOut++;
                break;
            case AcquireOutcome.ShuttingDown:
                Counters.ShutDown++;
                break;
            case AcquireOutcome.CreationFailed:
                Counters.CallsWithoutCreation++;
                break;
            default:
                Counters.Canceled++;
                break;
        }
    }

    private long ChargeInUse(long bytes) => Math.Max(bytes, _options.InUseBytes);

    private void Charge(PooledInstance<TInstance> entry, long charge)
    {
        _charged += charge - entry.Charge;
        entry.Charge = charge;
    }

    private void Measure(PooledInstance<TInstance> entry, long bytes)
    {
        _bytes += bytes - entry.Bytes;
        entry.Bytes = bytes;
    }

    private void NotePeaks()
    {
        Counters.PeakActive = Math.Max(Counters.PeakActive, _active);
        Counters.PeakBytes = Math.Max(Counters.PeakBytes, _bytes + _suspendedBytes);
        _peaks?.Note(_active);
    }
}

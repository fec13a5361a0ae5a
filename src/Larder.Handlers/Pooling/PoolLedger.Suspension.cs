namespace Larder.Handlers.Pooling;

/// <content>Instances that wait to be resumed.</content>
internal sealed partial class PoolLedger<TInstance>
{
    private int SuspendedCount => _suspended.Count + _resuming.Count;

    /// <summary>Puts an active instance aside. False when the budget does not allow it: it stays active.</summary>
    public bool TrySuspend(
        PooledInstance<TInstance> entry, Guid id, long bytes, long now, ref VictimList<TInstance> victims)
    {
        ExpireSuspended(now, ref victims);
        var tenant = entry.Tenant!; // An active instance has a tenant.
        if (IsStopping || SuspendedCount >= _options.MaxSuspended || tenant.Suspended >= _options.SuspendedOfTenant
            || _suspendedBytes + bytes > _options.MaxSuspendedBytes || _suspended.Contains(id))
        {
            Counters.SuspensionsRefused++;
            return false;
        }

        Charge(entry, 0);
        _bytes -= entry.Bytes;
        entry.Bytes = bytes;
        _suspendedBytes += bytes;
        tenant.Suspended++;
        EndUse(entry);
        entry.Tenant = tenant;
        entry.State = InstanceState.Suspended;
        entry.SuspensionId = id;
        entry.ExpiresAt = now + Ticks(_options.SuspensionTimeout);
        _suspended.Add(entry);
        Counters.Suspensions++;
        NotePeaks();
        Dispatch(now, ref victims);
        return true;
    }

    /// <summary>Somebody wants a suspended instance back. Whoever asks first gets it.</summary>
    public Grant<TInstance> Resume(Guid id, bool mayWait, long now, ref VictimList<TInstance> victims)
    {
        Counters.Requests++;
        if (IsStopping)
        {
            Counters.ShutDown++;
            return Grant<TInstance>.Refused(AcquireOutcome.ShuttingDown);
        }

        ExpireSuspended(now, ref victims);
        if (!_suspended.TryTake(id, out var entry))
        {
            Counters.NotSuspended++;
            return Grant<TInstance>.Refused(AcquireOutcome.NotSuspended);
        }

        var tenant = entry.Tenant!; // A suspended instance has a tenant.
        if (tenant.Held < _tenantLimit && !SomebodyIsNext() && TryGrantResumed(entry, ref victims))
        {
            return new Grant<TInstance>(GrantStep.Use, entry);
        }

        if (!mayWait)
        {
            _suspended.Add(entry);
            Counters.TimedOut++;
            return Grant<TInstance>.Refused(AcquireOutcome.TimedOut);
        }

        entry.State = InstanceState.Resuming;
        var waiter = new Waiter<TInstance>(tenant, null, now) { Resuming = entry };
        _resuming.Add(waiter);
        NoteWait();
        Dispatch(now, ref victims);
        return new Grant<TInstance>(GrantStep.Wait, Waiter: waiter);
    }

    /// <summary>Calls a suspension off; false when there is none of that name.</summary>
    public bool TryDrop(Guid id, ref VictimList<TInstance> victims)
    {
        if (!_suspended.TryTake(id, out var entry))
        {
            return false;
        }

        Destroy(entry, DestroyReason.Dropped, ref victims);
        return true;
    }

    // The entry is in no set. An idle instance makes room when the pool is full.
    private bool TryGrantResumed(PooledInstance<TInstance> entry, ref VictimList<TInstance> victims)
    {
        var charge = ChargeInUse(entry.Bytes);
        if (Busy >= _options.MaxInstances
            || (Busy > 0 && ChargedWithCreating - ChargedIdle + charge > _options.MaxBytes))
        {
            return false;
        }

        if (Live + _creating >= _options.MaxInstances)
        {
            DestroyIdle(OldestIdle()!, DestroyReason.Evicted, ref victims); // What is not busy is idle.
        }

        var tenant = entry.Tenant!; // A suspended instance has a tenant.
        tenant.Held++;
        LeaveSuspension(entry);
        _bytes += entry.Bytes;
        Charge(entry, charge);
        BeginUse(entry, tenant);
        Counters.Resumed++;
        EvictIdle(ref victims);
        NotePeaks();
        return true;
    }

    private void SuspendAgain(PooledInstance<TInstance> entry, long now, ref VictimList<TInstance> victims)
    {
        if (IsStopping || entry.ExpiresAt <= now)
        {
            Destroy(entry, IsStopping ? DestroyReason.Shutdown : DestroyReason.Expired, ref victims);
            return;
        }

        entry.State = InstanceState.Suspended;
        _suspended.Add(entry);
    }

    private void LeaveSuspension(PooledInstance<TInstance> entry)
    {
        _suspendedBytes -= entry.Bytes;
        var tenant = entry.Tenant!; // A suspended instance has a tenant.
        tenant.Suspended--;
        entry.Tenant = null;
        _tenants.ForgetIfIdle(tenant);
    }

    private void ExpireSuspended(long now, ref VictimList<TInstance> victims)
    {
        while (_suspended.Oldest is { } oldest && oldest.ExpiresAt <= now)
        {
            _suspended.Remove(oldest);
            Destroy(oldest, DestroyReason.Expired, ref victims);
        }
    }
}

using System.Diagnostics.CodeAnalysis;

namespace Larder.Handlers.Pooling;

/// <content>What comes back, and what goes.</content>
internal sealed partial class PoolLedger<TInstance>
{
    /// <summary>An instance comes back to be used again.</summary>
    /// <param name="entry">The instance, which is active.</param>
    /// <param name="isReset">Whether it was reset.</param>
    /// <param name="usedBytes">What it held at the end of its use.</param>
    /// <param name="bytes">What it holds now.</param>
    /// <param name="now">The time.</param>
    /// <param name="victims">What is to be destroyed.</param>
    public void Reuse(
        PooledInstance<TInstance> entry, bool isReset, long usedBytes, long bytes, long now, ref VictimList<TInstance> victims)
    {
        EndUse(entry);
        Counters.Released++;
        Measure(entry, usedBytes);
        NotePeaks();
        Measure(entry, bytes);
        Charge(entry, bytes);
        if (IsStopping)
        {
            Destroy(entry, DestroyReason.Shutdown, ref victims);
            return;
        }

        _ = isReset
            ? AddIdle(_idle, InstanceState.Idle, entry, now)
            : AddIdle(_unreset, InstanceState.Unreset, entry, now);
        Dispatch(now, ref victims);
        EvictIdle(ref victims);
    }

    /// <summary>An instance comes back for the last time.</summary>
    public void Discard(PooledInstance<TInstance> entry, DestroyReason reason, long now, ref VictimList<TInstance> victims)
    {
        EndUse(entry);
        Counters.Released++;
        Destroy(entry, reason, ref victims);
        Dispatch(now, ref victims);
    }

    /// <summary>
    /// An instance that a caller got could not be reset: it goes, and the caller makes another in its place.
    /// </summary>
    public Tenant<TInstance> Replace(PooledInstance<TInstance> entry, ref VictimList<TInstance> victims)
    {
        var tenant = entry.Tenant!; // An active instance has a tenant.
        tenant.Held++;
        EndUse(entry);
        Counters.Released++;
        Counters.Retries++;
        Destroy(entry, DestroyReason.ResetFailed, ref victims);
        _creating++;
        return tenant;
    }

    /// <summary>Gives the worker an instance to reset.</summary>
    public bool TryBeginReset([NotNullWhen(true)] out PooledInstance<TInstance>? entry)
    {
        entry = _unreset.Newest;
        if (entry is null)
        {
            return false;
        }

        _unreset.Remove(entry);
        entry.State = InstanceState.Resetting;
        _resetting++;
        return true;
    }

    /// <summary>The worker has reset an instance, or could not.</summary>
    public void EndReset(
        PooledInstance<TInstance> entry, bool isReset, long bytes, long now, ref VictimList<TInstance> victims)
    {
        _resetting--;
        if (!isReset || IsStopping)
        {
            Destroy(entry, isReset ? DestroyReason.Shutdown : DestroyReason.ResetFailed, ref victims);
        }
        else
        {
            Measure(entry, bytes);
            Charge(entry, bytes);
            AddIdle(_idle, InstanceState.Idle, entry, now);
        }

        Dispatch(now, ref victims);
        EvictIdle(ref victims);
    }

    /// <summary>Takes out what expired, was idle for long, or is old.</summary>
    public void Maintain(long now, ref VictimList<TInstance> victims)
    {
        ExpireSuspended(now, ref victims);
        var surplus = _peaks is null ? 0 : Live + _creating - Math.Max(_options.MinInstances, _peaks.Read(_active, now));
        var longest = Ticks(_options.IdleTimeout);
        while (OldestIdle() is { } oldest && Live + _creating > _options.MinInstances
            && (surplus-- > 0 || now - oldest.IdleSince > longest))
        {
            DestroyIdle(oldest, DestroyReason.Trimmed, ref victims);
        }

        if (_options.MaxAge is { } age)
        {
            Retire(_idle, Ticks(age), now, ref victims);
            Retire(_unreset, Ticks(age), now, ref victims);
        }

        Dispatch(now, ref victims);
    }

    /// <summary>Takes out everything that nobody uses.</summary>
    public void Clear(ref VictimList<TInstance> victims)
    {
        while (OldestIdle() is { } idle)
        {
            DestroyIdle(idle, IsStopping ? DestroyReason.Shutdown : DestroyReason.Dropped, ref victims);
        }
    }

    /// <summary>Refuses what waits and what is to come, and takes out what nobody uses.</summary>
    public void Stop(long now, ref VictimList<TInstance> victims)
    {
        IsStopping = true;
        while ((_resuming.First ?? _queue.Peek(int.MaxValue)) is { } waiter)
        {
            TryAbandon(waiter, AcquireOutcome.ShuttingDown, now, ref victims);
            waiter.SetResult(Grant<TInstance>.Refused(AcquireOutcome.ShuttingDown));
        }

        Clear(ref victims);
        while (_suspended.Oldest is { } entry)
        {
            _suspended.Remove(entry);
            Destroy(entry, DestroyReason.Shutdown, ref victims);
        }
    }

    /// <summary>Whether there are fewer instances than are kept.</summary>
    public bool NeedsWarming() => !IsStopping && Live + _creating < _options.MinInstances;

    private static bool AddIdle(IdleSet<TInstance> set, InstanceState state, PooledInstance<TInstance> entry, long now)
    {
        entry.State = state;
        entry.IdleSince = now;
        set.Add(entry);
        return true;
    }

    private void Retire(IdleSet<TInstance> set, long age, long now, ref VictimList<TInstance> victims)
    {
        for (var entry = set.Oldest; entry is not null;)
        {
            var next = entry.Newer;
            if (now - entry.CreatedAt >= age)
            {
                DestroyIdle(entry, DestroyReason.Retired, ref victims);
            }

            entry = next;
        }
    }

    private void EndUse(PooledInstance<TInstance> entry)
    {
        _active--;
        entry.Generation++;
        var tenant = entry.Tenant!; // An active instance has a tenant.
        tenant.Held--;
        entry.Tenant = null;
        _tenants.ForgetIfIdle(tenant);
    }

    private PooledInstance<TInstance>? OldestIdle() =>
        _idle.Oldest is not { } idle ? _unreset.Oldest
        : _unreset.Oldest is { } unreset && unreset.IdleSince < idle.IdleSince ? unreset
        : idle;

    // Makes the budget hold again, as far as idle instances can. The last instance stays.
    private void EvictIdle(ref VictimList<TInstance> victims)
    {
        while (ChargedWithCreating > _options.MaxBytes && Live + _creating > 1 && OldestIdle() is { } oldest)
        {
            DestroyIdle(oldest, DestroyReason.Evicted, ref victims);
        }
    }

    private void DestroyIdle(PooledInstance<TInstance> entry, DestroyReason reason, ref VictimList<TInstance> victims)
    {
        (entry.State == InstanceState.Idle ? _idle : _unreset).Remove(entry);
        Destroy(entry, reason, ref victims);
    }

    // The entry is in no set and not active any more.
    private void Destroy(PooledInstance<TInstance> entry, DestroyReason reason, ref VictimList<TInstance> victims)
    {
        if (entry.State is InstanceState.Suspended or InstanceState.Resuming)
        {
            LeaveSuspension(entry);
        }
        else
        {
            Charge(entry, 0);
            _bytes -= entry.Bytes;
        }

        entry.State = InstanceState.Destroyed;
        Counters.Destroyed[(int)reason]++;
        Destroying++;
        victims.Add(entry);
    }
}

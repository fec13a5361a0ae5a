namespace Larder.Handlers.Pooling;

/// <content>Instances are put aside, and come back.</content>
internal sealed partial class InstancePool<TInstance>
{
    /// <summary>
    /// Puts an instance aside as it is, which ends the lease and gives its place to others, until somebody resumes it or
    /// <see cref="InstancePoolOptions.SuspensionTimeout"/> is over.
    /// </summary>
    /// <returns>False when there is no room for it among the suspended; the lease goes on then.</returns>
    /// <exception cref="InvalidOperationException">There is no instance in the lease, or it was given back already.</exception>
    public bool TrySuspend(InstanceLease<TInstance> lease, Guid id)
    {
        var entry = Current(lease);
        if (!TryMeasure(entry, out var bytes))
        {
            return false;
        }

        var victims = default(VictimList<TInstance>);
        bool suspended;
        lock (_gate)
        {
            if (!lease.IsCurrent)
            {
                throw InstanceLease<TInstance>.Stale();
            }

            suspended = _ledger.TrySuspend(entry, id, bytes, _time.GetTimestamp(), ref victims);
        }

        Destroy(ref victims);
        return suspended;
    }

    /// <summary>
    /// Gets a suspended instance back as it was left. One caller gets it; when it cannot be had in time, or the caller
    /// gives up, it stays suspended for what is left of its time.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask<InstanceLease<TInstance>> ResumeAsync(
        Guid id, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var victims = default(VictimList<TInstance>);
        Grant<TInstance> grant;
        lock (_gate)
        {
            grant = _ledger.Resume(id, patience != TimeSpan.Zero, _time.GetTimestamp(), ref victims);
        }

        Destroy(ref victims);
        return grant.Step == GrantStep.Wait
            ? WaitAsync(grant.Waiter!, null, patience, cancellationToken)
            : TakeAsync(grant, null, cancellationToken);
    }

    /// <summary>Destroys a suspended instance; false when there is none of that name.</summary>
    public bool TryDrop(Guid id)
    {
        var victims = default(VictimList<TInstance>);
        bool dropped;
        lock (_gate)
        {
            dropped = _ledger.TryDrop(id, ref victims);
        }

        Destroy(ref victims);
        return dropped;
    }
}

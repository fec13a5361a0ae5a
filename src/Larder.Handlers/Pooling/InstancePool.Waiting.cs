namespace Larder.Handlers.Pooling;

/// <content>Callers that wait, reset or make an instance.</content>
internal sealed partial class InstancePool<TInstance>
{
    // A timer takes no longer time; nobody waits that long.
    private static readonly TimeSpan LongestPatience = TimeSpan.FromDays(40);

    private async ValueTask<InstanceLease<TInstance>> WaitAsync(
        Waiter<TInstance> waiter, object? affinity, TimeSpan patience, CancellationToken cancellationToken)
    {
        var state = (Pool: this, Waiter: waiter);
        using var deadline = patience < TimeSpan.Zero || patience > LongestPatience ? null : _time.CreateTimer(
            static state =>
            {
                var (pool, waiter) = ((InstancePool<TInstance>, Waiter<TInstance>))state!;
                pool.Abandon(waiter, AcquireOutcome.TimedOut, default);
            },
            state,
            patience,
            Timeout.InfiniteTimeSpan);
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (pool, waiter) = ((InstancePool<TInstance>, Waiter<TInstance>))state!;
                pool.Abandon(waiter, AcquireOutcome.Acquired, token);
            },
            state);
        var grant = await waiter.Task.ConfigureAwait(false);
        return await TakeAsync(grant, affinity, cancellationToken).ConfigureAwait(false);
    }

    // With the outcome of an acquisition, it is the caller who gave up.
    private void Abandon(Waiter<TInstance> waiter, AcquireOutcome outcome, CancellationToken token)
    {
        var victims = default(VictimList<TInstance>);
        bool abandoned;
        lock (_gate)
        {
            abandoned = _ledger.TryAbandon(waiter, outcome, _time.GetTimestamp(), ref victims);
        }

        Destroy(ref victims);
        if (abandoned)
        {
            _ = outcome == AcquireOutcome.TimedOut
                ? waiter.TrySetResult(Grant<TInstance>.Refused(outcome))
                : waiter.TrySetCanceled(token);
        }
    }

    // Does what is left to do for what was granted.
    private ValueTask<InstanceLease<TInstance>> TakeAsync(
        Grant<TInstance> grant, object? affinity, CancellationToken cancellationToken)
    {
        switch (grant.Step)
        {
            case GrantStep.Use:
                return new ValueTask<InstanceLease<TInstance>>(new InstanceLease<TInstance>(grant.Entry!));
            case GrantStep.Refused:
                return new ValueTask<InstanceLease<TInstance>>(new InstanceLease<TInstance>(grant.Outcome, grant.Failure));
            case GrantStep.Reset when TryReset(grant.Entry!, affinity):
                return new ValueTask<InstanceLease<TInstance>>(new InstanceLease<TInstance>(grant.Entry!));
            case GrantStep.Reset:
                var victims = default(VictimList<TInstance>);
                Tenant<TInstance> tenant;
                lock (_gate)
                {
                    tenant = _ledger.Replace(grant.Entry!, ref victims);
                }

                Destroy(ref victims);
                return CreateAsync(tenant, cancellationToken);
            default:
                return CreateAsync(grant.Tenant!, cancellationToken); // Who makes an instance does so for a tenant.
        }
    }

    private async ValueTask<InstanceLease<TInstance>> CreateAsync(Tenant<TInstance> tenant, CancellationToken cancellationToken)
    {
        var (outcome, entry, failure) = await MakeAsync(tenant, cancellationToken).ConfigureAwait(false);
        return entry is null ? new InstanceLease<TInstance>(outcome, failure) : new InstanceLease<TInstance>(entry);
    }
}

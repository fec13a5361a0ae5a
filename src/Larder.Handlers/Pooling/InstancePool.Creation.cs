namespace Larder.Handlers.Pooling;

/// <content>Instances are made, ahead of calls and for them.</content>
internal sealed partial class InstancePool<TInstance>
{
    /// <summary>
    /// Makes instances until there are <see cref="InstancePoolOptions.MinInstances"/>. A failure is counted and logged,
    /// and stops the warming; maintenance tries again.
    /// </summary>
    public async Task WarmAsync(CancellationToken cancellationToken = default)
    {
        for (var made = 0; TryBeginWarm(); made++)
        {
            var (outcome, entry, _) = await MakeAsync(null, cancellationToken).ConfigureAwait(false);
            if (outcome == AcquireOutcome.CreationFailed)
            {
                PoolLog.WarmingStopped(_logger, made, _options.MinInstances);
            }

            if (entry is null)
            {
                return;
            }
        }
    }

    private bool TryBeginWarm()
    {
        lock (_gate)
        {
            return _ledger.TryBeginWarm(_time.GetTimestamp());
        }
    }

    // The ledger has room reserved; with a tenant, the instance is in use by it at once.
    private async ValueTask<(AcquireOutcome Outcome, PooledInstance<TInstance>? Entry, Exception? Failure)> MakeAsync(
        Tenant<TInstance>? tenant, CancellationToken cancellationToken)
    {
        TInstance? instance = null;
        try
        {
            instance = await _lifecycle.Create(cancellationToken).ConfigureAwait(false);
            var bytes = _lifecycle.MeasureBytes(instance);
            if (TryEnter(tenant, instance, bytes, out var entry))
            {
                return (AcquireOutcome.Acquired, entry, null);
            }

            DestroyUncounted(instance);
            Forgo(tenant, AcquireOutcome.ShuttingDown, null);
            return (AcquireOutcome.ShuttingDown, null, null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The outcome of an acquisition stands for a caller who gave up.
            Forgo(tenant, AcquireOutcome.Acquired, null);
            throw;
        }
        catch (Exception exception)
        {
            PoolLog.CreationFailed(_logger, exception);
            if (instance is not null)
            {
                DestroyUncounted(instance);
            }

            Forgo(tenant, AcquireOutcome.CreationFailed, exception);
            return (AcquireOutcome.CreationFailed, null, exception);
        }
    }

    private bool TryEnter(Tenant<TInstance>? tenant, TInstance instance, long bytes, out PooledInstance<TInstance>? entry)
    {
        var victims = default(VictimList<TInstance>);
        lock (_gate)
        {
            entry = _ledger.IsStopping
                ? null
                : _ledger.Created(tenant, instance, bytes, _time.GetTimestamp(), ref victims);
        }

        Destroy(ref victims);
        return entry is not null;
    }

    private void Forgo(Tenant<TInstance>? tenant, AcquireOutcome outcome, Exception? failure)
    {
        var victims = default(VictimList<TInstance>);
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _ledger.NotCreated(tenant, outcome, failure, now, ref victims);
            if (failure is not null && !_ledger.IsStopping)
            {
                // A tick more than what is left, so that the pause is over for sure.
                _backoffEnd.Change(_ledger.BackoffLeft(now) + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
            }

            NoteDrained();
        }

        Destroy(ref victims);
    }

    private void DestroyUncounted(TInstance instance)
    {
        try
        {
            _lifecycle.Destroy(instance);
        }
        catch (Exception exception)
        {
            PoolLog.DestroyFailed(_logger, 0, exception);
        }
    }
}

namespace Larder.Handlers.Pooling;

/// <content>Instances are put back into their first state.</content>
internal sealed partial class InstancePool<TInstance>
{
    /// <summary>Resets what was released, until nothing is left to do. Run by the thread pool.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            PooledInstance<TInstance>? entry;
            lock (_gate)
            {
                if (!_ledger.TryBeginReset(out entry))
                {
                    _resetterRuns = false;
                    NoteDrained();
                    return;
                }
            }

            var bytes = 0L;
            var isReset = TryReset(entry, null) && TryMeasure(entry, out bytes);
            var victims = default(VictimList<TInstance>);
            lock (_gate)
            {
                _ledger.EndReset(entry, isReset, bytes, _time.GetTimestamp(), ref victims);
            }

            Destroy(ref victims);
        }
    }

    // Called under the lock. True when the caller has to wake the worker after it.
    private bool ClaimResetter()
    {
        if (_options.ResetMode == InstanceResetMode.OnAcquire || _resetterRuns || !_ledger.HasUnreset)
        {
            return false;
        }

        _resetterRuns = true;
        return true;
    }

    private void Wake(bool wake)
    {
        if (wake)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    // The entry is in the hands of the calling thread alone.
    private bool TryReset(PooledInstance<TInstance> entry, object? affinity)
    {
        try
        {
            entry.Affinity = _lifecycle.Reset(entry.Instance, affinity);
            Interlocked.Increment(ref _resets);
            return true;
        }
        catch (Exception exception)
        {
            PoolLog.ResetFailed(_logger, entry.Id, exception);
            return false;
        }
    }

    private bool TryMeasure(PooledInstance<TInstance> entry, out long bytes)
    {
        try
        {
            bytes = _lifecycle.MeasureBytes(entry.Instance);
            return true;
        }
        catch (Exception exception)
        {
            PoolLog.ResetFailed(_logger, entry.Id, exception);
            bytes = 0;
            return false;
        }
    }
}

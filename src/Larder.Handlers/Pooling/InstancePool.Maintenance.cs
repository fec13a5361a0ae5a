namespace Larder.Handlers.Pooling;

/// <content>What happens without a call, and the end.</content>
internal sealed partial class InstancePool<TInstance>
{
    /// <summary>
    /// Refuses new calls and those that wait, frees what nobody uses, waits for the rest for
    /// <see cref="InstancePoolOptions.ShutdownTimeout"/> at most. What is still in use then is freed at its release.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposeStarted, 1) != 0)
        {
            await _disposed.Task.ConfigureAwait(false);
            return;
        }

        var victims = default(VictimList<TInstance>);
        Task? warming;
        lock (_gate)
        {
            _ledger.Stop(_time.GetTimestamp(), ref victims);
            warming = _warming;
            NoteDrained();
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _maintenance.DisposeAsync().ConfigureAwait(false);
        await _backoffEnd.DisposeAsync().ConfigureAwait(false);
        Destroy(ref victims);
        try
        {
            await _drained.Task.WaitAsync(_options.ShutdownTimeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            PoolLog.ShutdownTimedOut(_logger, GetStatistics().Active, _options.ShutdownTimeout);
        }

        await (warming ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _disposed.SetResult();
    }

    /// <summary>Drops what is expired, idle for long, or old, and serves who can be served then.</summary>
    internal void Maintain()
    {
        var victims = default(VictimList<TInstance>);
        lock (_gate)
        {
            if (_ledger.IsStopping)
            {
                return;
            }

            _ledger.Maintain(_time.GetTimestamp(), ref victims);
        }

        Destroy(ref victims);
    }

    private void MaintainInBackground()
    {
        Maintain();
        lock (_gate)
        {
            if (_ledger.NeedsWarming() && _warming is not { IsCompleted: false })
            {
                var token = _stopping.Token;
                _warming = Task.Run(() => WarmAsync(token), CancellationToken.None);
            }
        }
    }
}

namespace Larder.Wasm;

/// <summary>The time that guest code of a store has; see <see cref="Store.Deadline"/>. Thread safe.</summary>
public sealed class StoreDeadline : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Store _store;
    private readonly ITimer _timer;

    // Guarded by _gate.
    private bool _isOver;
    private bool _hasPassed;

    internal StoreDeadline(Store store, TimeSpan timeout, TimeProvider timeProvider)
    {
        _store = store;
        _timer = timeProvider.CreateTimer(
            static state => ((StoreDeadline)state!).Pass(), this, timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether the time was over before this was disposed.</summary>
    public bool HasPassed
    {
        get
        {
            lock (_gate)
            {
                return _hasPassed;
            }
        }
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            _isOver = true;
            if (_hasPassed)
            {
                _store.ClearInterrupt();
            }
        }

        _timer.Dispose();
    }

    private void Pass()
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _hasPassed = true;
                _store.Interrupt();
            }
        }
    }
}

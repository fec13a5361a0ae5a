using Larder.Wasm;

namespace Larder.Handlers.Execution;

/// <summary>A run as its <see cref="DeadlineWatch"/> knows it, which guards all of it; may be watched again after its end.</summary>
internal sealed class WatchedRun
{
    private Store? _store;

    /// <summary>When its time is over, as a timestamp.</summary>
    public long Due { get; private set; }

    /// <summary>Where the watch has it.</summary>
    public int Index { get; set; }

    /// <summary>Whether its time was over before it ended.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Its time begins.</summary>
    public void Begin(Store store, long due, int index)
    {
        _store = store;
        Due = due;
        Index = index;
        IsStopped = false;
    }

    /// <summary>Its time is over.</summary>
    public void Stop()
    {
        IsStopped = true;
        _store?.Interrupt();
    }

    /// <summary>It has to stop, and not because of its time.</summary>
    public void Interrupt() => _store?.Interrupt();

    /// <summary>It has ended.</summary>
    public bool End()
    {
        if (IsStopped)
        {
            _store?.ClearInterrupt();
        }

        _store = null;
        return IsStopped;
    }
}

namespace Larder.Wasm;

public sealed partial class Store
{
    /// <summary>
    /// Interrupts the guest code of the store when the time is over. Disposing the result ends the watch and lets guest
    /// code run again if it was this that stopped it.
    /// </summary>
    /// <param name="timeout">From now; must be positive.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public StoreDeadline Deadline(TimeSpan timeout, TimeProvider? timeProvider = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
        ThrowIfDisposed();
        return new StoreDeadline(this, timeout, timeProvider ?? TimeProvider.System);
    }
}

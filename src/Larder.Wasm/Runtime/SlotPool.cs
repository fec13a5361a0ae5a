namespace Larder.Wasm.Runtime;

/// <summary>
/// Slots that nobody uses, a bounded number of them with pages left resident: touching those again costs nothing,
/// where each page that the machine has to give anew costs a fault. Thread safe.
/// </summary>
internal static class SlotPool
{
    /// <summary>Slots that wait with resident pages. Each holds up to 4 MiB.</summary>
    public static readonly int Capacity = Math.Clamp(2 * Environment.ProcessorCount, 4, 16);

    private static readonly Lock Gate = new();

    // Guarded by Gate. The one used last is at the end and is taken first: its pages are the likeliest in a cache.
    private static readonly List<MemorySlot> Resting = [];

    /// <summary>Takes a slot that has room for a state and a memory; null when address space is used up.</summary>
    public static MemorySlot? TryTake(MemoryMode mode, ulong stateBytes, ulong maximumBytes)
    {
        lock (Gate)
        {
            for (var at = Resting.Count - 1; at >= 0; at--)
            {
                var slot = Resting[at];
                if (slot.Mode == mode && slot.FrontBytes >= stateBytes
                    && (mode == MemoryMode.Guard || slot.CapacityBytes == maximumBytes))
                {
                    Resting.RemoveAt(at);
                    return slot;
                }
            }
        }

        return MemorySlot.TryReserve(mode, stateBytes, maximumBytes);
    }

    /// <summary>Takes a slot back from its only user.</summary>
    public static void Return(MemorySlot slot)
    {
        if (!slot.TryRest())
        {
            // It cannot be closed, so it is never used again.
            return;
        }

        MemorySlot released;
        lock (Gate)
        {
            Resting.Add(slot);
            if (Resting.Count <= Capacity)
            {
                return;
            }

            released = Resting[0];
            Resting.RemoveAt(0);
        }

        released.Release();
    }
}

namespace Larder.Wasm.Runtime;

/// <summary>
/// Slots that nobody uses, with a bounded number of pages left resident: touching those again costs nothing, where each
/// page that the machine has to give anew costs a fault. Thread safe.
/// </summary>
internal static class SlotPool
{
    /// <summary>Bytes that may stay resident in all slots without a user.</summary>
    public const ulong LargestResidentBytes = 32UL << 20;

    /// <summary>Slots that may wait without a user, outside of the arena's own free slots.</summary>
    public const int LargestCount = 64;

    private static readonly Lock Gate = new();

    // Guarded by Gate. The one used last is at the end and is taken first: its pages are the likeliest in a cache.
    private static readonly List<MemorySlot> Resting = [];

    // Guarded by Gate. The sum over Resting.
    private static ulong _residentBytes;

    /// <summary>
    /// Takes a slot that has room for a state and a memory, with this image if there is one; null when address space is
    /// used up.
    /// </summary>
    public static MemorySlot? TryTake(MemoryMode mode, ulong stateBytes, ulong maximumBytes, RegionSnapshot? image)
    {
        lock (Gate)
        {
            var found = -1;
            for (var at = Resting.Count - 1; at >= 0; at--)
            {
                var slot = Resting[at];
                if (slot.Mode != mode || slot.FrontBytes < stateBytes || slot.CapacityBytes < maximumBytes)
                {
                    continue;
                }

                // A slot that maps another image has no pages to offer.
                if (slot.Image == image || (found < 0 && !slot.IsMapped))
                {
                    found = at;
                }

                if (slot.Image == image)
                {
                    break;
                }
            }

            if (found >= 0)
            {
                return RemoveAt(found);
            }
        }

        return MemorySlot.TryReserve(mode, stateBytes, maximumBytes);
    }

    /// <summary>Lets go of an image that nobody will ask for again.</summary>
    public static void Forget(RegionSnapshot image)
    {
        List<MemorySlot>? released = null;
        lock (Gate)
        {
            for (var at = Resting.Count - 1; at >= 0; at--)
            {
                if (Resting[at].Image == image && Resting[at].IsMapped)
                {
                    (released ??= []).Add(RemoveAt(at));
                }
            }
        }

        released?.ForEach(static slot => slot.Release());
    }

    /// <summary>Takes a slot back from its only user.</summary>
    public static void Return(MemorySlot slot)
    {
        if (!slot.TryRest())
        {
            // Its pages are in an unknown state, so it is never used again.
            return;
        }

        List<MemorySlot>? released = null;
        lock (Gate)
        {
            Resting.Add(slot);
            _residentBytes += slot.ResidentBytes;
            while (Resting.Count > LargestCount || _residentBytes > LargestResidentBytes)
            {
                (released ??= []).Add(RemoveAt(0));
            }
        }

        released?.ForEach(static slot => slot.Release());
    }

    private static MemorySlot RemoveAt(int at)
    {
        var slot = Resting[at];
        Resting.RemoveAt(at);
        _residentBytes -= slot.ResidentBytes;
        return slot;
    }
}

using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// One reservation of address space for the life of the process, cut into equal slots that each hold a memory and
/// everything behind it that a guest can address. Nothing of it is accessible until a slot makes it so.
/// </summary>
internal static class GuardArena
{
    /// <summary>Address space behind the first byte of a slot's memory: a 32-bit address, a 32-bit offset, an access.</summary>
    public const ulong ReachBytes = (8UL << 30) + (64 << 10);

    /// <summary>Address space in front of the first byte of a slot's memory.</summary>
    public const ulong FrontBytes = 64UL << 20;

    // A multiple of 2 MiB, as is the start of the arena, so that huge pages fit a memory.
    private const ulong Alignment = 2UL << 20;
    private const ulong SlotBytes = FrontBytes + ((ReachBytes + Alignment - 1) / Alignment * Alignment);

    // Of the 128 TiB that a process has. Halved until the machine's limits allow it.
    private const ulong LargestBytes = 32UL << 40;
    private const ulong SmallestBytes = 8 * SlotBytes;

    private static readonly Lock Gate = new();

    // Guarded by Gate. Addresses of the first byte of the memory in slots that are not in use.
    private static readonly Stack<nint> Free = new();

    // Guarded by Gate. Slots from this one on were never used.
    private static int _next;

    /// <summary>First byte of the arena; zero before <see cref="Reserve"/>.</summary>
    public static nint Address { get; private set; }

    /// <summary>Bytes of the arena.</summary>
    public static nuint Length { get; private set; }

    /// <summary>How many slots there are.</summary>
    public static int Slots => (int)(Length / SlotBytes);

    /// <summary>Reserves the arena. Called once, before any slot is taken.</summary>
    /// <returns>Why it cannot be had, or null.</returns>
    public static string? Reserve()
    {
        for (var bytes = LargestBytes; bytes >= SmallestBytes; bytes /= 2)
        {
            var mapping = Native.Map(0, (nuint)(bytes + Alignment), Native.ProtectNone, Native.MapReserve, -1, 0);
            if (mapping != -1)
            {
                Address = (nint)(((ulong)mapping + Alignment - 1) / Alignment * Alignment);
                Length = (nuint)bytes;
                return null;
            }
        }

        return $"the arena cannot be reserved: '{Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}'";
    }

    /// <summary>Takes a slot whose bytes are inaccessible, and zero once they are made accessible.</summary>
    /// <returns>The address of the first byte of its memory, or zero when all slots are in use.</returns>
    public static nint Take()
    {
        lock (Gate)
        {
            if (Free.TryPop(out var address))
            {
                return address;
            }

            return _next < Slots ? (nint)((ulong)Address + ((ulong)_next++ * SlotBytes) + FrontBytes) : 0;
        }
    }

    /// <summary>Gives back a slot that is inaccessible again.</summary>
    public static void Return(nint address)
    {
        lock (Gate)
        {
            Free.Push(address);
        }
    }
}

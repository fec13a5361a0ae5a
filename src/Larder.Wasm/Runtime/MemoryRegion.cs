using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// The native memory of an instance: <c>[state | linear memory | room to grow | guard]</c>. The first byte of linear
/// memory never moves, so generated code passes it on as a plain argument.
/// </summary>
/// <remarks>
/// Used by one thread at a time. Pointers into the region do not keep it alive: whoever runs guest code holds the
/// region until the code has returned.
/// </remarks>
internal sealed unsafe class MemoryRegion : CriticalFinalizerObject, IDisposable
{
    /// <summary>Bytes of a page of linear memory.</summary>
    public const ulong PageBytes = 64 << 10;

    /// <summary>Pages that a 32-bit address can reach.</summary>
    public const ulong MaximumPages32 = 1 << 16;

    /// <summary>
    /// Pages that a memory with 32-bit addresses can have that declares no maximum: what is open behind an address then
    /// never wraps around to the first page, which lets one check stand for accesses up to a page apart.
    /// </summary>
    public const ulong UndeclaredMaximumPages32 = MaximumPages32 - 1;

    /// <summary>Where generated code finds the length in bytes (64 bits), relative to <see cref="Base"/>.</summary>
    public const int LengthOffset = -8;

    // Far beyond any address space; keeps the arithmetic below from overflowing.
    private const ulong LargestPages = 1UL << 32;

    private readonly ulong _stateBytes;
    private readonly ulong _maximumBytes;
    private MemorySlot? _slot;

    private MemoryRegion(MemorySlot slot, ulong stateBytes, ulong maximumBytes)
    {
        _slot = slot;
        _stateBytes = stateBytes;
        _maximumBytes = maximumBytes;
        Base = slot.Base;
    }

    /// <summary>Gives the memory of a forgotten region back.</summary>
    ~MemoryRegion() => Release();

    /// <summary>Byte 0 of linear memory; a multiple of 64 KiB.</summary>
    public byte* Base { get; }

    /// <summary>Bytes of linear memory.</summary>
    public ulong ByteLength => Slot.Length;

    /// <summary>Bytes of state in front of <see cref="Base"/>; whole pages of the machine.</summary>
    public ulong StateBytes => _stateBytes;

    private MemorySlot Slot => _slot ?? throw new ObjectDisposedException(nameof(MemoryRegion));

    /// <summary>Makes a region of zeros.</summary>
    /// <param name="mode">
    /// With guard, everything that a 32-bit address and a 32-bit offset can reach is reserved and faults beyond the
    /// length. Otherwise only the maximum is reserved, and what lies between length and maximum may be accessible.
    /// </param>
    /// <param name="stateBytes">Bytes of state, at least 8; rounded up to pages of the machine.</param>
    /// <param name="minimumPages">Length at the start, in pages of 64 KiB.</param>
    /// <param name="maximumPages">What growing can reach, in pages of 64 KiB.</param>
    /// <exception cref="WasmException">
    /// The machine refuses (<see cref="WasmErrorKind.Unavailable"/>), or the state is too large
    /// (<see cref="WasmErrorKind.LimitExceeded"/>).
    /// </exception>
    public static MemoryRegion Create(MemoryMode mode, int stateBytes, ulong minimumPages, ulong maximumPages)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stateBytes, -LengthOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minimumPages, maximumPages);
        var region = Take(mode, RoundToPages(stateBytes), maximumPages, image: null);
        var slot = region.Slot;
        if (!slot.TryOpenFront(region._stateBytes, clear: true)
            || !slot.TryGrow(minimumPages * PageBytes, clear: true)
            || !slot.TryClose())
        {
            throw region.Abandon($"{region._stateBytes} bytes of state and {minimumPages} pages of memory");
        }

        region.WriteLength();
        return region;
    }

    /// <summary>Makes a region that holds an image: what creating and restoring would, without the zeros between.</summary>
    /// <exception cref="WasmException">The machine refuses (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static MemoryRegion Create(MemoryMode mode, RegionSnapshot image, ulong maximumPages)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.ByteLength, maximumPages * PageBytes);
        var region = Take(mode, image.StateBytes, maximumPages, image);
        try
        {
            region.Restore(image);
            return region;
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    /// <summary>Makes the memory longer. New pages are zero.</summary>
    /// <returns>The length before, in pages; -1 when that is beyond the maximum or the machine refuses.</returns>
    public long Grow(ulong deltaPages)
    {
        var slot = Slot;
        var pages = slot.Length / PageBytes;
        if (deltaPages > (_maximumBytes / PageBytes) - pages || !slot.TryGrow((pages + deltaPages) * PageBytes, clear: true))
        {
            return -1;
        }

        WriteLength();
        return (long)pages;
    }

    /// <summary>
    /// Lists the machine's pages of linear memory that may hold more than zeros, by their numbers in order, without touching
    /// the others.
    /// </summary>
    /// <returns>False when that is not known.</returns>
    public bool TryListTouched(List<int> pages)
    {
        var slot = Slot;
        var isKnown = !slot.IsMapped && PrivatePages.TryList(Base, slot.Length, pages);
        GC.KeepAlive(this);
        return isKnown;
    }

    /// <summary>Takes an image of state and memory.</summary>
    /// <param name="basis">An image that it may be kept as differences from; null for none.</param>
    /// <exception cref="ObjectDisposedException">The basis is disposed.</exception>
    /// <exception cref="WasmException">The machine refuses (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public RegionSnapshot Snapshot(RegionSnapshot? basis = null)
    {
        var start = Base - _stateBytes;
        var image = basis is not null && basis.StateBytes == _stateBytes && basis.ByteLength == Slot.Length
            ? RegionSnapshot.TryCreate(start, basis, Slot.PagesOtherThan(basis))
            : null;
        image ??= RegionSnapshot.Create(start, _stateBytes, Slot.Length);
        GC.KeepAlive(this);
        return image;
    }

    /// <summary>Goes back to an image, its length included, taken from this region or one with as much state.</summary>
    /// <param name="image">The image.</param>
    /// <param name="present">What was restored last, if nothing but the state was written since; null otherwise.</param>
    /// <exception cref="ArgumentException">The image has another size of state or is longer than the maximum.</exception>
    /// <exception cref="WasmException">
    /// The machine refuses (<see cref="WasmErrorKind.Unavailable"/>); the region is disposed then.
    /// </exception>
    public void Restore(RegionSnapshot image, RegionSnapshot? present = null)
    {
        if (image.StateBytes != _stateBytes || image.ByteLength > _maximumBytes)
        {
            throw new ArgumentException("The image is of a region with other sizes.", nameof(image));
        }

        var slot = Slot;
        image.Hold();
        try
        {
            if (!(slot.TryChange(present, image) || slot.TryRestore(image)) || !slot.TryClose())
            {
                throw Abandon($"{image.ByteLength} bytes of memory to restore");
            }
        }
        finally
        {
            image.Unhold();
            GC.KeepAlive(this);
        }
    }

    /// <summary>Gives the memory back; pointers into it must not be used any more. Can be called twice.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private static ulong RoundToPages(int bytes)
    {
        var page = (ulong)Environment.SystemPageSize;
        return ((ulong)bytes + page - 1) / page * page;
    }

    private static MemoryRegion Take(MemoryMode mode, ulong stateBytes, ulong maximumPages, RegionSnapshot? image)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new WasmException(WasmErrorKind.Unavailable, "Native memory needs Linux.");
        }

        if (mode == MemoryMode.Guard)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(maximumPages, MaximumPages32);
            if (GuardTraps.UnavailableReason is { } reason)
            {
                throw new WasmException(WasmErrorKind.Unavailable, $"Guard pages cannot be used: {reason}.");
            }

            // A page in front of the state stays closed.
            if (stateBytes > GuardArena.FrontBytes - PageBytes)
            {
                throw new WasmException(
                    WasmErrorKind.LimitExceeded,
                    $"The instance needs {stateBytes} bytes of state; at most {GuardArena.FrontBytes - PageBytes} are possible.");
            }
        }

        var slot = maximumPages > LargestPages ? null : SlotPool.TryTake(mode, stateBytes, maximumPages * PageBytes, image?.Root);
        if (slot is null)
        {
            throw mode == MemoryMode.Guard
                ? new WasmException(WasmErrorKind.Unavailable, $"All {GuardArena.Slots} slots for memories are in use.")
                : Refused($"address space for {maximumPages} pages of memory");
        }

        return new MemoryRegion(slot, stateBytes, maximumPages * PageBytes);
    }

    private static WasmException Refused(string what)
    {
        var error = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
        return new WasmException(WasmErrorKind.Unavailable, $"The machine refuses {what} ('{error}').");
    }

    private WasmException Abandon(string what)
    {
        var exception = Refused(what);
        Interlocked.Exchange(ref _slot, null)?.Release();
        return exception;
    }

    private void WriteLength() => *(ulong*)(Base + LengthOffset) = Slot.Length;

    private void Release()
    {
        if (Interlocked.Exchange(ref _slot, null) is { } slot)
        {
            SlotPool.Return(slot);
        }
    }
}

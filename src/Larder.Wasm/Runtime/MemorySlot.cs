using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// Address space around a fixed point, and which of its pages are open: readable and writable. State lies in front of
/// the point and linear memory behind it. Used by one thread at a time.
/// </summary>
/// <remarks>
/// Invariants: a page that is not open is inaccessible. Bytes behind <c>_dirty</c> and in front of <c>_dirtyFront</c> are
/// zero, or will be once they are opened. While an image is mapped, the length is at least the image's.
/// </remarks>
internal sealed unsafe class MemorySlot
{
    /// <summary>Up to here zeros are written; above, the pages are dropped and come back as zeros when touched.</summary>
    private const ulong LargestClearBytes = 4UL << 20;

    /// <summary>Images up to this size are copied into a slot that has pages of its own.</summary>
    private const ulong LargestCopyBytes = 4UL << 20;

    /// <summary>After so many copies of one image the slot is reset often, and a mapping pays its faults back.</summary>
    private const int CopiesBeforeMapping = 8;

    /// <summary>Up to this size it is asked which pages were written; above, asking costs more than their faults.</summary>
    private const ulong LargestAskedBytes = 12UL << 20;

    /// <summary>What a mapped slot keeps of pages of its own: with them and all else an instance stays below 2 MiB.</summary>
    private const ulong KeptPages = 448;

    /// <summary>What a shrunk memory keeps resident for the next growth.</summary>
    private const ulong KeptBehindBytes = 1UL << 20;

    /// <summary>What a slot without a user keeps resident of its memory, and at most of its state.</summary>
    private const ulong KeptAtRestBytes = 4UL << 20;

    // Zero for a slot of the arena.
    private readonly nint _mapping;
    private readonly nuint _mappingLength;
    private readonly bool _closes;

    private ulong _openFront;
    private ulong _open;
    private ulong _dirtyFront;
    private ulong _dirty;
    private RegionSnapshot? _mapped;
    private RegionSnapshot? _copied;
    private int _copies;

    // A mapping over this slot failed halfway, and other mappings may have come to lie in it.
    private bool _torn;

    private MemorySlot(MemoryMode mode, nint start, ulong front, ulong capacity, nint mapping, nuint mappingLength)
    {
        Base = (byte*)start;
        FrontBytes = front;
        CapacityBytes = capacity;
        Mode = mode;
        _closes = mode == MemoryMode.Guard;
        _mapping = mapping;
        _mappingLength = mappingLength;
    }

    /// <summary>The fixed point: byte 0 of the memory. A multiple of 64 KiB.</summary>
    public byte* Base { get; }

    /// <summary>Bytes that can be opened in front of the point.</summary>
    public ulong FrontBytes { get; }

    /// <summary>Bytes that can be opened behind the point.</summary>
    public ulong CapacityBytes { get; }

    /// <summary>Whether what follows the open pages must fault.</summary>
    public MemoryMode Mode { get; }

    /// <summary>Bytes of memory in use.</summary>
    public ulong Length { get; private set; }

    /// <summary>Whether an image is mapped; its bytes are there where zeros are not expected.</summary>
    public bool IsMapped => _mapped is not null;

    /// <summary>The image that was restored last, or null.</summary>
    public RegionSnapshot? Image => _mapped ?? _copied;

    /// <summary>Bytes that may be resident, whatever the length.</summary>
    public ulong ResidentBytes => _dirty + _dirtyFront;

    /// <summary>Reserves a slot with nothing open; null when address space is used up.</summary>
    public static MemorySlot? TryReserve(MemoryMode mode, ulong front, ulong capacity)
    {
        const ulong Page = MemoryRegion.PageBytes;
        if (mode == MemoryMode.Guard)
        {
            var address = GuardArena.Take();
            return address == 0 ? null : new MemorySlot(mode, address, GuardArena.FrontBytes, GuardArena.ReachBytes, 0, 0);
        }

        // One page before and behind that is never opened, and one for the alignment.
        front = (front + Page - 1) / Page * Page;
        var length = (nuint)(front + capacity + (3 * Page));
        var mapping = Native.Map(0, length, Native.ProtectNone, Native.MapReserve, -1, 0);
        if (mapping == -1)
        {
            return null;
        }

        var start = ((ulong)mapping + Page + front + Page - 1) / Page * Page;
        return new MemorySlot(mode, (nint)start, front, capacity, mapping, length);
    }

    /// <summary>Opens the state, as zeros or, when the caller overwrites all of it, as it comes.</summary>
    public bool TryOpenFront(ulong bytes, bool clear)
    {
        Debug.Assert(bytes <= FrontBytes, "The caller checks the size of the state.");
        if (bytes > _openFront)
        {
            if (Native.Protect((nint)(Base - bytes), (nuint)(bytes - _openFront), Native.ProtectReadWrite) != 0)
            {
                return false;
            }

            _openFront = bytes;
        }

        if (clear)
        {
            Clear(-(long)Math.Min(bytes, _dirtyFront), 0);
        }

        _dirtyFront = Math.Max(_dirtyFront, bytes);
        return true;
    }

    /// <summary>Makes the memory longer; new bytes are zero, or as they come when the caller overwrites all of them.</summary>
    public bool TryGrow(ulong length, bool clear)
    {
        Debug.Assert(length >= Length && length <= CapacityBytes, "The caller checks the new length.");
        if (length > _open)
        {
            if (Native.Protect((nint)(Base + _open), (nuint)(length - _open), Native.ProtectReadWrite) != 0)
            {
                return false;
            }

            _open = length;
        }

        if (clear && Length < _dirty)
        {
            Clear((long)Length, (long)Math.Min(length, _dirty));
        }

        _dirty = Math.Max(_dirty, length);
        Length = length;
        return true;
    }

    /// <summary>Makes the memory shorter, down to the mapped image at most.</summary>
    /// <returns>False when pages that must fault could not be closed; the slot cannot be used any more then.</returns>
    public bool TryShrink(ulong length)
    {
        Debug.Assert(length <= Length && (_mapped is null || length >= _mapped.ByteLength), "The caller unmaps the image first.");
        Trim(length + KeptBehindBytes);
        Length = length;
        return TryClose();
    }

    /// <summary>Closes what is open behind the length, where that matters.</summary>
    public bool TryClose()
    {
        if (_closes && _open > Length)
        {
            if (Native.Protect((nint)(Base + Length), (nuint)(_open - Length), Native.ProtectNone) != 0)
            {
                return false;
            }

            _open = Length;
        }

        return true;
    }

    /// <summary>Puts an image's bytes in place of state and memory. The caller holds the image.</summary>
    /// <returns>False when the machine refuses; the slot cannot be used any more then.</returns>
    public bool TryRestore(RegionSnapshot image)
    {
        // What is mapped is the root always, so that images of one root follow each other without a new mapping.
        var root = image.Root;
        if (_mapped is not null && _mapped != root && !TryReset())
        {
            return false;
        }

        if (_mapped is not null)
        {
            return TryRevert(image);
        }

        _copies = root == _copied ? _copies + 1 : 1;
        _copied = root;

        // Copying to pages that are not there costs a fault for each, mapping only for those that are written.
        var isWorthMapping = _copies > CopiesBeforeMapping || ResidentBytes < image.TotalBytes / 2;
        if (root.CanBeMapped
            && (root.TotalBytes > LargestCopyBytes || (isWorthMapping && PrivatePages.IsAvailable)))
        {
            if (!TryMap(root))
            {
                return false;
            }

            image.Differences?.CopyTo(Base - root.StateBytes);
            return true;
        }

        // Whatever is opened here is overwritten below.
        if (!TryOpenFront(image.StateBytes, clear: false)
            || !(image.ByteLength < Length ? TryShrink(image.ByteLength) : TryGrow(image.ByteLength, clear: false)))
        {
            return false;
        }

        image.CopyTo(Base - image.StateBytes);
        return true;
    }

    /// <summary>
    /// Goes from one image, which the slot holds exactly, to another one of the same root, by the pages in which they differ
    /// from it. The caller holds the new image.
    /// </summary>
    /// <returns>False when that is not how things are; nothing was done then.</returns>
    public bool TryChange(RegionSnapshot? present, RegionSnapshot image)
    {
        if (present is null || _mapped is null || _mapped != present.Root || _mapped != image.Root || Length != image.ByteLength)
        {
            return false;
        }

        var start = Base - image.StateBytes;
        present.Differences?.Revert(start, image.Root.Bytes);
        image.Differences?.CopyTo(start);
        return true;
    }

    /// <summary>The pages of the slot that may differ from an image, in order; null when that is not known.</summary>
    public List<int>? PagesOtherThan(RegionSnapshot image)
    {
        var pages = new List<int>();
        return _mapped == image.Root && PrivatePages.TryList(Base - image.StateBytes, image.TotalBytes, pages) ? pages : null;
    }

    /// <summary>Has nothing open and nothing resident, as if it had just been reserved.</summary>
    public bool TryReset()
    {
        if (_open + _openFront > 0)
        {
            var start = (nint)(Base - _openFront);
            var length = (nuint)(_openFront + Math.Max(_open, _dirty));
            if (Native.Map(start, length, Native.ProtectNone, Native.MapReserve | Native.MapFixed, -1, 0) == -1)
            {
                _torn = true;
                return false;
            }
        }

        _mapped = _copied = null;
        _open = _openFront = _dirty = _dirtyFront = Length = 0;
        return true;
    }

    /// <summary>Makes a slot without a user ready to wait for the next one, with some pages left resident.</summary>
    public bool TryRest()
    {
        if (_dirtyFront > KeptAtRestBytes || _mapped?.TotalBytes > KeptAtRestBytes)
        {
            return TryReset();
        }

        if (_mapped is not null)
        {
            // The next instance of the image has only to write over what this one wrote.
            return TryShrink(_mapped.ByteLength);
        }

        Trim(KeptAtRestBytes);
        Length = 0;
        return true;
    }

    /// <summary>Gives the address space back. Nobody may use the slot any more.</summary>
    public void Release()
    {
        if (_torn)
        {
            // Nothing is known about the pages, so the address space stays taken for good.
            return;
        }

        if (_mapping != 0)
        {
            _ = Native.Unmap(_mapping, _mappingLength);
        }
        else if (TryReset())
        {
            GuardArena.Return((nint)Base);
        }
    }

    private bool TryMap(RegionSnapshot image)
    {
        if (image.ByteLength < Length && !TryShrink(image.ByteLength))
        {
            return false;
        }

        var start = (nint)(Base - image.StateBytes);
        var length = (nuint)image.TotalBytes;
        const int Flags = Native.MapPrivate | Native.MapFixed;
        if (Native.Map(start, length, Native.ProtectReadWrite, Flags, image.File, 0) == -1)
        {
            _torn = true;
            return false;
        }

        _mapped = image;
        _openFront = _dirtyFront = Math.Max(_openFront, image.StateBytes);
        _open = Math.Max(_open, image.ByteLength);
        _dirty = Math.Max(_dirty, image.ByteLength);
        Length = image.ByteLength;
        return true;
    }

    // Pages that were written since the mapping get the image's bytes again, or are dropped so that the file's are seen.
    private bool TryRevert(RegionSnapshot image)
    {
        if (!TryShrink(image.ByteLength))
        {
            return false;
        }

        var start = Base - image.StateBytes;
        if (image.TotalBytes <= LargestAskedBytes
            && PrivatePages.TryRevert(start, image.Root.Bytes, image.TotalBytes, KeptPages, image.Differences))
        {
            return true;
        }

        if (Native.Advise((nint)start, (nuint)image.TotalBytes, Native.AdviseDontNeed) != 0)
        {
            return false;
        }

        image.Differences?.CopyTo(start);
        return true;
    }

    // What the next growth is unlikely to need goes back to the machine.
    private void Trim(ulong kept)
    {
        if (_dirty > kept && Native.Advise((nint)(Base + kept), (nuint)(_dirty - kept), Native.AdviseDontNeed) == 0)
        {
            _dirty = kept;
        }
    }

    private void Clear(long from, long to)
    {
        var length = (nuint)Math.Max(to - from, 0);
        if (length > LargestClearBytes
            && Native.Advise((nint)(Base + from), length, Native.AdviseDontNeed) == 0)
        {
            return;
        }

        NativeMemory.Clear(Base + from, length);
    }
}

using Larder.Wasm.Runtime;

namespace Larder.Wasm;

/// <summary>A linear memory of a store. Like the store, for one thread at a time.</summary>
public sealed unsafe class WasmMemory
{
    private readonly MemoryRegion _region;
    private readonly ulong _capacityPages;

    internal WasmMemory(Store store, MemoryType type, MemoryRegion region, ulong capacityPages)
    {
        Store = store;
        Type = type;
        _region = region;
        _capacityPages = capacityPages;
    }

    /// <summary>Creates a memory that instances of the store can import.</summary>
    /// <exception cref="WasmException">It is beyond the store's limits, or the machine has no room for it.</exception>
    public WasmMemory(Store store, MemoryType type)
        : this(
            store ?? throw new ArgumentNullException(nameof(store)),
            type,
            CreateRegion(store, type, GuardTraps.IsAvailable && !type.Is64, 16, image: null, out var capacity),
            capacity)
    {
    }

    /// <summary>The store that it belongs to.</summary>
    public Store Store { get; }

    /// <summary>Its type as declared; the present size is <see cref="Pages"/>.</summary>
    public MemoryType Type { get; }

    /// <summary>Its present size in pages of 64 KiB.</summary>
    public ulong Pages => ByteLength / MemoryRegion.PageBytes;

    /// <summary>Its present size in bytes.</summary>
    public ulong ByteLength
    {
        get
        {
            Store.ThrowIfDisposed();
            return _region.ByteLength;
        }
    }

    internal byte* Base => _region.Base;

    internal MemoryRegion Region => _region;

    internal bool HasGuard { get; init; } = GuardTraps.IsAvailable;

    /// <summary>A window of the memory. It stays valid when the memory grows, and must not outlive the store.</summary>
    /// <param name="address">Byte offset of the window.</param>
    /// <param name="length">Bytes of the window.</param>
    /// <exception cref="ArgumentOutOfRangeException">The window reaches beyond the memory.</exception>
    public Span<byte> Span(ulong address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var size = ByteLength;
        if (address > size || size - address < (ulong)length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(address), address, $"{length} bytes from there reach beyond the memory of {size} bytes.");
        }

        return new Span<byte>(_region.Base + address, length);
    }

    /// <summary>Grows the memory by zeroed pages.</summary>
    /// <returns>Its previous size in pages; -1 when that is beyond its maximum, the store's limit or the machine.</returns>
    public long Grow(ulong pages)
    {
        Store.ThrowIfDisposed();
        return GrowRaw(pages);
    }

    // Zeros, or an image of a memory of this type.
    internal static MemoryRegion CreateRegion(
        Store store, MemoryType type, bool guard, int stateBytes, RegionSnapshot? image, out ulong capacity)
    {
        store.ThrowIfDisposed();
        var most = type.Is64 ? ulong.MaxValue : Math.Max(MemoryRegion.UndeclaredMaximumPages32, type.Limits.Minimum);
        capacity = Math.Min(type.Limits.Maximum ?? most, store.Options.MemoryPages);
        var pages = image is null ? type.Limits.Minimum : image.ByteLength / MemoryRegion.PageBytes;
        if (pages > store.Options.MemoryPages)
        {
            throw new WasmException(
                WasmErrorKind.LimitExceeded,
                $"a memory starts with {pages} pages, the store allows {store.Options.MemoryPages}");
        }

        var mode = guard ? MemoryMode.Guard : MemoryMode.Explicit;
        var region = image is null
            ? MemoryRegion.Create(mode, stateBytes, pages, capacity)
            : MemoryRegion.Create(mode, image, capacity);
        store.Own(region);
        return region;
    }

    internal long GrowRaw(ulong pages)
    {
        var present = _region.ByteLength / MemoryRegion.PageBytes;
        if (pages > _capacityPages - present)
        {
            return -1;
        }

        var before = _region.Grow(pages);
        return before >= 0 || !Store.Options.StrictGrowth
            ? before
            : throw new WasmException(
                WasmErrorKind.Unavailable,
                $"the machine has no room for a memory to grow from {present} by {pages} pages, within its limit of {_capacityPages}");
    }
}

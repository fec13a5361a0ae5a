using System.Runtime.InteropServices;
using Larder.Indexer.Merkle;

namespace Larder.Bench.Indexer;

/// <summary>Pages in slabs of memory, found by a dictionary: as little as a page store can cost. Counts what passes.</summary>
internal sealed class SlabPages : IPageStore
{
    private const int SlabBytes = 1 << 20;

    private readonly Dictionary<UInt128, Place> _places = [];
    private readonly List<byte[]> _slabs = [];
    private readonly Lock _gate = new();
    private int _free = SlabBytes;
    private long _reads;

    internal int Pages => _places.Count;

    internal long StoredBytes { get; private set; }

    internal long Reads => _reads;

    internal long Writes { get; private set; }

    internal long WrittenBytes { get; private set; }

    public int Read(ReadOnlySpan<byte> key, Span<byte> page, out ulong version)
    {
        version = 0;
        var number = NumberOf(key);
        lock (_gate)
        {
            _reads++;
            if (!_places.TryGetValue(number, out var place))
            {
                return -1;
            }

            _slabs[place.Slab].AsSpan(place.Offset, place.Length).CopyTo(page);
            return place.Length;
        }
    }

    public int WriteDifference(ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer, Span<byte> destination) => 0;

    public void Write(in PageWrite write)
    {
        using var held = _gate.EnterScope();
        var key = write.Key;
        var page = write.Page;
        if (page.IsEmpty)
        {
            Delete(key);
            return;
        }

        Writes++;
        WrittenBytes += key.Length + page.Length;
        ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, NumberOf(key), out _);
        StoredBytes += page.Length - place.Length;
        if (place.Capacity < page.Length)
        {
            if (SlabBytes - _free < page.Length + 64)
            {
                _slabs.Add(new byte[SlabBytes]);
                _free = 0;
            }

            place.Slab = _slabs.Count - 1;
            place.Offset = _free;
            place.Capacity = (short)(page.Length + 64);
            _free += place.Capacity;
        }

        place.Length = (short)page.Length;
        page.CopyTo(_slabs[place.Slab].AsSpan(place.Offset));
    }

    private void Delete(ReadOnlySpan<byte> key)
    {
        _places.Remove(NumberOf(key), out var place);
        StoredBytes -= place.Length;
    }

    internal void ResetCounts() => (_reads, Writes, WrittenBytes) = (0, 0, 0);

    private static UInt128 NumberOf(ReadOnlySpan<byte> key)
    {
        UInt128 number = 1;
        foreach (var part in key[MerklePage.TreeBytes..])
        {
            number = (number << MerklePage.SlotBits) | part;
        }

        return number;
    }

    private struct Place
    {
        internal int Slab;
        internal int Offset;
        internal short Length;
        internal short Capacity;
    }
}

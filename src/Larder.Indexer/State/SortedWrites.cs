using System.Buffers.Binary;
using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>The writes of a block in the order of their keys, of each key the last.</summary>
internal sealed class SortedWrites : IDisposable
{
    private readonly List<ReadOnlyMemory<byte>> _values = [];

    public SortedWrites(IReadOnlyList<StateWrite> writes)
    {
        var order = new Place[writes.Count];
        for (var i = 0; i < order.Length; i++)
        {
            var key = writes[i].Key.Span;
            order[i] = new Place(BeginningOf(key), i);
        }

        order.AsSpan().Sort(new Comparer(writes));
        for (var i = 0; i < order.Length; i++)
        {
            var write = writes[order[i].Index];
            if (i + 1 < order.Length && order[i].Beginning == order[i + 1].Beginning
                && write.Key.Span.SequenceEqual(writes[order[i + 1].Index].Key.Span))
            {
                continue;
            }

            Keys.Add(write.Key.Span);
            _values.Add(write.Value);
        }
    }

    public PackedKeys Keys { get; } = new();

    public int Count => _values.Count;

    public ReadOnlySpan<byte> Value(int index) => _values[index].Span;

    /// <inheritdoc/>
    public void Dispose() => Keys.Dispose();

    private static ulong BeginningOf(ReadOnlySpan<byte> key)
    {
        if (key.Length >= sizeof(ulong))
        {
            return BinaryPrimitives.ReadUInt64BigEndian(key);
        }

        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        key.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }

    private readonly record struct Place(ulong Beginning, int Index);

    private readonly struct Comparer(IReadOnlyList<StateWrite> writes) : IComparer<Place>
    {
        public int Compare(Place x, Place y)
        {
            if (x.Beginning != y.Beginning)
            {
                return x.Beginning < y.Beginning ? -1 : 1;
            }

            var order = writes[x.Index].Key.Span.SequenceCompareTo(writes[y.Index].Key.Span);
            return order != 0 ? order : x.Index.CompareTo(y.Index);
        }
    }
}

namespace Larder.Indexer.State;

/// <summary>A chunk of a list of pages, taken apart so that its entries can be found. For one thread.</summary>
internal sealed class PageUndoChunk
{
    private readonly List<Entry> _entries = [];
    private readonly ScratchBuffer _key = new();
    private byte[] _bytes = [];

    /// <summary>Takes a chunk apart instead of what was there.</summary>
    public void Load(ReadOnlySpan<byte> chunk)
    {
        _entries.Clear();
        if (_bytes.Length < chunk.Length)
        {
            _bytes = new byte[chunk.Length];
        }

        chunk.CopyTo(_bytes);
        var rest = chunk;
        var length = 0;
        while (!rest.IsEmpty)
        {
            var (superseded, _) = PageUndoFormat.ReadEntry(ref rest, _key, ref length);
            var key = _key.Take(length);
            var order = PageOrder.Of(key);
            var start = chunk.Length - rest.Length;
            PageDelta.Read(ref rest, default, null);
            _entries.Add(new Entry(order, order == PageOrder.None ? key.ToArray() : null, superseded, start, chunk.Length - rest.Length - start));
        }
    }

    /// <summary>The entry of a page; false where the chunk has none.</summary>
    public bool TryFind(ulong order, ReadOnlySpan<byte> key, out Entry entry)
    {
        // Keys that have numbers are in the order of these; the few others are compared one by one.
        if (order == PageOrder.None)
        {
            foreach (var other in _entries)
            {
                if (other.Key is not null && key.SequenceEqual(other.Key))
                {
                    entry = other;
                    return true;
                }
            }
        }
        else if (_entries.Count > 0 && order >= _entries[0].Order)
        {
            var (low, high) = (0, _entries.Count - 1);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _entries[middle].Order < order ? (middle + 1, high) : (low, middle);
            }

            entry = _entries[low];
            return entry.Order == order || TryFindAmongLong(order, out entry);
        }

        entry = default;
        return order != PageOrder.None && TryFindAmongLong(order, out entry);
    }

    /// <summary>What an entry says of the page's content, for <see cref="PageDelta.Read"/>.</summary>
    public ReadOnlySpan<byte> Delta(in Entry entry) => _bytes.AsSpan(entry.Start, entry.Length);

    // Between keys without numbers the search by halves may go astray.
    private bool TryFindAmongLong(ulong order, out Entry entry)
    {
        entry = default;
        if (!_entries.Exists(static other => other.Key is not null))
        {
            return false;
        }

        entry = _entries.Find(other => other.Order == order);
        return entry.Length > 0;
    }

    /// <summary>An entry.</summary>
    /// <param name="Order">Number of the page's key.</param>
    /// <param name="Key">The key, where it has no number.</param>
    /// <param name="Superseded">The commit that wrote the page before.</param>
    /// <param name="Start">Where the delta begins.</param>
    /// <param name="Length">Its length, at least 1.</param>
    internal readonly record struct Entry(ulong Order, byte[]? Key, ulong Superseded, int Start, int Length);
}

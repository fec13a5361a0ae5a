using System.Collections.Concurrent;
using Larder.Indexer.Engines;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>
/// The pages of the trees at a generation's tip, with the changes of one commit kept aside. What was read is remembered, within
/// bounds, for the list that undoes the commit. Used again for the next commit, with its memory.
/// </summary>
internal sealed class StatePages : IPageStore, IDisposable
{
    private const int RememberedBytes = 24 << 20;
    private const int KeptBytes = 64 << 20;

    private readonly ConcurrentBag<PageReader> _readers = [];
    private readonly List<Page> _changed = [];
    private readonly Lock _gate = new();

    // Guarded by _gate while pages are read, and the writer's afterwards.
    private readonly Dictionary<ulong, (ulong Version, int Start, int Length)> _read = [];
    private byte[] _bytes = [];
    private int _length;
    private StoreGeneration? _generation;

    /// <summary>Begins with a generation, which the caller holds until <see cref="End"/>.</summary>
    public void Begin(StoreGeneration generation) => _generation = generation;

    /// <summary>Forgets the generation and all that was read and changed.</summary>
    public void End()
    {
        Dispose();
        _generation = null;
        _read.Clear();
        _changed.Clear();
        _length = 0;
        if (_bytes.Length > KeptBytes)
        {
            _bytes = [];
        }
    }

    /// <inheritdoc/>
    public int Read(ReadOnlySpan<byte> key, Span<byte> page)
    {
        if (!_readers.TryTake(out var reader))
        {
            reader = NewReader();
        }

        var found = reader.Get(key, out var version);
        var length = found.IsEmpty ? -1 : found.Length;
        if (length <= page.Length)
        {
            found.CopyTo(page);
            Remember(key, version, found);
        }

        _readers.Add(reader);
        return length;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> page)
    {
        var start = Append(key);
        Append(page);
        _changed.Add(new Page(PageOrder.Of(key), start, key.Length, page.Length));
    }

    /// <inheritdoc/>
    public void Delete(ReadOnlySpan<byte> key) => Write(key, []);

    /// <summary>Writes what changed where nothing is to be taken back ever.</summary>
    public void WriteFirst(StoreBatch batch, ulong sequence)
    {
        var scratch = new ScratchBuffer();
        foreach (var page in _changed)
        {
            if (page.ValueLength == 0)
            {
                batch.Delete(StoreFamily.Pages, KeyOf(page));
            }
            else
            {
                batch.Put(StoreFamily.Pages, KeyOf(page), VersionFormat.Latest(scratch, sequence, ValueOf(page)));
            }
        }
    }

    /// <summary>Writes what changed as one commit's, with the list that undoes it.</summary>
    public void Write(StoreBatch batch, ulong sequence)
    {
        _changed.Sort(Compare);
        var undo = new PageUndoWriter(batch, sequence);
        var scratch = new ScratchBuffer();
        using var reader = NewReader();
        for (var i = 0; i < _changed.Count; i++)
        {
            var page = _changed[i];
            var key = KeyOf(page);
            if (i + 1 < _changed.Count && key.SequenceEqual(KeyOf(_changed[i + 1])))
            {
                continue;
            }

            scoped ReadOnlySpan<byte> older;
            ulong superseded;
            if (page.Order != PageOrder.None && _read.TryGetValue(page.Order, out var read))
            {
                older = _bytes.AsSpan(read.Start, read.Length);
                superseded = read.Version;
            }
            else
            {
                older = reader.Get(key, out superseded);
            }

            var newer = ValueOf(page);
            if (!newer.SequenceEqual(older))
            {
                batch.Put(StoreFamily.Pages, key, VersionFormat.Latest(scratch, sequence, newer));
                undo.Add(key, superseded, older, newer);
            }
        }

        undo.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private PageReader NewReader()
    {
        var generation = _generation ?? throw new InvalidOperationException("No commit is under way.");
        return new PageReader(generation.Snapshot, generation.Sequence, generation.Header.Dead);
    }

    private void Remember(ReadOnlySpan<byte> key, ulong version, ReadOnlySpan<byte> content)
    {
        var order = PageOrder.Of(key);
        if (order != PageOrder.None)
        {
            lock (_gate)
            {
                if (_length < RememberedBytes && !_read.ContainsKey(order))
                {
                    _read[order] = (version, Append(content), content.Length);
                }
            }
        }
    }

    private int Append(ReadOnlySpan<byte> bytes)
    {
        var start = _length;
        var end = checked(start + bytes.Length);
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(end, Math.Max(64L << 10, 2L * _bytes.Length))));
        }

        bytes.CopyTo(_bytes.AsSpan(start));
        _length = end;
        return start;
    }

    // Within one key the later write comes last.
    private int Compare(Page x, Page y)
    {
        var order = x.Order != PageOrder.None && y.Order != PageOrder.None
            ? x.Order.CompareTo(y.Order)
            : KeyOf(x).SequenceCompareTo(KeyOf(y));
        return order != 0 ? order : x.Start.CompareTo(y.Start);
    }

    private ReadOnlySpan<byte> KeyOf(Page page) => _bytes.AsSpan(page.Start, page.KeyLength);

    private ReadOnlySpan<byte> ValueOf(Page page) => _bytes.AsSpan(page.Start + page.KeyLength, page.ValueLength);

    private readonly record struct Page(ulong Order, int Start, int KeyLength, int ValueLength);
}

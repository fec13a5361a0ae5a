using System.Collections.Concurrent;
using Larder.Indexer.Engines;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>
/// The pages of the trees at a generation's tip. What a tree writes goes into the batch of a commit at once; what undoes it is
/// kept until all trees are done, in the order of the pages. Used again for the next commit, with its memory.
/// </summary>
/// <remarks>What was read is remembered, within bounds, because it is what undoing needs. A tree writes a page once.</remarks>
internal sealed class StatePages : IPageStore, IDisposable
{
    private const int RememberedBytes = 16 << 20;

    private readonly ConcurrentBag<PageReader> _readers = [];
    private readonly List<Undo> _undo = [];
    private readonly ScratchBuffer _scratch = new();
    private readonly Lock _gate = new();

    // Guarded by _gate while pages are read, and the writer's afterwards.
    private readonly Dictionary<ulong, (ulong Version, long Place, int Length)> _read = [];
    private readonly ChunkedBytes _bytes = new();

    private StoreGeneration? _generation;
    private StoreBatch? _batch;
    private PageReader? _reader;
    private ulong _sequence;
    private bool _undoes;

    /// <summary>Begins a commit.</summary>
    /// <param name="generation">What is read; held by the caller until <see cref="End"/>.</param>
    /// <param name="batch">Where writes go.</param>
    /// <param name="sequence">The commit's.</param>
    /// <param name="undoes">Whether the commit may be taken back.</param>
    public void Begin(StoreGeneration generation, StoreBatch batch, ulong sequence, bool undoes = true)
    {
        (_generation, _batch, _sequence, _undoes) = (generation, batch, sequence, undoes);
        _reader = NewReader();
    }

    /// <summary>Forgets the generation and all that was read and changed.</summary>
    public void End()
    {
        Dispose();
        (_generation, _batch, _reader) = (null, null, null);
        _read.Clear();
        _undo.Clear();
        _bytes.Clear();
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
        var batch = _batch!; // A tree writes between Begin and End.
        if (!_undoes)
        {
            if (page.IsEmpty)
            {
                batch.Delete(StoreFamily.Pages, key);
            }
            else
            {
                batch.Put(StoreFamily.Pages, key, VersionFormat.Latest(_scratch, _sequence, page));
            }

            return;
        }

        var order = PageOrder.Of(key);
        scoped ReadOnlySpan<byte> older;
        ulong superseded;
        if (order != PageOrder.None && _read.TryGetValue(order, out var read))
        {
            older = _bytes.Get(read.Place, read.Length);
            superseded = read.Version;
        }
        else
        {
            older = _reader!.Get(key, out superseded);
        }

        if (!page.SequenceEqual(older))
        {
            batch.Put(StoreFamily.Pages, key, VersionFormat.Latest(_scratch, _sequence, page));
            var room = _bytes.Reserve(key.Length + older.Length + PageDelta.MaxOverhead, out var place);
            key.CopyTo(room);
            var length = PageDelta.Write(room[key.Length..], older, page);
            _bytes.Take(key.Length + length);
            _undo.Add(new Undo(order, superseded, place, key.Length, length, page.IsEmpty));
        }
    }

    /// <inheritdoc/>
    public void Delete(ReadOnlySpan<byte> key) => Write(key, []);

    /// <summary>Writes the list that undoes what was written.</summary>
    public void WriteUndo()
    {
        _undo.Sort(Compare);
        var writer = new PageUndoWriter(_batch!, _sequence); // Called between Begin and End.
        foreach (var undo in _undo)
        {
            writer.Add(KeyOf(undo), undo.Superseded, undo.Deletes, _bytes.Get(undo.Place + undo.KeyLength, undo.Length));
        }

        writer.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader?.Dispose();
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
        if (order == PageOrder.None || !_undoes)
        {
            return;
        }

        lock (_gate)
        {
            if (_bytes.Length < RememberedBytes && !_read.ContainsKey(order))
            {
                content.CopyTo(_bytes.Reserve(content.Length, out var place));
                _bytes.Take(content.Length);
                _read[order] = (version, place, content.Length);
            }
        }
    }

    private int Compare(Undo x, Undo y) => x.Order != PageOrder.None && y.Order != PageOrder.None
        ? x.Order.CompareTo(y.Order)
        : KeyOf(x).SequenceCompareTo(KeyOf(y));

    private ReadOnlySpan<byte> KeyOf(Undo undo) => _bytes.Get(undo.Place, undo.KeyLength);

    // What undoes the write of one page: its key and what differs, side by side.
    private readonly record struct Undo(ulong Order, ulong Superseded, long Place, int KeyLength, int Length, bool Deletes);
}

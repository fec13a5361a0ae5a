using System.Collections.Concurrent;
using System.Diagnostics;
using Larder.Indexer.Engines;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>
/// The pages of the trees at a generation's tip. What a tree writes goes into the batch of a commit at once; what undoes it is
/// kept until all trees are done, in the order of the pages. Used again for the next commit, with its memory.
/// </summary>
/// <remarks>A tree reads a page before it overwrites it, and says then what undoing needs. It writes a page once.</remarks>
internal sealed class StatePages : IPageStore, IDisposable
{
    private readonly ConcurrentBag<PageReader> _readers = [];
    private readonly List<Undo> _undo = [];
    private readonly ScratchBuffer _scratch = new();
    private readonly byte[] _difference = new byte[MerklePage.MaxDifferenceBytes];
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
        _undo.Clear();
        _bytes.Clear();
    }

    /// <inheritdoc/>
    public int Read(ReadOnlySpan<byte> key, Span<byte> page, out ulong version)
    {
        if (!_readers.TryTake(out var reader))
        {
            reader = NewReader();
        }

        var found = reader.Get(key, out version);
        if (found.Length <= page.Length)
        {
            found.CopyTo(page);
        }

        _readers.Add(reader);
        return found.IsEmpty ? -1 : found.Length;
    }

    /// <inheritdoc/>
    public int WriteDifference(ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer, Span<byte> destination)
    {
        Debug.Assert(destination.Length >= older.Length + PageDelta.MaxOverhead, "A difference has more room than it can take.");
        return _undoes ? PageDelta.Write(destination, older, newer) : 0;
    }

    /// <inheritdoc/>
    public void Write(in PageWrite write)
    {
        var batch = _batch!; // A tree writes between Begin and End.
        var key = write.Key;
        var page = write.Page;
        if (!_undoes && page.IsEmpty)
        {
            batch.Delete(StoreFamily.Pages, key);
            return;
        }

        batch.Put(StoreFamily.Pages, key, VersionFormat.Latest(_scratch, _sequence, page));
        if (!_undoes)
        {
            return;
        }

        // A page that the tree did not have may have been there long ago: that, too, is to be found again.
        var superseded = write.Before.Version;
        var delta = write.Before.Difference;
        if (!write.Before.WasRead)
        {
            var older = _reader!.Get(key, out superseded); // Made by Begin.
            var length = PageDelta.Write(_difference, older, page);
            delta = _difference.AsSpan(0, length);
        }

        var room = _bytes.Reserve(key.Length + delta.Length, out var place);
        key.CopyTo(room);
        delta.CopyTo(room[key.Length..]);
        _bytes.Take(key.Length + delta.Length);
        _undo.Add(new Undo(PageOrder.Of(key), superseded, place, key.Length, delta.Length, page.IsEmpty));
    }

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

    private int Compare(Undo x, Undo y) => x.Order != PageOrder.None && y.Order != PageOrder.None
        ? x.Order.CompareTo(y.Order)
        : KeyOf(x).SequenceCompareTo(KeyOf(y));

    private ReadOnlySpan<byte> KeyOf(Undo undo) => _bytes.Get(undo.Place, undo.KeyLength);

    // What undoes the write of one page: its key and what differs, side by side.
    private readonly record struct Undo(ulong Order, ulong Superseded, long Place, int KeyLength, int Length, bool Deletes);
}

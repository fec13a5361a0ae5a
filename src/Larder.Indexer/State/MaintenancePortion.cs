using System.Buffers.Binary;
using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>
/// A bounded part of the cleaning up after rollbacks and pruning, by undo lists: those of dead commits from the newest down,
/// then those of live commits that left the kept window from the oldest up. A list is deleted with the work that it asked for,
/// so that what is left to do is what lists are left.
/// </summary>
/// <remarks>
/// A dead commit's version of a key is deleted; where it is the newest of its key, the newest that counts takes its place. Of a
/// live commit the versions that it superseded are deleted, and its deletions, which nothing older hides behind any more. No
/// two lists of a portion touch one version, so that all of them can be read from one snapshot.
/// </remarks>
internal sealed class MaintenancePortion(StoreGeneration generation, StoreBatch batch, int budget) : IDisposable
{
    private readonly PackedKeys _keys = new();
    private readonly List<ulong> _superseded = [];
    private readonly StoreValues _found = new();
    private readonly StoreValue _value = new();
    private readonly ScratchBuffer _scratch = new();
    private readonly ScratchBuffer _entryKey = new();
    private readonly VersionReader _values = new(generation.Snapshot, ulong.MaxValue, generation.Header.Dead);
    private readonly PageReader _pages = new(generation.Snapshot, ulong.MaxValue, generation.Header.Dead);
    private int _budget = budget;

    /// <summary>Whether there was nothing to do.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Fills the batch.</summary>
    /// <returns>The header, without the dead intervals that are swept then.</returns>
    public StoreHeader Run(CancellationToken cancellationToken)
    {
        var header = generation.Header;
        using var lists = generation.Snapshot.Iterate(StoreFamily.Undo);
        for (var i = header.Dead.All.Length - 1; i >= 0; i--)
        {
            var interval = generation.Header.Dead.All[i];
            if (!Sweep(lists, interval, cancellationToken))
            {
                return header;
            }

            header = header with { Dead = header.Dead.Without(interval) };
        }

        Prune(lists, cancellationToken);
        return header;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys.Dispose();
        _found.Dispose();
        _value.Dispose();
        _values.Dispose();
        _pages.Dispose();
    }

    private static byte[] Bound(ulong sequence)
    {
        var bound = new byte[VersionFormat.SequenceBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bound, sequence);
        return bound;
    }

    // False when the budget ended first.
    private bool Sweep(StoreIterator lists, DeadInterval interval, CancellationToken cancellationToken)
    {
        lists.SeekBackward(Bound(interval.Last + 1));
        while (lists.IsValid)
        {
            var (sequence, ofPages) = UndoFormat.ParseKey(lists.Key);
            if (sequence < interval.First)
            {
                break;
            }

            if (_budget <= 0)
            {
                return false;
            }

            cancellationToken.ThrowIfCancellationRequested();
            Take(lists, ofPages);
            if (ofPages)
            {
                SweepPages(sequence);
            }
            else
            {
                SweepKeys(sequence);
            }

            batch.Delete(StoreFamily.Undo, lists.Key);
            lists.Previous();
        }

        return true;
    }

    private void Prune(StoreIterator lists, CancellationToken cancellationToken)
    {
        var last = generation.Header.PrunedSequence;
        for (lists.Seek([]); _budget > 0 && lists.IsValid; lists.Next())
        {
            var (sequence, ofPages) = UndoFormat.ParseKey(lists.Key);
            if (sequence > last)
            {
                return;
            }

            // A dead commit's list is not there any more, or the portion is over.
            if (generation.Header.Dead.Contains(sequence))
            {
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            Take(lists, ofPages);
            if (ofPages)
            {
                PrunePages(sequence);
            }
            else
            {
                PruneKeys(sequence);
            }

            batch.Delete(StoreFamily.Undo, lists.Key);
        }
    }

    private void Take(StoreIterator lists, bool ofPages)
    {
        _keys.Clear();
        _superseded.Clear();
        if (ofPages)
        {
            TakePages(lists.Value);
        }
        else
        {
            UndoFormat.Read(lists.Value, _keys, _superseded);
        }

        _budget -= _keys.Count;
        IsEmpty = false;
    }

    // Of pages only those are looked at that the commit deleted, by a mark where others have what was superseded.
    private void TakePages(ReadOnlySpan<byte> chunk)
    {
        var length = 0;
        while (!chunk.IsEmpty)
        {
            var (_, deletes) = PageUndoFormat.ReadEntry(ref chunk, _entryKey, ref length);
            PageDelta.Read(ref chunk, default, null);
            _keys.Add(_entryKey.Take(length));
            _superseded.Add(deletes ? 1UL : 0);
        }
    }

    private void SweepKeys(ulong sequence)
    {
        generation.Snapshot.GetMany(StoreFamily.Values, _keys, 0, _keys.Count, _found);
        for (var i = 0; i < _keys.Count; i++)
        {
            var key = _keys[i];
            if (!_found.TryGet(i, out var latest) || VersionFormat.SequenceOf(latest) != sequence)
            {
                DeleteOld(key, sequence);
            }
            else if (!_values.TryGetOlder(key, out var older, out var value))
            {
                batch.Delete(StoreFamily.Values, key);
            }
            else
            {
                Restore(StoreFamily.Values, key, older, value);
                batch.Delete(StoreFamily.History, VersionFormat.HistoryKey(_scratch, key, older));
            }
        }
    }

    private void SweepPages(ulong sequence)
    {
        generation.Snapshot.GetMany(StoreFamily.Pages, _keys, 0, _keys.Count, _found);
        for (var i = 0; i < _keys.Count; i++)
        {
            if (_found.TryGet(i, out var latest) && VersionFormat.SequenceOf(latest) == sequence)
            {
                var version = sequence;
                var content = _pages.Older(_keys[i], VersionFormat.ValueOf(latest), ref version);
                if (version == 0)
                {
                    batch.Delete(StoreFamily.Pages, _keys[i]);
                }
                else
                {
                    Restore(StoreFamily.Pages, _keys[i], version, content);
                }
            }
        }
    }

    private void DeleteOld(ReadOnlySpan<byte> key, ulong sequence)
    {
        var old = VersionFormat.HistoryKey(_scratch, key, sequence);
        if (generation.Snapshot.TryGet(StoreFamily.History, old, _value))
        {
            batch.Delete(StoreFamily.History, old);
        }
    }

    private void Restore(StoreFamily family, ReadOnlySpan<byte> key, ulong older, ReadOnlySpan<byte> value)
    {
        // A deletion below the kept window hides nothing.
        if (value.IsEmpty && older <= generation.Header.PrunedSequence)
        {
            batch.Delete(family, key);
        }
        else
        {
            batch.Put(family, key, VersionFormat.Latest(_scratch, older, value));
        }
    }

    private void PruneKeys(ulong sequence)
    {
        generation.Snapshot.GetMany(StoreFamily.Values, _keys, 0, _keys.Count, _found);
        for (var i = 0; i < _keys.Count; i++)
        {
            if (_superseded[i] != 0)
            {
                batch.Delete(StoreFamily.History, VersionFormat.HistoryKey(_scratch, _keys[i], _superseded[i]));
            }

            _found.TryGet(i, out var latest);
            DeleteDeletion(StoreFamily.Values, _keys[i], latest, sequence);
        }
    }

    private void PrunePages(ulong sequence)
    {
        for (var i = 0; i < _keys.Count; i++)
        {
            if (_superseded[i] != 0 && generation.Snapshot.TryGet(StoreFamily.Pages, _keys[i], _value))
            {
                DeleteDeletion(StoreFamily.Pages, _keys[i], _value.Span, sequence);
            }
        }
    }

    private void DeleteDeletion(StoreFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> latest, ulong sequence)
    {
        if (latest.Length == VersionFormat.SequenceBytes && VersionFormat.SequenceOf(latest) == sequence)
        {
            batch.Delete(family, key);
        }
    }
}

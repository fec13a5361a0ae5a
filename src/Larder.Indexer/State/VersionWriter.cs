using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>Writes what one commit changes of the keys of the state, and what undoes it, into a batch.</summary>
internal sealed class VersionWriter(StoreGeneration generation, ulong sequence, StoreBatch batch) : IDisposable
{
    private const int LookupKeys = 1024;

    private readonly VersionReader _reader = new(generation.Snapshot, generation.Sequence, generation.Header.Dead);
    private readonly UndoWriter _undo = new(batch, sequence);
    private readonly StoreValues _found = new();
    private readonly ScratchBuffer _scratch = new();

    /// <summary>The new value of a key by its number; empty to delete it.</summary>
    public delegate ReadOnlySpan<byte> NewValue(int index);

    /// <summary>Told of each key that changes: its number and the value that it had, empty for none.</summary>
    public delegate void Changed(int index, ReadOnlySpan<byte> before);

    /// <summary>Writes keys that ascend; what is as it was is not written.</summary>
    public void Write(PackedKeys keys, NewValue newValue, Changed changed, CancellationToken cancellationToken)
    {
        for (var start = 0; start < keys.Count; start += LookupKeys)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(LookupKeys, keys.Count - start);
            generation.Snapshot.GetMany(StoreFamily.Values, keys, start, count, _found);
            for (var i = 0; i < count; i++)
            {
                _found.TryGet(i, out var latest);
                Write(keys[start + i], latest, newValue(start + i), start + i, changed);
            }
        }

        _undo.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _found.Dispose();
        _reader.Dispose();
    }

    private void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> latest, ReadOnlySpan<byte> value, int index, Changed changed)
    {
        ReadOnlySpan<byte> before = default;
        var superseded = 0UL;
        var moves = false;
        if (!latest.IsEmpty)
        {
            superseded = VersionFormat.SequenceOf(latest);
            moves = _reader.Counts(superseded);
            if (moves)
            {
                before = VersionFormat.ValueOf(latest);
            }
            else
            {
                // What a rollback left is overwritten and forgotten; the version that counts is among the old ones already.
                _reader.TryGetOlder(key, out superseded, out before);
            }
        }

        if (value.SequenceEqual(before))
        {
            return;
        }

        changed(index, before);
        if (moves)
        {
            batch.Put(StoreFamily.History, VersionFormat.HistoryKey(_scratch, key, superseded), before);
        }

        batch.Put(StoreFamily.Values, key, VersionFormat.Latest(_scratch, sequence, value));
        _undo.Add(key, superseded);
    }
}

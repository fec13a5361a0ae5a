using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>Writes which keys a commit wrote, in chunks: each with the sequence that it superseded.</summary>
/// <remarks>A chunk is at most some 64 KiB, so that sweeping and pruning work in small steps. Keys come in ascending order.</remarks>
internal sealed class UndoWriter(StoreBatch batch, ulong sequence)
{
    private const int ChunkBytes = 64 << 10;

    private readonly byte[] _previous = new byte[UndoFormat.MaxSharedBytes];
    private byte[] _chunk = [];
    private int _length;
    private int _previousLength;
    private uint _number;

    /// <summary>Adds a key; 0 where it superseded nothing.</summary>
    public void Add(ReadOnlySpan<byte> key, ulong superseded)
    {
        var shared = _length == 0 ? 0 : key.CommonPrefixLength(_previous.AsSpan(0, _previousLength));
        var needed = _length + key.Length - shared + UndoFormat.MaxEntryBytes;
        if (needed > _chunk.Length)
        {
            Array.Resize(ref _chunk, Math.Max(needed, ChunkBytes + UndoFormat.MaxEntryBytes));
        }

        _length += UndoFormat.Write(_chunk.AsSpan(_length), key, shared, superseded);
        _previousLength = Math.Min(key.Length, UndoFormat.MaxSharedBytes);
        key[.._previousLength].CopyTo(_previous);
        if (_length >= ChunkBytes)
        {
            Flush();
        }
    }

    /// <summary>Writes what is left.</summary>
    public void Flush()
    {
        if (_length > 0)
        {
            Span<byte> key = stackalloc byte[UndoFormat.KeyBytes];
            UndoFormat.WriteKey(key, sequence, _number++);
            batch.Put(StoreFamily.Undo, key, _chunk.AsSpan(0, _length));
            _length = 0;
        }
    }
}

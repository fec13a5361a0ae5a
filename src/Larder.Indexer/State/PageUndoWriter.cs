using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>Writes which pages a commit wrote and what they held before. Pages come in ascending order.</summary>
internal sealed class PageUndoWriter(StoreBatch batch, ulong sequence)
{
    // Reading a page that a rollback left reads a whole chunk; many small ones cost the engine more than they say.
    private const int ChunkBytes = 4 << 10;

    private readonly ScratchBuffer _scratch = new();
    private byte[] _chunk = [];
    private byte[] _last = [];
    private int _lastLength;
    private int _length;

    /// <summary>Adds a page.</summary>
    /// <param name="key">Its key, at most 256 bytes.</param>
    /// <param name="superseded">The sequence that it had; 0 where it was not there.</param>
    /// <param name="deletes">Whether the commit deleted it.</param>
    /// <param name="delta">What it held, as <see cref="PageDelta"/> writes it.</param>
    public void Add(ReadOnlySpan<byte> key, ulong superseded, bool deletes, ReadOnlySpan<byte> delta)
    {
        var needed = _length + key.Length + delta.Length + (3 * VarInt.MaxBytes);
        if (needed > _chunk.Length)
        {
            Array.Resize(ref _chunk, Math.Max(needed, 2 * ChunkBytes));
        }

        var shared = _length == 0 ? 0 : key.CommonPrefixLength(_last.AsSpan(0, _lastLength));
        _length += VarInt.Write(_chunk.AsSpan(_length), (ulong)shared);
        _length += VarInt.Write(_chunk.AsSpan(_length), (ulong)(key.Length - shared));
        key[shared..].CopyTo(_chunk.AsSpan(_length));
        _length += key.Length - shared;
        _length += VarInt.Write(_chunk.AsSpan(_length), (superseded << 1) | (deletes ? 1UL : 0));
        delta.CopyTo(_chunk.AsSpan(_length));
        _length += delta.Length;
        if (_last.Length < key.Length)
        {
            _last = new byte[Math.Max(64, key.Length)];
        }

        key.CopyTo(_last);
        _lastLength = key.Length;
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
            batch.Put(StoreFamily.Undo, PageUndoFormat.WriteKey(_scratch, sequence, _last.AsSpan(0, _lastLength)), _chunk.AsSpan(0, _length));
            _length = 0;
        }
    }
}

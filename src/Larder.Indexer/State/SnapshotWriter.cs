using System.Buffers.Binary;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>Writes a snapshot of a generation's tip.</summary>
internal sealed class SnapshotWriter(Stream destination) : IDisposable
{
    private readonly HashingStream _stream = new(destination);
    private readonly List<byte> _chunk = new(SnapshotFormat.ChunkBytes + 4096);
    private byte[] _previous = [];
    private uint _entries;

    /// <summary>Writes all of it and gives its digest, which is also its end.</summary>
    public Fingerprint Write(StoreGeneration generation, StoredBlock tip, IProgress<StoreProgress>? progress, CancellationToken cancellationToken)
    {
        var header = SnapshotFormat.EncodeHeader(generation.Header, tip);
        _stream.Write(SnapshotFormat.Magic);
        _stream.Write(new FieldWriter().UInt16(SnapshotFormat.Version).UInt16(0).UInt32((uint)header.Length).Bytes(header).Written);
        var keys = 0L;
        foreach (var entry in StateScan.Entries(generation, generation.Sequence, default, long.MaxValue))
        {
            Add(entry);
            keys++;
            if (_chunk.Count >= SnapshotFormat.ChunkBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(new StoreProgress(keys, tip.Keys));
                Flush();
            }
        }

        Flush();
        _stream.Write(new FieldWriter().UInt32(0).UInt32(0).Written);
        var digest = _stream.Digest();
        Span<byte> end = stackalloc byte[SnapshotFormat.DigestBytes];
        digest.CopyTo(end);
        destination.Write(end);
        destination.Flush();
        progress?.Report(new StoreProgress(keys, tip.Keys));
        return digest;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Add(in StateEntry entry)
    {
        var key = entry.Key.Span;
        var shared = key.CommonPrefixLength(_previous);
        Span<byte> numbers = stackalloc byte[3 * VarInt.MaxBytes];
        var length = VarInt.Write(numbers, (ulong)shared);
        length += VarInt.Write(numbers[length..], (ulong)(key.Length - shared));
        length += VarInt.Write(numbers[length..], (ulong)entry.Value.Length);
        _chunk.AddRange(numbers[..length]);
        _chunk.AddRange(key[shared..]);
        _chunk.AddRange(entry.Value.Span);
        _previous = entry.Key.ToArray();
        _entries++;
    }

    private void Flush()
    {
        if (_entries > 0)
        {
            Span<byte> head = stackalloc byte[8];
            BinaryPrimitives.WriteUInt32LittleEndian(head, (uint)_chunk.Count);
            BinaryPrimitives.WriteUInt32LittleEndian(head[4..], _entries);
            _stream.Write(head);
            _stream.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_chunk));
            _chunk.Clear();
            (_entries, _previous) = (0, []);
        }
    }
}

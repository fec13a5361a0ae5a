using System.Buffers;
using Larder.Cache.Artifacts;
using Larder.Cache.Integrity;
using Larder.Cache.Redis.Connections;
using Larder.Cache.Redis.Records;

namespace Larder.Cache.Redis.Streams;

/// <summary>
/// Reads a payload, or a part of it, out of its chunks, a number of which are on their way ahead of the reader. A whole
/// chunk is checked against its checksum before any of it is given out.
/// </summary>
internal sealed class ChunkStream : ReadOnlyForwardStream
{
    private readonly RedisRemoteStore _store;
    private readonly ArtifactKey _key;
    private readonly RecordHead _head;
    private readonly uint[] _checksums;
    private readonly ByteRange _range;
    private readonly int _ahead;
    private readonly Queue<Piece> _coming = new();
    private readonly CancellationTokenSource _closing = new();

    // First payload byte that is not asked for yet.
    private long _asked;
    private Piece? _current;
    private int _taken;
    private bool _isClosed;

    public ChunkStream(RedisRemoteStore store, ArtifactKey key, RecordHead head, uint[] checksums, ByteRange range, int ahead)
    {
        _store = store;
        _key = key;
        _head = head;
        _checksums = checksums;
        _range = range;
        _ahead = ahead;
        _asked = range.Offset;
    }

    /// <summary>Waits for the first piece; false when it is gone, which makes the artifact absent.</summary>
    public async ValueTask<bool> TryBeginAsync(CancellationToken cancellationToken)
    {
        if (await TakeNextAsync(cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        await _store.ForgetAsync(_key, _head.Encoded, cancellationToken).ConfigureAwait(false);
        return false;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return buffer.IsEmpty || _current is not { } piece || _taken == piece.Length
            ? ReadNextAsync(buffer, cancellationToken)
            : new ValueTask<int>(Copy(piece, buffer));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        while (_coming.TryDequeue(out var piece))
        {
            // What was given up is left to the collector: bytes may still come into it.
            await ((Task)piece.Received).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _closing.Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isClosed)
        {
            _isClosed = true;
            _closing.Cancel();
            GiveBackCurrent();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadNextAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        GiveBackCurrent();
        if (_coming.Count == 0 && _asked == _range.End)
        {
            return 0;
        }

        if (!await TakeNextAsync(cancellationToken).ConfigureAwait(false))
        {
            await _store.ForgetAsync(_key, _head.Encoded, cancellationToken).ConfigureAwait(false);
            throw RedisFailures.Broken($"{_key}: a chunk of it is gone");
        }

        return Copy(_current!, buffer); // True above sets it.
    }

    private int Copy(Piece piece, Memory<byte> buffer)
    {
        var count = Math.Min(piece.Length - _taken, buffer.Length);
        piece.Buffer.AsSpan(_taken, count).CopyTo(buffer.Span);
        _taken += count;
        return count;
    }

    private async ValueTask<bool> TakeNextAsync(CancellationToken cancellationToken)
    {
        AskAhead();
        var piece = _coming.Peek();
        var received = await piece.Received.WaitAsync(cancellationToken).ConfigureAwait(false);
        _coming.Dequeue();
        if (received != piece.Length
            || (piece.IsWhole && Crc32C.Compute(piece.Buffer.AsSpan(0, piece.Length)) != _checksums[piece.Index]))
        {
            ArrayPool<byte>.Shared.Return(piece.Buffer);
            if (received == 0)
            {
                return false;
            }

            await _store.ForgetAsync(_key, _head.Encoded, cancellationToken).ConfigureAwait(false);
            throw new CacheException(CacheErrorKind.Damaged, $"{_key}: chunk {piece.Index} is damaged");
        }

        (_current, _taken) = (piece, 0);
        AskAhead();
        return true;
    }

    private void AskAhead()
    {
        while (_coming.Count < _ahead && _asked < _range.End)
        {
            var index = (int)(_asked / _head.ChunkBytes);
            var start = (long)index * _head.ChunkBytes;
            var end = Math.Min(start + _head.ChunkBytes, _head.PayloadBytes);
            var stop = Math.Min(end, _range.End);
            var isWhole = _asked == start && stop == end;
            var length = (int)(stop - _asked);
            var buffer = ArrayPool<byte>.Shared.Rent(length);
            ByteRange? part = isWhole ? null : new ByteRange(_asked - start, length);
            var received = _store.ReadChunkAsync(_key, _head, index, part, buffer.AsMemory(0, length), _closing.Token).AsTask();
            _coming.Enqueue(new Piece(index, buffer, length, isWhole, received));
            _asked = stop;
        }
    }

    private void GiveBackCurrent()
    {
        if (_current is { } piece)
        {
            _current = null;
            ArrayPool<byte>.Shared.Return(piece.Buffer);
        }
    }

    private sealed record Piece(int Index, byte[] Buffer, int Length, bool IsWhole, Task<int> Received);
}

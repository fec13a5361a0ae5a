using System.Buffers;
using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Integrity;
using Larder.Cache.Redis.Connections;
using Larder.Cache.Redis.Protocol;
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
    private readonly CancellationTokenSource _closing = SpareSources.Take();

    // What is on its way, as a list from the first to the last.
    private Piece? _first;
    private Piece? _last;
    private int _coming;

    // First payload byte that is not asked for yet.
    private long _asked;
    private Piece? _current;
    private int _taken;
    private bool _isClosed;
    private bool _isEmptied;

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

    /// <summary>
    /// Waits for the next piece, with more behind it on their way; there is one. <see cref="Take"/> takes what comes. Apart, so that
    /// who reads the first piece does so within one state machine.
    /// </summary>
    public ValueTask<RespReply> WaitNextAsync(CancellationToken cancellationToken)
    {
        AskAhead();
        return _first!.WaitAsync(cancellationToken); // Asked for now or before.
    }

    /// <summary>Takes the piece that was waited for, to be read next; <see cref="ForgetAsync"/> when it is not what it should be.</summary>
    public ChunkState Take(in RespReply reply)
    {
        var piece = _first!; // It was waited for.
        var received = _store.CountOf(reply);
        _first = piece.Next;
        _last = _first is null ? null : _last;
        _coming--;
        if (received != piece.Length
            || (piece.IsWhole && Crc32C.Compute(piece.Buffer.AsSpan(0, piece.Length)) != _checksums[piece.Index]))
        {
            ArrayPool<byte>.Shared.Return(piece.Buffer);
            return received == 0 ? ChunkState.Gone : ChunkState.Damaged;
        }

        (_current, _taken) = (piece, 0);
        AskAhead();
        return ChunkState.Sound;
    }

    /// <summary>Removes the record whose chunks these are.</summary>
    public ValueTask ForgetAsync(CancellationToken cancellationToken) => _store.ForgetAsync(_key, _head.Encoded, cancellationToken);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_isClosed, this);
        return buffer.IsEmpty || _current is not { } piece || _taken == piece.Length
            ? ReadNextAsync(buffer, cancellationToken)
            : new ValueTask<int>(Copy(piece, buffer));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        if (_isEmptied)
        {
            return;
        }

        _isEmptied = true;
        if (_first is null)
        {
            SpareSources.GiveBack(_closing);
            return;
        }

        for (; _first is { } piece; _first = piece.Next)
        {
            // What was given up is left to the collector: bytes may still come into it.
            await piece.EndAsync().ConfigureAwait(false);
        }

        _closing.Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isClosed)
        {
            _isClosed = true;
            if (_first is not null)
            {
                _closing.Cancel();
            }

            GiveBackCurrent();
        }

        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadNextAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        GiveBackCurrent();
        if (_first is null && _asked == _range.End)
        {
            return 0;
        }

        var state = Take(await WaitNextAsync(cancellationToken).ConfigureAwait(false));
        if (state == ChunkState.Sound)
        {
            return Copy(_current!, buffer); // Take has set it.
        }

        await ForgetAsync(cancellationToken).ConfigureAwait(false);
        throw state == ChunkState.Gone ? RedisFailures.Broken($"{_key}: a chunk of it is gone") : RedisRemoteStore.DamagedChunk(_key);
    }

    private int Copy(Piece piece, Memory<byte> buffer)
    {
        var count = Math.Min(piece.Length - _taken, buffer.Length);
        piece.Buffer.AsSpan(_taken, count).CopyTo(buffer.Span);
        _taken += count;
        return count;
    }

    private void AskAhead()
    {
        while (_coming < _ahead && _asked < _range.End)
        {
            var index = (int)(_asked / _head.ChunkBytes);
            var start = (long)index * _head.ChunkBytes;
            var end = Math.Min(start + _head.ChunkBytes, _head.PayloadBytes);
            var stop = Math.Min(end, _range.End);
            var isWhole = _asked == start && stop == end;
            var length = (int)(stop - _asked);
            var buffer = ArrayPool<byte>.Shared.Rent(length);
            ByteRange? part = isWhole ? null : new ByteRange(_asked - start, length);
            var received = _store.ReadChunkAsync(_key, _head, index, part, buffer.AsMemory(0, length), _closing.Token);
            var piece = new Piece(index, buffer, length, isWhole, received);
            if (_last is null)
            {
                _first = piece;
            }
            else
            {
                _last.Next = piece;
            }

            _last = piece;
            _coming++;
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

    private sealed class Piece(int index, byte[] buffer, int length, bool isWhole, ValueTask<RespReply> reply)
    {
        private readonly ValueTask<RespReply> _reply = reply; // May be used once.
        private Task<RespReply>? _task; // In its place, once somebody has waited who may give up.
        private bool _isTaken;

        public Piece? Next { get; set; }

        public int Index => index;

        public byte[] Buffer => buffer;

        public int Length => length;

        public bool IsWhole => isWhole;

        /// <summary>Waits for its bytes. After a cancellation it can be waited for again.</summary>
        public ValueTask<RespReply> WaitAsync(CancellationToken cancellationToken)
        {
            if (_isTaken)
            {
                throw new InvalidOperationException("A read of this stream has failed before.");
            }

            if (_task is null && (_reply.IsCompleted || !cancellationToken.CanBeCanceled))
            {
                _isTaken = true;
                return _reply;
            }

            return new ValueTask<RespReply>((_task ??= _reply.AsTask()).WaitAsync(cancellationToken));
        }

        /// <summary>Waits until nothing comes any more, and ignores how it ended.</summary>
        public async ValueTask EndAsync()
        {
            if (!_isTaken)
            {
                await ((Task)(_task ?? _reply.AsTask())).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}

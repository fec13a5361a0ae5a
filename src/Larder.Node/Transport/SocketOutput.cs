using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Node.Transport;

/// <summary>
/// What the server writes to on one connection: bytes are gathered and handed to the socket when they are flushed, and
/// parts of files go from the page cache to the socket without passing through this process.
/// </summary>
/// <remarks>
/// <para>
/// Stands in the place of the transport's own output pipe, which would copy every byte once more and send it on a
/// second state machine. A flush ends when the kernel has taken everything, so that a slow client holds up its own
/// request and nothing else, and an idle connection holds no buffer.
/// </para>
/// <para>
/// A part of a file is announced with <see cref="Attach"/>; the next bytes that the server advances by, without having
/// written any, are then counted by it as body and sent from the file by the flush. For one writer at a time, as
/// every pipe writer. A connection that breaks makes flushes come back completed, and nothing else.
/// </para>
/// </remarks>
internal sealed class SocketOutput : PipeWriter, IDisposable
{
    private const int SmallestBuffer = 16 * 1024;

    // While the socket takes no more, the next piece is copied: an asynchronous send waits for room and brings it along.
    private const int CopiedPiece = 32 * 1024;

    // What GetMemory hands out while a file is attached: nobody writes to it.
    private static readonly byte[] Unwritten = new byte[SmallestBuffer];

    private readonly Socket _socket;
    private readonly Action _completed;

    // Null while nothing waits to be sent.
    private byte[]? _buffer;
    private int _buffered;

    private SafeFileHandle? _file;
    private long _fileOffset;
    private long _fileBytes;
    private bool _isBroken;

    /// <summary>Writes to <paramref name="socket"/>; <paramref name="completed"/> hears that nothing more will come.</summary>
    public SocketOutput(Socket socket, Action completed)
    {
        _socket = socket;
        _completed = completed;

        // Sending must come back when the socket is full, and not hold the thread.
        socket.Blocking = false;
    }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _buffered + _fileBytes;

    /// <summary>
    /// What went wrong with a file while it was sent; null when nothing did. Its bytes are missing from the answer, so
    /// that nothing more is sent and the connection has to end. The server keeps what a flush throws to itself.
    /// </summary>
    public IOException? FileFailure { get; private set; }

    /// <summary>
    /// Makes the bytes that are advanced by from now until <see cref="Detach"/> come from a file. What was written
    /// before must be flushed first.
    /// </summary>
    public void Attach(SafeFileHandle file, long offset)
    {
        if (_buffered != 0)
        {
            throw new InvalidOperationException("Bytes that were written before have to be flushed first.");
        }

        _file = file;
        _fileOffset = offset;
    }

    /// <summary>Ends the part that comes from a file.</summary>
    public void Detach()
    {
        _file = null;
        _fileBytes = 0;
    }

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_file is not null)
        {
            return Unwritten;
        }

        var needed = _buffered + Math.Max(sizeHint, 1);
        if (_buffer is null || needed > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, SmallestBuffer));
            if (_buffer is not null)
            {
                _buffer.AsSpan(0, _buffered).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        return _buffer.AsMemory(_buffered);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (_file is not null)
        {
            _fileBytes += bytes;
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_buffer?.Length ?? 0) - _buffered);
        _buffered += bytes;
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_buffered == 0 && _fileBytes == 0)
        {
            return new ValueTask<FlushResult>(Result());
        }

        if (_isBroken)
        {
            Drop();
            return new ValueTask<FlushResult>(Result());
        }

        return _fileBytes > 0 ? SendFileAsync(cancellationToken) : SendBufferAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush()
    {
        // The server cancels a flush only to end the connection, and that ends the send.
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        Drop();
        _completed();
    }

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        Complete(exception);
        return default;
    }

    /// <inheritdoc/>
    public void Dispose() => Drop();

    private FlushResult Result() => new(isCanceled: false, isCompleted: _isBroken);

    private ValueTask<FlushResult> SendBufferAsync(CancellationToken cancellationToken)
    {
        int sent;
        int error;
        try
        {
            sent = Libc.Send(_socket.SafeHandle, _buffer.AsSpan(0, _buffered), out error);
        }
        catch (ObjectDisposedException)
        {
            return new ValueTask<FlushResult>(Break());
        }

        if (sent == _buffered)
        {
            Drop();
            return new ValueTask<FlushResult>(Result());
        }

        return error is 0 or Libc.Again
            ? SendRestAsync(Math.Max(sent, 0), cancellationToken)
            : new ValueTask<FlushResult>(Break());
    }

    // The socket is full: waits for room.
    private async ValueTask<FlushResult> SendRestAsync(int sent, CancellationToken cancellationToken)
    {
        try
        {
            while (sent < _buffered)
            {
                sent += await _socket.SendAsync(_buffer.AsMemory(sent, _buffered - sent), SocketFlags.None, cancellationToken)
                    .ConfigureAwait(false);
            }

            Drop();
            return Result();
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return Break();
        }
    }

    private async ValueTask<FlushResult> SendFileAsync(CancellationToken cancellationToken)
    {
        var file = _file!; // Bytes of a file wait only while one is attached.
        try
        {
            while (_fileBytes > 0)
            {
                var sent = SendFile(_socket, file, _fileOffset, _fileBytes);
                if (sent == 0)
                {
                    sent = await SendPieceAsync(file, cancellationToken).ConfigureAwait(false);
                }

                _fileOffset += sent;
                _fileBytes -= sent;
            }

            return Result();
        }
        catch (IOException exception)
        {
            FileFailure = exception;
            return Break();
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return Break();
        }
    }

    // Copies a piece of the file into the socket once it takes bytes again.
    private async ValueTask<int> SendPieceAsync(SafeFileHandle file, CancellationToken cancellationToken)
    {
        var piece = ArrayPool<byte>.Shared.Rent((int)Math.Min(_fileBytes, CopiedPiece));
        try
        {
            var wanted = (int)Math.Min(_fileBytes, Math.Min(piece.Length, CopiedPiece));
            var read = RandomAccess.Read(file, piece.AsSpan(0, wanted), _fileOffset);
            if (read == 0)
            {
                throw new IOException("A file became shorter while it was sent.");
            }

            for (var sent = 0; sent < read;)
            {
                sent += await _socket.SendAsync(piece.AsMemory(sent, read - sent), SocketFlags.None, cancellationToken)
                    .ConfigureAwait(false);
            }

            return read;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    // Sends what the socket takes now; 0 when it takes nothing or the file gives nothing this way.
    private static long SendFile(Socket socket, SafeFileHandle file, long offset, long count)
    {
        var sent = Libc.SendFile(socket.SafeHandle, file, ref offset, (nuint)Math.Min(count, int.MaxValue));
        if (sent >= 0)
        {
            return sent;
        }

        var error = Marshal.GetLastPInvokeError();
        return error switch
        {
            Libc.Again or Libc.Interrupted or Libc.Invalid => 0,
            Libc.InputOutput => throw new IOException("A file could not be read while it was sent."),
            _ => throw new SocketException(error),
        };
    }

    private FlushResult Break()
    {
        _isBroken = true;
        Drop();
        return Result();
    }

    private void Drop()
    {
        _buffered = 0;
        _fileBytes = 0;
        var buffer = _buffer;
        _buffer = null;
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

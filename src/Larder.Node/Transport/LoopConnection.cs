using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Larder.Node.Transport;

/// <summary>One client's connection: received by an event loop, sent by <see cref="SocketOutput"/>.</summary>
/// <remarks>
/// <para>
/// One thread at a time receives: <see cref="_receiving"/> is idle, receiving, or receiving with news that came
/// meanwhile. Bytes go into a pipe. While more wait there than the limit, nobody receives, and the reader's progress
/// sets it going again. When receiving has ended, for whatever reason, the state stays taken for good.
/// </para>
/// <para>
/// The server's reader goes on within the receive, on the loop's thread, unless the request under way has left the loop:
/// then it goes on on a thread of the pool, until the request has ended.
/// </para>
/// </remarks>
internal sealed class LoopConnection : DefaultConnectionContext
{
    private const int Idle = 0;
    private const int Receiving = 1;
    private const int Again = 2;

    // What one event may bring on the loop's thread. Whoever sends more is received on a thread of the pool.
    private const int LoopBytes = 64 * 1024;
    private const int LargePiece = 16 * 1024;

    private static readonly Action<LoopConnection> ReceiveLater = static connection => connection.ReceiveAll();
    private static readonly Action<LoopConnection> EndLater = static connection => connection.OnReady(isHangUp: true);
    private static long _lastNumber;

    private readonly EventLoop _loop;
    private readonly Socket _socket;
    private readonly Pipe _input;
    private readonly SocketOutput _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();

    private int _receiving;

    // Room to receive into: 0 for the least, more once that was filled. Used by whoever receives.
    private int _piece;

    private volatile bool _isHangUp;
    private volatile bool _hasLeftLoop;

    // Guarded by _gate: set once the socket is closed.
    private ConnectionAbortedException? _reason;

    /// <summary>Takes ownership of the socket; receives nothing before it is added to the loop.</summary>
    public LoopConnection(EventLoop loop, Socket socket, int bufferBytes)
        : base(NextNumber(out var number))
    {
        Number = number;
        _loop = loop;
        _socket = socket;
        _input = new Pipe(new PipeOptions(
            readerScheduler: new ReaderScheduler(this),
            writerScheduler: PipeScheduler.ThreadPool,
            pauseWriterThreshold: bufferBytes,
            resumeWriterThreshold: bufferBytes / 2,
            useSynchronizationContext: false));
        _output = new SocketOutput(socket, () => Shut(null));
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Transport = new SocketTransport(_input.Reader, _output);
        Features.Set(this);
    }

    /// <summary>Names the connection within the process.</summary>
    public long Number { get; }

    /// <summary>The socket, for the loop.</summary>
    public SafeHandle Handle => _socket.SafeHandle;

    /// <summary>What the server writes to.</summary>
    public SocketOutput Output => _output;

    /// <summary>
    /// Goes on on a thread of the pool, which may wait, and keeps the rest of the request off the loop. Completes at once
    /// when the caller is on such a thread already.
    /// </summary>
    public ValueTask LeaveLoopAsync()
    {
        _hasLeftLoop = true;
        return EventLoop.IsCurrent ? YieldAsync() : default;

        static async ValueTask YieldAsync() =>
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
    }

    /// <summary>The request has ended; the next one begins on the loop.</summary>
    public void ReturnToLoop()
    {
        if (_hasLeftLoop)
        {
            _hasLeftLoop = false;
        }
    }

    /// <summary>Receives what has come. Called by the loop for every event.</summary>
    public void OnReady(bool isHangUp)
    {
        if (isHangUp)
        {
            _isHangUp = true;
        }

        if (Interlocked.CompareExchange(ref _receiving, Receiving, Idle) == Idle
            || Interlocked.Exchange(ref _receiving, Again) == Idle)
        {
            ReceiveAll();
        }
    }

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => Shut(abortReason);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _input.Reader.CompleteAsync().ConfigureAwait(false);
        Shut(null);
        await _ended.Task.ConfigureAwait(false);
        _output.Dispose();
        _closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private static string NextNumber(out long number)
    {
        number = Interlocked.Increment(ref _lastNumber);
        return number.ToString("X", System.Globalization.CultureInfo.InvariantCulture);
    }

    // For whoever holds the state of receiving. Throws nothing: loops and threads of the pool have nobody to tell.
    private void ReceiveAll()
    {
        try
        {
            while (ReceiveUntilDrained())
            {
                if (Interlocked.CompareExchange(ref _receiving, Idle, Receiving) == Receiving)
                {
                    return;
                }

                // News came while this thread received; they are received after this line.
                Interlocked.Exchange(ref _receiving, Receiving);
            }
        }
        catch (Exception exception)
        {
            Shut(new ConnectionAbortedException("Receiving failed.", exception));
            _loop.Remove(this);
            TellClosed();
        }
    }

    // False when somebody else goes on, or nobody, because receiving has ended.
    private bool ReceiveUntilDrained()
    {
        var total = 0;
        while (true)
        {
            var memory = _input.Writer.GetMemory(_piece);
            var error = 0;
            var count = 0;
            try
            {
                count = Libc.Receive(_socket.SafeHandle, memory.Span, out error);
            }
            catch (ObjectDisposedException exception)
            {
                End(exception);
                return false;
            }

            if (error is Libc.Again)
            {
                return true;
            }

            if (count == 0)
            {
                End(error == 0 ? null : new ConnectionResetException("The client has gone.", new SocketException(error)));
                return false;
            }

            _input.Writer.Advance(count);
            total += count;
            var flushing = _input.Writer.FlushAsync(CancellationToken.None);
            if (!flushing.IsCompletedSuccessfully)
            {
                _ = ResumeAsync(flushing.AsTask());
                return false;
            }

            if (flushing.Result.IsCompleted)
            {
                End(null);
                return false;
            }

            // Fewer bytes than there was room for: the kernel has no more, and says so when more come.
            if (count < memory.Length && !_isHangUp)
            {
                _piece = 0;
                return true;
            }

            _piece = LargePiece;
            if (total >= LoopBytes && EventLoop.IsCurrent)
            {
                ThreadPool.UnsafeQueueUserWorkItem(ReceiveLater, this, preferLocal: false);
                return false;
            }
        }
    }

    // Waits for room in the pipe. Awaited by way of _ended.
    private async Task ResumeAsync(Task<FlushResult> flushing)
    {
        var result = await flushing.ConfigureAwait(false);
        if (result.IsCompleted)
        {
            End(null);
        }
        else
        {
            ReceiveAll();
        }
    }

    private void End(Exception? error)
    {
        ConnectionAbortedException? reason;
        lock (_gate)
        {
            reason = _reason;
        }

        _loop.Remove(this);
        _input.Writer.Complete(reason ?? error);
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.TellClosed(), this, preferLocal: false);
    }

    private void TellClosed()
    {
        try
        {
            _closed.Cancel();
        }
        catch (AggregateException)
        {
            // What listeners do about it is theirs; the connection has ended all the same.
        }

        _ended.TrySetResult();
    }

    // Closes the socket: with a reason by a reset, which no client takes for the end of an answer.
    private void Shut(ConnectionAbortedException? reason)
    {
        lock (_gate)
        {
            if (_reason is not null)
            {
                return;
            }

            _reason = reason ?? new ConnectionAbortedException("The connection was closed by the server.");
            if (reason is not null)
            {
                _socket.Close(timeout: 0);
            }
            else
            {
                try
                {
                    _socket.Shutdown(SocketShutdown.Both);
                }
                catch (SocketException)
                {
                    // The client was faster.
                }

                _socket.Dispose();
            }
        }

        // The next receive finds the socket closed. Not here: callers may hold locks.
        ThreadPool.UnsafeQueueUserWorkItem(EndLater, this, preferLocal: false);
    }

    private sealed class ReaderScheduler(LoopConnection connection) : PipeScheduler
    {
        public override void Schedule(Action<object?> action, object? state)
        {
            if (EventLoop.IsCurrent && !connection._hasLeftLoop)
            {
                action(state);
            }
            else
            {
                System.Threading.ThreadPool.UnsafeQueueUserWorkItem(action, state, preferLocal: false);
            }
        }
    }
}

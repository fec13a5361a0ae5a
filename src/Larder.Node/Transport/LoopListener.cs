using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Larder.Node.Transport;

/// <summary>Accepts connections and deals them out to event loops, which it owns and watches over.</summary>
internal sealed class LoopListener : IConnectionListener
{
    // A handler that blocks holds its loop up for at most twice as long.
    private static readonly TimeSpan ReliefInterval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(10);

    private readonly Socket _socket;
    private readonly int _bufferBytes;
    private readonly EventLoop[] _loops;
    private readonly ManualResetEventSlim _closing = new();
    private readonly Thread _relief;
    private uint _accepted;
    private bool _isDisposed;

    /// <summary>Takes ownership of a socket that listens.</summary>
    public LoopListener(Socket socket, int bufferBytes)
    {
        _socket = socket;
        _bufferBytes = bufferBytes;
        EndPoint = socket.LocalEndPoint!; // The socket is bound.

        _loops = new EventLoop[Environment.ProcessorCount];
        for (var i = 0; i < _loops.Length; i++)
        {
            _loops[i] = new EventLoop($"larder loop {i}");
        }

        _relief = new Thread(Relieve) { IsBackground = true, Name = "larder loop relief" };
        _relief.Start();
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket? accepted = null;
            try
            {
                accepted = await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
                accepted.NoDelay = true;
                var loop = _loops[_accepted++ % (uint)_loops.Length];
                var connection = new LoopConnection(loop, accepted, _bufferBytes);
                loop.Add(connection);
                return connection;
            }
            catch (Exception exception) when (exception is ObjectDisposedException
                or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                // Unbound.
                accepted?.Dispose();
                return null;
            }
            catch (Exception exception) when (exception is SocketException or IOException)
            {
                // The client has left the queue already, or the system has no more sockets, which lasts for a while.
                accepted?.Dispose();
                if (exception is not SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted })
                {
                    await Task.Delay(RetryDelay, CancellationToken.None).ConfigureAwait(false);
                }
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Dispose();
        return default;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (_isDisposed)
        {
            return default;
        }

        _isDisposed = true;
        _closing.Set();
        _relief.Join();
        _closing.Dispose();
        foreach (var loop in _loops)
        {
            loop.Dispose();
        }

        return default;
    }

    private void Relieve()
    {
        while (!_closing.Wait(ReliefInterval))
        {
            foreach (var loop in _loops)
            {
                loop.Relieve();
            }
        }
    }
}

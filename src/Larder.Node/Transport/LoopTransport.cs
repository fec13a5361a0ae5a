using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Larder.Node.Transport;

/// <summary>Listens for the HTTP server, with connections that event loops receive for.</summary>
internal sealed class LoopTransport(int backlog, int bufferBytes) : IConnectionListenerFactory
{
    private readonly SocketTransportOptions _options = new() { Backlog = backlog };

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket;
        try
        {
            socket = _options.CreateBoundListenSocket(endpoint);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(exception.Message, exception);
        }

        socket.Listen(backlog);
        return ValueTask.FromResult<IConnectionListener>(new LoopListener(socket, bufferBytes));
    }
}

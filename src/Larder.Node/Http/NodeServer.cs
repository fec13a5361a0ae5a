using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Larder.Node.Http;

/// <summary>Sets the HTTP server up: limits, buffers and the socket transport.</summary>
internal static class NodeServer
{
    // One connection's unread and unsent bytes stay within these, so that many slow clients cannot fill memory.
    private const int RequestBufferBytes = 64 * 1024;
    private const int ResponseBufferBytes = 128 * 1024;

    /// <summary>Creates a server that does not listen yet.</summary>
    public static KestrelServer Create(NodeServices services, ILoggerFactory loggers)
    {
        var options = services.Options;
        var server = new KestrelServerOptions
        {
            AddServerHeader = false,
            AllowSynchronousIO = false,
            ApplicationServices = new ServiceCollection().AddSingleton(loggers).BuildServiceProvider(),
        };
        Limit(server.Limits, options.Limits);
        Listen(server, options.Listen, services);
        var transport = new SocketTransportFactory(
            Options.Create(new SocketTransportOptions
            {
                Backlog = 4096,

                // Receives complete on threads of the pool already; going through its queue again only costs.
                UnsafePreferInlineScheduling = true,
                MaxReadBufferSize = RequestBufferBytes,
                MaxWriteBufferSize = ResponseBufferBytes,
            }),
            loggers);
        return new KestrelServer(Options.Create(server), transport, loggers);
    }

    private static void Limit(KestrelServerLimits server, NodeLimits limits)
    {
        // Bodies are measured where the limit of their kind is known.
        server.MaxRequestBodySize = null;
        server.MaxRequestHeadersTotalSize = limits.HeaderBytes;
        server.MaxRequestHeaderCount = limits.HeaderCount;
        server.MaxRequestLineSize = limits.RequestLineBytes;
        server.MaxRequestBufferSize = Math.Max(RequestBufferBytes, Math.Max(limits.RequestLineBytes, limits.HeaderBytes));
        server.MaxResponseBufferSize = ResponseBufferBytes;
        server.MaxConcurrentConnections = limits.Connections;
        server.KeepAliveTimeout = limits.KeepAlive;
        server.RequestHeadersTimeout = limits.Headers;
        server.MinRequestBodyDataRate = Rate(limits.MinUploadBytesPerSecond, limits.SlowGrace);
        server.MinResponseDataRate = Rate(limits.MinDownloadBytesPerSecond, limits.SlowGrace);
    }

    private static MinDataRate? Rate(int bytesPerSecond, TimeSpan grace) =>
        bytesPerSecond == 0 ? null : new MinDataRate(bytesPerSecond, grace);

    private static void Listen(KestrelServerOptions server, IPEndPoint endpoint, NodeServices services) =>
        server.Listen(endpoint, listener =>
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.Use(next => async connection =>
            {
                services.Metrics.ConnectionOpened();
                try
                {
                    await ServeAsync(connection, next).ConfigureAwait(false);
                }
                finally
                {
                    services.Metrics.ConnectionClosed();
                }
            });
        });

    private static async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            await next(connection).ConfigureAwait(false);
            return;
        }

        using var output = new SocketOutput(connection.Transport.Output, socket);
        connection.Transport = new SocketTransport(connection.Transport.Input, output);
        connection.Features.Set(output);
        await next(connection).ConfigureAwait(false);
    }
}

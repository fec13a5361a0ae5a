using System.Net;
using Larder.Node.Transport;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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

    private const int Backlog = 4096;

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
        if (options.Panels.WebSocketPort is not 0 and var port && port != options.Listen.Port)
        {
            Listen(server, new IPEndPoint(options.Listen.Address, port), services);
        }

        var transport = new LoopTransport(Backlog, RequestBufferBytes);
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
                    await next(connection).ConfigureAwait(false);
                }
                finally
                {
                    services.Metrics.ConnectionClosed();
                }
            });
        });
}

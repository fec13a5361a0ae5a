using System.Buffers;
using System.Net;
using System.Text.Json;
using Larder.Indexer;
using Larder.Node.Security;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Larder.Node.Indexing;

/// <summary>
/// A small server of one index, for a command that indexes: JSON-RPC by POST, figures by GET. A node serves indexes by
/// <c>/v1/indexes</c> instead.
/// </summary>
public sealed class IndexServer : IAsyncDisposable
{
    /// <summary>The namespace of rights.</summary>
    internal const string Space = "indexes";

    private readonly KestrelServer _server;
    private readonly ServiceProvider _services;

    private IndexServer(KestrelServer server, ServiceProvider services, Uri address)
    {
        _server = server;
        _services = services;
        Address = address;
    }

    /// <summary>Where it answers, with the port that it really got.</summary>
    public Uri Address { get; }

    /// <summary>Begins to serve.</summary>
    /// <param name="listen">Where to listen; port 0 takes a free one. Anything but loopback needs a token.</param>
    /// <param name="rpc">The methods.</param>
    /// <param name="report">Writes the figures of the index.</param>
    /// <param name="tokens">Who may ask; none for everybody on this machine.</param>
    /// <param name="loggers">Where the server logs. Stays the caller's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IndexerException">The address needs a token or cannot be had.</exception>
    public static async Task<IndexServer> StartAsync(
        IPEndPoint listen,
        IndexRpc rpc,
        Action<Utf8JsonWriter> report,
        IReadOnlyList<AccessToken> tokens,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listen);
        ArgumentNullException.ThrowIfNull(rpc);
        if (tokens.Count == 0 && !IPAddress.IsLoopback(listen.Address))
        {
            throw new IndexerException(
                IndexerErrorKind.Configuration, $"{listen} can be reached from other machines: give a token that they must show, or listen on 127.0.0.1.");
        }

        var services = new ServiceCollection().AddSingleton(loggers).BuildServiceProvider();
        var options = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = services };
        options.Limits.MaxRequestBodySize = rpc.Options.MaxRequestBytes;
        options.Limits.MaxConcurrentConnections = 1000;
        options.Listen(listen, static listener => listener.Protocols = HttpProtocols.Http1);
        var server = new KestrelServer(
            Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
        try
        {
            var guard = new AccessGuard(new NodeOptions { Listen = listen, Tokens = [.. tokens] }, TimeProvider.System);
            await server.StartAsync(new Application(rpc, report, guard), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            server.Dispose();
            await services.DisposeAsync().ConfigureAwait(false);
            if (e is not IOException)
            {
                throw;
            }

            throw new IndexerException(
                IndexerErrorKind.Unavailable, $"{listen} cannot be listened on: {e.GetBaseException().Message}. Choose another with --listen.", e);
        }

        var bound = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        return new IndexServer(server, services, new Uri(bound ?? $"http://{listen}"));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using (var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            await _server.StopAsync(deadline.Token).ConfigureAwait(false);
        }

        _server.Dispose();
        await _services.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class Application(IndexRpc rpc, Action<Utf8JsonWriter> report, AccessGuard guard) : IHttpApplication<DefaultHttpContext>
    {
        public DefaultHttpContext CreateContext(IFeatureCollection contextFeatures) => new(contextFeatures);

        public void DisposeContext(DefaultHttpContext context, Exception? exception)
        {
        }

        public async Task ProcessRequestAsync(DefaultHttpContext context)
        {
            try
            {
                await AnswerAsync(context).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // The client left, or the server stops.
            }
        }

        private async Task AnswerAsync(DefaultHttpContext context)
        {
            var decision = guard.Decide(context.Request, Space, AccessRights.Read);
            if (decision != AccessDecision.Allowed)
            {
                context.Response.StatusCode = decision == AccessDecision.Unknown ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden;
                context.Response.Headers.WWWAuthenticate = decision == AccessDecision.Unknown ? "Basic realm=\"larder\", Bearer realm=\"larder\"" : default;
                return;
            }

            if (HttpMethods.IsGet(context.Request.Method))
            {
                var buffer = new ArrayBufferWriter<byte>(1024);
                using (var writer = new Utf8JsonWriter(buffer))
                {
                    report(writer);
                }

                await WriteAsync(context, buffer.WrittenMemory).ConfigureAwait(false);
            }
            else if (HttpMethods.IsPost(context.Request.Method))
            {
                using var body = new MemoryStream((int)Math.Clamp(context.Request.ContentLength ?? 0, 0, 64 * 1024));
                await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
                var answer = await rpc.AnswerAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted).ConfigureAwait(false);
                if (answer.IsEmpty)
                {
                    context.Response.StatusCode = StatusCodes.Status204NoContent;
                    return;
                }

                await WriteAsync(context, answer).ConfigureAwait(false);
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
                context.Response.Headers.Allow = "GET, POST";
            }
        }

        private static async Task WriteAsync(DefaultHttpContext context, ReadOnlyMemory<byte> json)
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            context.Response.ContentLength = json.Length;
            context.Response.Headers.CacheControl = "no-store";
            await context.Response.Body.WriteAsync(json, context.RequestAborted).ConfigureAwait(false);
        }
    }
}

using Larder.Cache;
using Larder.Node.Http;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Larder.Node;

/// <summary>A running node: the cache, the listener and what watches over them.</summary>
/// <remarks>
/// Starts to serve before the disk tier's index is complete; until then an artifact that is not found yet is a miss.
/// Safe for many threads.
/// </remarks>
public sealed class NodeHost : IAsyncDisposable
{
    private readonly NodeServices _services;
    private readonly KestrelServer _server;
    private readonly NodeParts _parts;
    private readonly Lock _stopGate = new();
    private Task _recovery = Task.CompletedTask;

    // Guarded by _stopGate. Set once, by whoever stops first.
    private Task? _stop;

    private NodeHost(NodeServices services, NodeParts parts, KestrelServer server)
    {
        _services = services;
        _parts = parts;
        _server = server;
        Address = new Uri("http://" + services.Options.Listen);
        Draining = services.State.Stopping;
    }

    /// <summary>Where clients reach the node, with the port it really got.</summary>
    public Uri Address { get; private set; }

    /// <summary>The cache that the node serves. Owned by the node.</summary>
    public TieredCache Cache => _services.Store.Cache;

    /// <summary>Fires when the node begins to stop.</summary>
    public CancellationToken Draining { get; }

    /// <summary>Leases that requests in flight hold. 0 at rest.</summary>
    internal long LiveLeases => _services.Store.LiveLeases;

    /// <summary>What the node has for its endpoints.</summary>
    internal NodeServices Services => _services;

    /// <summary>Opens the cache and begins to serve.</summary>
    /// <param name="options">What the node is told.</param>
    /// <param name="loggers">Where it logs. Stays the caller's.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="NodeException">The options are wrong or the address cannot be had.</exception>
    /// <exception cref="CacheException">The cache cannot be opened.</exception>
    public static Task<NodeHost> StartAsync(
        NodeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        return StartAsync(options, static cache => cache, loggers, cancellationToken);
    }

    /// <summary>Starts with a cache that is put together otherwise than the options alone say.</summary>
    internal static async Task<NodeHost> StartAsync(
        NodeOptions options,
        Func<CacheOptions, CacheOptions> adjustCache,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        NodeOptionsCheck.Validate(options);
        KeepThreads();
        var cache = await CacheAssembly.OpenAsync(options, adjustCache, loggers, cancellationToken).ConfigureAwait(false);
        NodeHost? host = null;
        try
        {
            host = Assemble(options, cache, loggers, TimeProvider.System);
            await host.ListenAsync(cancellationToken).ConfigureAwait(false);
            return host;
        }
        catch
        {
            if (host is not null)
            {
                await host.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                await cache.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>
    /// Stops: takes no new connections, finishes requests in flight within the drain deadline, writes what waits for
    /// slower tiers, and closes the cache. Later calls wait for the first.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting for requests in flight at once; the cache is still closed.</param>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_stopGate)
        {
            return _stop ??= DrainAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None).ConfigureAwait(false);

    /// <summary>Puts the parts together over an open cache, which the host then owns.</summary>
    internal static NodeHost Assemble(NodeOptions options, TieredCache cache, ILoggerFactory loggers, TimeProvider clock)
    {
        var logger = loggers.CreateLogger("Larder.Node");
        var parts = new NodeParts(options, cache, clock, loggers, logger);
        return new NodeHost(parts.Services, parts, NodeServer.Create(parts.Services, loggers));
    }

    // Reads of a slow disk block threads of the pool, which grows by one or two a second: too slowly to go on serving
    // what is in memory. Idle threads cost next to nothing.
    private static void KeepThreads()
    {
        const int Wanted = 32;
        ThreadPool.GetMinThreads(out var workers, out var ports);
        if (workers < Wanted)
        {
            ThreadPool.SetMinThreads(Wanted, ports);
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var listen = _services.Options.Listen;
        try
        {
            await _server.StartAsync(new NodeApplication(_services, _parts.Routes), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            throw new NodeException(
                NodeErrorKind.Listen,
                $"{listen} cannot be listened on: {exception.GetBaseException().Message}. Choose another with --listen.",
                exception);
        }

        var bound = _server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        Address = bound is null ? Address : new Uri(bound);
        _parts.Dashboard.Start(_services, Address, _services.State.Stopping);
        _parts.Handlers.Start();
        _parts.Panels.Start();
        _parts.Mounts.Start();
        _parts.Indexes.Start();
        Log.Started(_services.Logger, Address, _services.Options.DataDirectory);
        _recovery = _parts.WatchRecoveryAsync(_services.State.Stopping);
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        // Leaves the lock before anything is waited for.
        await Task.Yield();
        await _services.State.MarkDrainingAsync().ConfigureAwait(false);
        Log.Draining(_services.Logger, _services.Metrics.InFlight);
        using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            deadline.CancelAfter(_services.Options.DrainDeadline);
            await _server.StopAsync(deadline.Token).ConfigureAwait(false);
            if (deadline.IsCancellationRequested)
            {
                Log.DrainTimedOut(_services.Logger, _services.Options.DrainDeadline);
            }
        }

        _server.Dispose();
        await _recovery.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _parts.DisposeAsync().ConfigureAwait(false);
        Log.Stopped(_services.Logger);
    }
}

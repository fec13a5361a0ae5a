using Larder.Cache;
using Larder.Cache.Diagnostics;
using Larder.Node.Dashboard;
using Larder.Node.Handlers;
using Larder.Node.Http;
using Larder.Node.Indexing;
using Larder.Node.Maintenance;
using Larder.Node.Mounts;
using Larder.Node.Panels;
using Larder.Node.Protocols;
using Larder.Node.Security;
using Larder.Node.Sizing;
using Larder.Node.Storage;
using Larder.Node.Symbols;
using Larder.Node.Telemetry;
using Microsoft.Extensions.Logging;

namespace Larder.Node;

/// <summary>Everything that a node consists of besides its listener, and the order in which it goes away.</summary>
internal sealed class NodeParts : IAsyncDisposable
{
    private readonly TieredCache _cache;
    private readonly NodeMetrics _metrics;
    private readonly LarderMeter _cacheMeter;
    private readonly PrometheusListener _listener;
    private readonly IDisposable? _exporter;
    private readonly PanelMetrics _panelMetrics;
    private readonly HttpExtension _http;
    private readonly SymbolMetrics _symbolMetrics;
    private readonly MountMetrics _mountMetrics;
    private readonly IndexMetrics _indexMetrics;

    public NodeParts(NodeOptions options, TieredCache cache, TimeProvider clock, ILoggerFactory loggers, ILogger logger)
    {
        _cache = cache;
        var meters = new ScopedMeters();
        _listener = new PrometheusListener(meters);
        Dashboard = new NodeDashboard(cache, clock, logger);
        Handlers = new HandlerService(options.Handlers, cache, meters, loggers, logger, clock);
        _panelMetrics = new PanelMetrics(meters);
        _http = new HttpExtension(options.Handlers.Http);
        Panels = new PanelRegistry(new PanelServices(options.Panels, Handlers, _http, _panelMetrics, clock, logger));
        Symbols = new SymbolService(options.Symbols, cache, loggers, clock);
        _symbolMetrics = new SymbolMetrics(meters, () => Symbols.Current);
        Mounts = new MountService(options.Mounts, options.DataDirectory, clock, logger);
        _mountMetrics = new MountMetrics(Mounts, meters);
        Indexes = new IndexService(options, clock, logger);
        _indexMetrics = new IndexMetrics(meters, Indexes);
        Routes = BuildRoutes(new MetricsEndpoint(_listener), new DashboardEndpoint(Dashboard));
        _metrics = new NodeMetrics(Routes.Endpoints, meters);
        _cacheMeter = new LarderMeter(cache, meters, clock);
        var store = new ArtifactStore(cache, options.LookupDeadline, clock, logger);
        Services = new NodeServices
        {
            Options = options,
            Store = store,
            Watch = new LookupWatch(store, options.LookupDeadline, clock, logger),
            Guard = new AccessGuard(options, clock),
            Metrics = _metrics,
            State = new NodeState(),
            UploadSlots = new SemaphoreSlim(options.Limits.Uploads),
            WriteTurns = new SemaphoreSlim(Math.Max(8, 2 * Environment.ProcessorCount)),
            Clock = clock,
            Logger = logger,
        };
        _metrics.Observe(Services);
        _listener.Start();

        // Nothing of the exporter is even loaded by a node that does not push.
        _exporter = options.OtlpEndpoint is { } collector ? OtlpExport.Start(collector) : null;
    }

    /// <summary>What endpoints are given.</summary>
    public NodeServices Services { get; }

    /// <summary>The history, the recent events and the page that shows them.</summary>
    public NodeDashboard Dashboard { get; }

    /// <summary>The runtime of handlers.</summary>
    public HandlerService Handlers { get; }

    /// <summary>The panels, whose tools it runs.</summary>
    public PanelRegistry Panels { get; }

    /// <summary>Symbols of modules.</summary>
    public SymbolService Symbols { get; }

    /// <summary>Mounts of container images.</summary>
    public MountService Mounts { get; }

    /// <summary>Indexes of blocks.</summary>
    public IndexService Indexes { get; }

    /// <summary>Who answers which path.</summary>
    public RouteTable Routes { get; }

    /// <summary>Waits until the cache's index is complete and then reports the node ready.</summary>
    public async Task WatchRecoveryAsync(CancellationToken cancellationToken)
    {
        var started = Services.Clock.GetTimestamp();
        try
        {
            await CacheAssembly.WaitForRecoveryAsync(_cache, cancellationToken).ConfigureAwait(false);
            Log.Recovered(Services.Logger, Services.Clock.GetElapsedTime(started).TotalMilliseconds);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            Log.RecoveryFailed(Services.Logger, exception);
        }

        Services.State.MarkReady();
    }

    public async ValueTask DisposeAsync()
    {
        await Mounts.DisposeAsync().ConfigureAwait(false);
        await Indexes.DisposeAsync().ConfigureAwait(false);
        await Panels.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
        await Handlers.DisposeAsync().ConfigureAwait(false);
        await Symbols.DisposeAsync().ConfigureAwait(false);
        await Dashboard.DisposeAsync().ConfigureAwait(false);
        Services.Watch.Dispose();
        await Services.Store.DisposeAsync().ConfigureAwait(false);

        // The meters read the cache, and the exporter sends what they say a last time.
        _exporter?.Dispose();
        _listener.Dispose();
        _cacheMeter.Dispose();
        _panelMetrics.Dispose();
        _symbolMetrics.Dispose();
        _mountMetrics.Dispose();
        _indexMetrics.Dispose();
        _metrics.Dispose();
        await _cache.DisposeAsync().ConfigureAwait(false);
        Services.UploadSlots.Dispose();
        Services.WriteTurns.Dispose();
        Services.State.Dispose();
    }

    // One line a dialect: a new one is added here and nowhere else.
    private RouteTable BuildRoutes(MetricsEndpoint metrics, DashboardEndpoint dashboard)
    {
        var handlers = new HandlerEndpoint(Handlers);
        var panels = new PanelEndpoint(Panels);
        var symbols = new SymbolEndpoint(Symbols);
        var indexes = new IndexEndpoint(Indexes);
        var health = new HealthEndpoint();
        var maintenance = new MaintenanceEndpoint();
        return new RouteTable(
            [
                new Route(CcacheEndpoint.Prefix, new CcacheEndpoint()),
                new Route(ArtifactEndpoint.Prefix, new ArtifactEndpoint()),
                new Route(HealthEndpoint.Live, health),
                new Route(HealthEndpoint.Ready, health),
                new Route(MetricsEndpoint.Path, metrics),
                new Route(EntriesEndpoint.Path, new EntriesEndpoint()),
                new Route(ExplainEndpoint.Path, new ExplainEndpoint()),
                new Route(PlanEndpoint.Path, new PlanEndpoint(Handlers)),
                .. MaintenanceEndpoint.Paths.Select(path => new Route(path, maintenance)),
                .. HandlerEndpoint.Paths.Select(path => new Route(path, handlers)),
                .. SymbolEndpoint.Paths.Select(path => new Route(path, symbols)),
                new Route(MountEndpoint.Path, new MountEndpoint(Mounts)),
                .. IndexEndpoint.Paths.Select(path => new Route(path, indexes)),
                .. PanelEndpoint.Paths.Select(path => new Route(path, panels)),
                new Route(ServiceHealthEndpoint.Path, new ServiceHealthEndpoint(Handlers, Panels)),
                .. DashboardEndpoint.Paths.Select(path => new Route(path, dashboard)),
            ],
            new BazelEndpoint());
    }
}

using System.Reflection;
using Larder.Cache;
using Larder.Node.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Dashboard;

/// <summary>
/// The dashboard of one node: the history and the recent events of its cache, and the endpoints that show them. Made
/// with the node's routes, started when the node listens, and gone before the cache closes. Safe for many threads.
/// </summary>
internal sealed class NodeDashboard : IAsyncDisposable
{
    // The version with the commit after the plus sign cut off.
    private static readonly string Version =
        typeof(NodeDashboard).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
            .InformationalVersion.Split('+')[0] ?? "0";

    // What the headline counts as requests: the artifact protocols, not those who watch.
    private static readonly HashSet<string> Watchers = new(StringComparer.Ordinal)
    {
        DashboardEndpoint.EndpointName, "metrics", "health", "none",
    };

    private readonly StatisticsHistory _history;

    // Set once by Start, before the first request can come.
    private NodeServices? _services;
    private Uri? _address;

    public NodeDashboard(TieredCache cache, TimeProvider clock, ILogger logger)
    {
        Events = new RecentEvents(clock);
        _history = new StatisticsHistory(
            cache.GetStatistics, Figures, Events, new StatisticsHistoryOptions(), clock, logger);
        Endpoints = new DashboardEndpoints(_history, Events, clock, logger);
    }

    /// <summary>Where removals and misses are told.</summary>
    public RecentEvents Events { get; }

    /// <summary>What answers requests.</summary>
    public DashboardEndpoints Endpoints { get; }

    /// <summary>Fires when the node begins to stop.</summary>
    public CancellationToken Draining { get; private set; }

    /// <summary>Begins to sample.</summary>
    public void Start(NodeServices services, Uri address, CancellationToken draining)
    {
        _services = services;
        _address = address;
        Draining = draining;
        _history.Start();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _history.DisposeAsync();

    private NodeFigures Figures()
    {
        if (_services is not { } services)
        {
            return new NodeFigures { Version = Version, State = "starting" };
        }

        var (answered, failed) = services.Metrics.Total(Watchers);
        return new NodeFigures
        {
            Version = Version,
            State = services.State.IsDraining ? "draining" : services.State.IsReady ? "ready" : "recovering",
            DataDirectory = services.Options.DiskCapacityBytes > 0 ? services.Options.DataDirectory : null,
            Addresses = _address is null ? [] : [_address.GetLeftPart(UriPartial.Authority)],
            RecoveryFraction = services.State.IsReady || services.State.IsDraining ? 1 : 0,
            Requests = answered,
            RequestErrors = failed,
            ActiveRequests = services.Metrics.InFlight,
            Connections = services.Metrics.Connections,
            ReceivedBytes = services.Metrics.ReceivedBytes,
            SentBytes = services.Metrics.SentBytes,
        };
    }
}

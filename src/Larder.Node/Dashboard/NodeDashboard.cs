using System.Reflection;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
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

    private readonly TieredCache _cache;
    private readonly StatisticsHistory _history;

    // Set once by Start, before the first request can come.
    private NodeServices? _services;
    private Uri? _address;

    public NodeDashboard(TieredCache cache, TimeProvider clock, ILogger logger)
    {
        _cache = cache;
        Events = new RecentEvents(clock);
        _history = new StatisticsHistory(
            cache.GetStatistics, Figures, Events, new StatisticsHistoryOptions(), clock, logger);
        Endpoints = new DashboardEndpoints(_history, Events, clock, logger);
        cache.Events.Removed += OnRemoved;
        cache.Events.Missed += OnMissed;
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
        services.Store.Missed = OnMissedName;
        _history.Start();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _cache.Events.Removed -= OnRemoved;
        _cache.Events.Missed -= OnMissed;
        return _history.DisposeAsync();
    }

    // A candidate that was never taken in, and a value that made room for a newer one of its name, did not leave a gap:
    // they are counted, and do not push evictions out of the list.
    private void OnRemoved(EntryRemoved entry)
    {
        if (entry.Reason is RemovalReason.NotAdmitted or RemovalReason.Replaced)
        {
            Events.CountRemovals(1, entry.Reason);
        }
        else
        {
            Events.RecordRemoval(entry.Tier, entry.Key, entry.Weight, entry.AgeTicks, entry.Reason);
        }
    }

    private void OnMissed(MissExplanation explanation) => Events.RecordMiss(explanation);

    // Most clients send names without recipes; where it went is then all that can be said of one.
    private void OnMissedName(ArtifactKey key) => Events.RecordMiss(key);

    private NodeFigures Figures()
    {
        if (_services is not { } services)
        {
            return new NodeFigures { Version = Version, State = "starting" };
        }

        var upstream = _cache.Remote?.GetStatus();
        var (answered, failed) = services.Metrics.Total(Watchers);
        return new NodeFigures
        {
            Version = Version,
            State = services.State.IsDraining ? "draining" : services.State.IsReady ? "ready" : "recovering",
            DataDirectory = services.Options.DiskCapacityBytes > 0 ? services.Options.DataDirectory : null,
            Addresses = _address is null ? [] : [_address.GetLeftPart(UriPartial.Authority)],
            RecoveryFraction = Recovered(_cache.Disk?.Recovery),
            RecoveredEntries = _cache.Disk?.Recovery.Entries ?? 0,
            Upstream = upstream?.Store,
            Circuit = upstream is null ? null : Names.Camel(upstream.Circuit.ToString()),
            Requests = answered,
            RequestErrors = failed,
            ActiveRequests = services.Metrics.InFlight,
            Connections = services.Metrics.Connections,
            ReceivedBytes = services.Metrics.ReceivedBytes,
            SentBytes = services.Metrics.SentBytes,
        };
    }

    // The directories still to read are counted as they are found, so the fraction may fall back a little.
    private static double Recovered(RecoveryProgress? progress) =>
        progress is null || progress.IsComplete ? 1
        : progress.DirectoriesTotal == 0 ? 0
        : Math.Min(0.999, (double)progress.DirectoriesScanned / progress.DirectoriesTotal);
}

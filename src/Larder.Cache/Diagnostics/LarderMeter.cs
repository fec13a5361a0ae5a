using System.Diagnostics.Metrics;
using Larder.Cache.Artifacts;
using Larder.Cache.Remote;

namespace Larder.Cache.Diagnostics;

/// <summary>
/// The figures of a cache as metrics of <c>System.Diagnostics.Metrics</c>. Every instrument reads the counters that are
/// kept anyway, when somebody looks, so that lookups pay nothing.
/// </summary>
/// <remarks>
/// Names are <c>larder.area.subject</c>; the tags are <c>tier</c>, <c>kind</c> and <c>outcome</c>. The snapshot behind
/// the instruments is taken once a second at most, so that instruments of one collection agree. Safe for use by many
/// threads.
/// </remarks>
public sealed class LarderMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Larder.Cache";

    private static readonly TimeSpan SnapshotAge = TimeSpan.FromSeconds(1);

    private readonly Meter _meter;
    private readonly Func<CacheStatistics> _read;
    private readonly Func<RemoteTierStatus?> _readRemote;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private CacheStatistics? _snapshot;
    private long _takenAt;

    /// <summary>Creates the instruments over a cache, which must outlive the meter.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="meters">Where the meter is made; null for one of its own.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public LarderMeter(TieredCache cache, IMeterFactory? meters = null, TimeProvider? timeProvider = null)
        : this(RequireCache(cache).GetStatistics, () => cache.Remote?.GetStatus(), meters, timeProvider)
    {
    }

    internal LarderMeter(
        Func<CacheStatistics> read, Func<RemoteTierStatus?> readRemote, IMeterFactory? meters, TimeProvider? timeProvider)
    {
        _read = read;
        _readRemote = readRemote;
        _time = timeProvider ?? TimeProvider.System;
        _meter = meters?.Create(Name) ?? new Meter(Name);
        CreateCacheInstruments();
        CreateTierInstruments();
        CreateRemoteInstruments();
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static TieredCache RequireCache(TieredCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        return cache;
    }

    private static string TierName(TierKind tier) => tier switch
    {
        TierKind.Memory => "memory",
        TierKind.Disk => "disk",
        TierKind.Remote => "remote",
        _ => "none",
    };

    private void CreateCacheInstruments()
    {
        _meter.CreateObservableCounter(
            "larder.cache.lookups",
            () => PerKind(static kind =>
            [
                ("memory", kind.MemoryHits), ("disk", kind.DiskHits), ("remote", kind.RemoteHits), ("fill", kind.FillHits),
                ("miss", kind.Misses), ("throttled", kind.Throttled), ("failed", kind.Failures),
            ]),
            "{lookup}",
            "Lookups of the cache as a whole, by what answered them.");
        _meter.CreateObservableCounter(
            "larder.cache.fills",
            () => PerKind(static kind => [("made", kind.Fills - kind.FailedFills), ("failed", kind.FailedFills)]),
            "{fill}",
            "Fills that were run.");
        _meter.CreateObservableCounter(
            "larder.cache.promotions",
            () => PerKind(static kind => [("promoted", kind.Promotions)]),
            "{entry}",
            "Artifacts copied into a higher tier after a hit below it.");
        _meter.CreateObservableCounter(
            "larder.cache.hit.size",
            () => PerKind(static kind => [("hit", kind.HitBytes)]),
            "By",
            "Payload bytes handed out on hits of any tier.");
        _meter.CreateObservableCounter(
            "larder.cache.saved",
            () => Snapshot().Kinds.Select(kind => new Measurement<double>(
                kind.SavedCost.TotalSeconds, new KeyValuePair<string, object?>("kind", kind.Kind))),
            "s",
            "What the hits would have cost to make, where the artifacts say so.");
        _meter.CreateObservableUpDownCounter(
            "larder.cache.inflight", () => Snapshot().InFlight, "{flight}", "Fills and remote fetches that run now.");
    }

    private void CreateTierInstruments()
    {
        _meter.CreateObservableCounter(
            "larder.tier.lookups",
            () => PerTierAndKind(static kind => [("hit", kind.Hits), ("miss", kind.Misses), ("throttled", kind.Throttled)]),
            "{lookup}",
            "Lookups of a tier.");
        _meter.CreateObservableCounter(
            "larder.tier.puts",
            () => PerTierAndKind(static kind => [("stored", kind.Puts - kind.Refused), ("refused", kind.Refused)]),
            "{put}",
            "Puts that came to a decision.");
        _meter.CreateObservableCounter(
            "larder.tier.removals",
            () => PerTierAndKind(static kind =>
            [
                ("evicted", kind.Evicted), ("removed", kind.Removed - kind.Quarantined),
                ("quarantined", kind.Quarantined), ("replaced", kind.Replaced),
            ]),
            "{entry}",
            "Entries that left a tier.");
        _meter.CreateObservableCounter(
            "larder.tier.evicted.size",
            () => PerTierAndKind(static kind => [("evicted", kind.EvictedBytes)]),
            "By",
            "Weight of what was evicted.");
        _meter.CreateObservableUpDownCounter(
            "larder.tier.entries", () => PerTierAndKind(static kind => [(null, kind.Entries)]), "{entry}", "Entries in a tier.");
        _meter.CreateObservableUpDownCounter(
            "larder.tier.size", () => PerTierAndKind(static kind => [(null, kind.Bytes)]), "By", "Weight of the entries in a tier.");
        _meter.CreateObservableUpDownCounter(
            "larder.tier.reserved", () => PerTier(static tier => tier.ReservedBytes), "By", "Bytes booked by fills in flight.");
        _meter.CreateObservableUpDownCounter(
            "larder.tier.capacity",
            () => PerTier(static tier => tier.CapacityBytes),
            "By",
            "Most bytes a tier may hold; -1 without a limit of its own.");
        _meter.CreateObservableCounter(
            "larder.tier.errors", () => PerTier(static tier => tier.Errors), "{error}", "Failures of a tier's medium.");
    }

    private void CreateRemoteInstruments()
    {
        _meter.CreateObservableCounter(
            "larder.remote.uploads",
            () => Remote(static status => [("stored", status.Uploaded), ("failed", status.GivenUp), ("dropped", status.Dropped)]),
            "{upload}",
            "Uploads to the remote store, by how they ended.");
        _meter.CreateObservableUpDownCounter(
            "larder.remote.queue.entries", () => Remote(static status => [(null, status.QueuedEntries)]), "{entry}", "Uploads that wait or run.");
        _meter.CreateObservableUpDownCounter(
            "larder.remote.queue.size", () => Remote(static status => [(null, status.QueuedBytes)]), "By", "Payload bytes of these.");
        _meter.CreateObservableCounter(
            "larder.remote.retries", () => Remote(static status => [(null, status.Retries)]), "{attempt}", "Attempts after the first.");
        _meter.CreateObservableCounter(
            "larder.remote.damaged", () => Remote(static status => [(null, status.Damaged)]), "{entry}", "Artifacts that came damaged and were not used.");
        _meter.CreateObservableCounter(
            "larder.remote.transferred",
            () => Remote(static status => [("received", status.ReceivedBytes), ("sent", status.SentBytes)]),
            "By",
            "Payload bytes received, and sent with success.");
        _meter.CreateObservableCounter(
            "larder.remote.turns",
            () => Remote(static status => [("taken", status.TurnsTaken), ("served", status.TurnsServed), ("alone", status.TurnsAlone)]),
            "{fill}",
            "Fills of artifacts that nodes take turns at: run here while others wait, made by another, run without a turn.");
        _meter.CreateObservableGauge(
            "larder.remote.circuit",
            () => Remote(static status => [(null, (long)status.Circuit)]),
            "{state}",
            "0 when the remote store is asked, 1 when it is passed over, 2 when one request finds out.");
    }

    private CacheStatistics Snapshot()
    {
        lock (_gate)
        {
            if (_snapshot is null || _time.GetElapsedTime(_takenAt) >= SnapshotAge)
            {
                _snapshot = _read();
                _takenAt = _time.GetTimestamp();
            }

            return _snapshot;
        }
    }

    private IEnumerable<Measurement<long>> PerKind(Func<CacheKindStatistics, (string Outcome, long Value)[]> read) =>
        from kind in Snapshot().Kinds
        from figure in read(kind)
        select new Measurement<long>(figure.Value, new("kind", kind.Kind), new("outcome", figure.Outcome));

    private IEnumerable<Measurement<long>> PerTier(Func<TierStatistics, long> read) =>
        Snapshot().Tiers.Select(tier => new Measurement<long>(
            read(tier), new KeyValuePair<string, object?>("tier", TierName(tier.Tier))));

    private IEnumerable<Measurement<long>> PerTierAndKind(Func<KindStatistics, (string? Outcome, long Value)[]> read) =>
        from tier in Snapshot().Tiers
        from kind in tier.Kinds
        from figure in read(kind)
        select figure.Outcome is null
            ? new Measurement<long>(figure.Value, new("tier", TierName(tier.Tier)), new("kind", kind.Kind))
            : new Measurement<long>(
                figure.Value, new("tier", TierName(tier.Tier)), new("kind", kind.Kind), new("outcome", figure.Outcome));

    private IEnumerable<Measurement<long>> Remote(Func<RemoteTierStatus, (string? Outcome, long Value)[]> read) =>
        _readRemote() is not { } status
            ? []
            : read(status).Select(figure => figure.Outcome is null
                ? new Measurement<long>(figure.Value, new KeyValuePair<string, object?>("tier", "remote"))
                : new Measurement<long>(figure.Value, new("tier", "remote"), new("outcome", figure.Outcome)));
}

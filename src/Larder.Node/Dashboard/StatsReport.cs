using Larder.Cache.Diagnostics;

namespace Larder.Node.Dashboard;

/// <summary>The answer to <c>GET /v1/stats</c>: everything countable, as one snapshot.</summary>
internal sealed record StatsReport
{
    public DateTimeOffset Time { get; init; }

    public required NodeReport Node { get; init; }

    public required ScopeReport Total { get; init; }

    /// <summary>Fills and remote fetches that run now.</summary>
    public long Flights { get; init; }

    public required IReadOnlyList<TierReport> Tiers { get; init; }

    /// <summary>Each kind across all tiers, by name.</summary>
    public required IReadOnlyList<ScopeReport> Kinds { get; init; }

    /// <summary>Entries that left a tier since the start, by reason.</summary>
    public required SortedDictionary<string, long> Removed { get; init; }
}

/// <summary>The node itself.</summary>
internal sealed record NodeReport
{
    public required string Version { get; init; }

    public required string State { get; init; }

    public string? DataDirectory { get; init; }

    public required IReadOnlyList<string> Addresses { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public double UptimeSeconds { get; init; }

    public double RecoveryFraction { get; init; }

    public long RecoveredEntries { get; init; }

    public string? Upstream { get; init; }

    public string? Circuit { get; init; }

    public long Requests { get; init; }

    public long RequestErrors { get; init; }

    public long ActiveRequests { get; init; }

    public long Connections { get; init; }

    public long ReceivedBytes { get; init; }

    public long SentBytes { get; init; }

    /// <summary>What the hits would have cost to make, as far as the artifacts say it.</summary>
    public double SavedSeconds { get; init; }

    public double CpuSeconds { get; init; }

    public long WorkingSetBytes { get; init; }

    public long ManagedHeapBytes { get; init; }

    public static NodeReport From(NodeFigures figures, DateTimeOffset now, TimeSpan uptime) => new()
    {
        Version = figures.Version,
        State = figures.State,
        DataDirectory = figures.DataDirectory,
        Addresses = figures.Addresses,
        StartedAt = now - uptime,
        UptimeSeconds = Math.Round(uptime.TotalSeconds, 1),
        RecoveryFraction = Math.Round(figures.RecoveryFraction, 4),
        RecoveredEntries = figures.RecoveredEntries,
        Upstream = figures.Upstream,
        Circuit = figures.Circuit,
        Requests = figures.Requests,
        RequestErrors = figures.RequestErrors,
        ActiveRequests = figures.ActiveRequests,
        Connections = figures.Connections,
        ReceivedBytes = figures.ReceivedBytes,
        SentBytes = figures.SentBytes,
        CpuSeconds = Math.Round(Environment.CpuUsage.TotalTime.TotalSeconds, 3),
        WorkingSetBytes = Environment.WorkingSet,
        ManagedHeapBytes = GC.GetTotalMemory(forceFullCollection: false),
    };
}

/// <summary>The cache as a whole, or one kind in all tiers.</summary>
internal sealed record ScopeReport
{
    /// <summary>The kind; null for all together.</summary>
    public string? Kind { get; init; }

    public long Lookups { get; init; }

    public long Hits { get; init; }

    public long Throttled { get; init; }

    /// <summary>Hits divided by lookups since the start; null without lookups.</summary>
    public double? HitRatio { get; init; }

    public long HitBytes { get; init; }

    public long Stored { get; init; }

    public long StoredBytes { get; init; }

    public long Evicted { get; init; }

    public long Entries { get; init; }

    public long Bytes { get; init; }

    public WindowRates? LastMinute { get; init; }

    public static ScopeReport From(string? kind, in Figures figures, WindowRates? lastMinute) => new()
    {
        Kind = kind,
        Lookups = figures.Lookups,
        Hits = figures.Hits,
        Throttled = figures.Throttled,
        HitRatio = figures.HitRatio,
        HitBytes = figures.HitBytes,
        Stored = figures.Stored,
        StoredBytes = figures.StoredBytes,
        Evicted = figures.Evicted,
        Entries = figures.Entries,
        Bytes = figures.Bytes,
        LastMinute = lastMinute,
    };
}

/// <summary>One tier and its kinds.</summary>
internal sealed record TierReport
{
    public required string Tier { get; init; }

    public bool Available { get; init; }

    public long Entries { get; init; }

    public long Bytes { get; init; }

    public long ReservedBytes { get; init; }

    /// <summary>Most bytes; 0 when the tier is switched off, -1 without a limit of its own.</summary>
    public long CapacityBytes { get; init; }

    /// <summary>Most entries; -1 without a limit.</summary>
    public long MaxEntries { get; init; }

    public long Errors { get; init; }

    public long QueuedEntries { get; init; }

    public long QueuedBytes { get; init; }

    public WindowRates? LastMinute { get; init; }

    public required IReadOnlyList<KindReport> Kinds { get; init; }

    public static TierReport From(TierStatistics tier, IReadOnlyDictionary<RowKey, WindowRates> lastMinute)
    {
        var name = Names.Of(tier.Tier);
        return new TierReport
        {
            Tier = name,
            Available = tier.Available,
            Entries = tier.Entries,
            Bytes = tier.Bytes,
            ReservedBytes = tier.ReservedBytes,
            CapacityBytes = tier.CapacityBytes,
            MaxEntries = tier.MaxEntries,
            Errors = tier.Errors,
            QueuedEntries = tier.QueuedEntries,
            QueuedBytes = tier.QueuedBytes,
            LastMinute = lastMinute.GetValueOrDefault(new RowKey(name, null)),
            Kinds = [.. tier.Kinds.Select(kind => KindReport.From(kind, lastMinute.GetValueOrDefault(new RowKey(name, kind.Kind))))],
        };
    }
}

/// <summary>One kind in one tier.</summary>
internal sealed record KindReport
{
    public required string Kind { get; init; }

    public long Lookups { get; init; }

    public long Hits { get; init; }

    public long Misses { get; init; }

    public long Throttled { get; init; }

    public double? HitRatio { get; init; }

    public long HitBytes { get; init; }

    public long Puts { get; init; }

    public long StoredBytes { get; init; }

    public long Recovered { get; init; }

    public long Entries { get; init; }

    public long Bytes { get; init; }

    public long Evicted { get; init; }

    public long EvictedBytes { get; init; }

    public long Removed { get; init; }

    public long Replaced { get; init; }

    public long Refused { get; init; }

    public long Quarantined { get; init; }

    public WindowRates? LastMinute { get; init; }

    public static KindReport From(KindStatistics kind, WindowRates? lastMinute) => new()
    {
        Kind = kind.Kind,
        Lookups = kind.Lookups,
        Hits = kind.Hits,
        Misses = kind.Misses,
        Throttled = kind.Throttled,
        HitRatio = Figures.Of(kind).HitRatio,
        HitBytes = kind.HitBytes,
        Puts = kind.Puts,
        StoredBytes = kind.StoredBytes,
        Recovered = kind.Recovered,
        Entries = kind.Entries,
        Bytes = kind.Bytes,
        Evicted = kind.Evicted,
        EvictedBytes = kind.EvictedBytes,
        Removed = kind.Removed,
        Replaced = kind.Replaced,
        Refused = kind.Refused,
        Quarantined = kind.Quarantined,
        LastMinute = lastMinute,
    };
}

namespace Larder.Node.Dashboard;

/// <summary>One message of <c>GET /v1/live</c>: what happened between the last two samples.</summary>
internal sealed record LiveReport
{
    /// <summary>Number of the sample; a gap or a fall tells the client to load everything again.</summary>
    public long Sequence { get; init; }

    /// <summary>When the sample was taken, in milliseconds of Unix time.</summary>
    public long Time { get; init; }

    /// <summary>Time since the sample before.</summary>
    public double Seconds { get; init; }

    public double UptimeSeconds { get; init; }

    /// <summary>Every total, and the kinds that changed.</summary>
    public required IReadOnlyList<LiveRow> Rows { get; init; }

    /// <summary>Entries that left, by reason.</summary>
    public required SortedDictionary<string, long> Removals { get; init; }

    public required LiveNode Node { get; init; }

    /// <summary>The counters of the whole cache since the start.</summary>
    public required LiveRow Totals { get; init; }

    /// <summary>The number that the next event will get, for <c>GET /v1/events</c>.</summary>
    public long NextEvent { get; init; }

    /// <summary>What is sent before the first sample.</summary>
    public static LiveReport Nothing(DateTimeOffset now, TimeSpan uptime) => new()
    {
        Sequence = -1,
        Time = now.ToUnixTimeMilliseconds(),
        UptimeSeconds = Math.Round(uptime.TotalSeconds, 1),
        Rows = [],
        Removals = [],
        Node = new LiveNode(),
        Totals = LiveRow.From(new RowKey(RowKey.All, null), default),
        NextEvent = 1,
    };
}

/// <summary>One scope and kind in a live message.</summary>
internal sealed record LiveRow
{
    public required string Scope { get; init; }

    public string? Kind { get; init; }

    public long Lookups { get; init; }

    public long Hits { get; init; }

    public long HitBytes { get; init; }

    public long StoredBytes { get; init; }

    public long Evicted { get; init; }

    public long Entries { get; init; }

    public long Bytes { get; init; }

    public static LiveRow From(RowKey key, in Figures figures) => new()
    {
        Scope = key.Scope,
        Kind = key.Kind,
        Lookups = figures.Lookups,
        Hits = figures.Hits,
        HitBytes = figures.HitBytes,
        StoredBytes = figures.StoredBytes,
        Evicted = figures.Evicted,
        Entries = figures.Entries,
        Bytes = figures.Bytes,
    };
}

/// <summary>The node in a live message.</summary>
internal sealed record LiveNode
{
    public long Requests { get; init; }

    public long SentBytes { get; init; }

    public long ReceivedBytes { get; init; }

    public long Errors { get; init; }

    public long CpuMicroseconds { get; init; }

    public long WorkingSetBytes { get; init; }

    public long QueuedEntries { get; init; }

    public static LiveNode From(in NodeSample change) => new()
    {
        Requests = change.Requests,
        SentBytes = change.SentBytes,
        ReceivedBytes = change.ReceivedBytes,
        Errors = change.Errors,
        CpuMicroseconds = change.CpuMicroseconds,
        WorkingSetBytes = change.WorkingSetBytes,
        QueuedEntries = change.QueuedEntries,
    };
}

namespace Larder.Node.Dashboard;

/// <summary>
/// The answer to <c>GET /v1/history</c>. Every array has one element for each step, oldest first; counters say what
/// happened within the step, levels what was true at its end.
/// </summary>
internal sealed record HistoryReport
{
    public double WindowSeconds { get; init; }

    /// <summary>Number of the newest sample that is included; live samples after it follow on.</summary>
    public long Sequence { get; init; }

    /// <summary>End of each step, in milliseconds of Unix time.</summary>
    public required long[] Time { get; init; }

    /// <summary>Length of each step.</summary>
    public required double[] Seconds { get; init; }

    public required IReadOnlyList<RowSeries> Rows { get; init; }

    public required NodeSeries Node { get; init; }

    /// <summary>Entries that left, by reason; reasons that did not occur are left out.</summary>
    public required SortedDictionary<string, long[]> Removals { get; init; }
}

/// <summary>The series of one scope and kind.</summary>
internal sealed class RowSeries(RowKey key, int steps)
{
    public string Scope { get; } = key.Scope;

    public string? Kind { get; } = key.Kind;

    public long[] Lookups { get; } = new long[steps];

    public long[] Hits { get; } = new long[steps];

    public long[] HitBytes { get; } = new long[steps];

    public long[] StoredBytes { get; } = new long[steps];

    public long[] Evicted { get; } = new long[steps];

    public long[] Entries { get; } = new long[steps];

    public long[] Bytes { get; } = new long[steps];

    internal void Set(int step, in Figures change)
    {
        Lookups[step] = change.Lookups;
        Hits[step] = change.Hits;
        HitBytes[step] = change.HitBytes;
        StoredBytes[step] = change.StoredBytes;
        Evicted[step] = change.Evicted;
        Entries[step] = change.Entries;
        Bytes[step] = change.Bytes;
    }
}

/// <summary>The series of the node itself.</summary>
internal sealed class NodeSeries(int steps)
{
    public long[] Requests { get; } = new long[steps];

    public long[] SentBytes { get; } = new long[steps];

    public long[] ReceivedBytes { get; } = new long[steps];

    public long[] Errors { get; } = new long[steps];

    public long[] CpuMicroseconds { get; } = new long[steps];

    public long[] WorkingSetBytes { get; } = new long[steps];

    public long[] QueuedEntries { get; } = new long[steps];

    internal void Set(int step, in NodeSample change)
    {
        Requests[step] = change.Requests;
        SentBytes[step] = change.SentBytes;
        ReceivedBytes[step] = change.ReceivedBytes;
        Errors[step] = change.Errors;
        CpuMicroseconds[step] = change.CpuMicroseconds;
        WorkingSetBytes[step] = change.WorkingSetBytes;
        QueuedEntries[step] = change.QueuedEntries;
    }
}

using Larder.Cache.Artifacts;

namespace Larder.Node.Dashboard;

/// <summary>The node's own figures at one sample: counters since start, and a few levels.</summary>
internal readonly record struct NodeSample
{
    /// <summary>Removal reasons that are counted.</summary>
    public const int Reasons = (int)RemovalReason.Quarantined + 1;

    public long Requests { get; init; }

    public long ReceivedBytes { get; init; }

    public long SentBytes { get; init; }

    public long Errors { get; init; }

    public long CpuMicroseconds { get; init; }

    public long WorkingSetBytes { get; init; }

    public long ManagedHeapBytes { get; init; }

    public long QueuedEntries { get; init; }

    public long ActiveRequests { get; init; }

    /// <summary>What happened between two samples, and the levels at the later one.</summary>
    public static NodeSample Between(in NodeSample earlier, in NodeSample later) => later with
    {
        Requests = Math.Max(0, later.Requests - earlier.Requests),
        ReceivedBytes = Math.Max(0, later.ReceivedBytes - earlier.ReceivedBytes),
        SentBytes = Math.Max(0, later.SentBytes - earlier.SentBytes),
        Errors = Math.Max(0, later.Errors - earlier.Errors),
        CpuMicroseconds = Math.Max(0, later.CpuMicroseconds - earlier.CpuMicroseconds),
    };
}

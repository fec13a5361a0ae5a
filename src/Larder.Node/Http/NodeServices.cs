using Larder.Node.Security;
using Larder.Node.Storage;
using Larder.Node.Telemetry;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Http;

/// <summary>What a node has for its endpoints. Lives as long as the node; safe for many threads.</summary>
internal sealed class NodeServices
{
    /// <summary>The validated options.</summary>
    public required NodeOptions Options { get; init; }

    /// <summary>The cache, seen so that its troubles are misses.</summary>
    public required ArtifactStore Store { get; init; }

    /// <summary>Looks up within the deadline, whatever the tiers do.</summary>
    public required LookupWatch Watch { get; init; }

    /// <summary>Who may do what.</summary>
    public required AccessGuard Guard { get; init; }

    /// <summary>What is counted.</summary>
    public required NodeMetrics Metrics { get; init; }

    /// <summary>Whether the node is ready, and why not.</summary>
    public required NodeState State { get; init; }

    /// <summary>The bound on uploads that are being stored.</summary>
    public required SemaphoreSlim UploadSlots { get; init; }

    /// <summary>
    /// The bound on writes into the tiers at one moment. They may block their thread on a busy disk; what waits here
    /// does not, so that threads are left to receive and to serve.
    /// </summary>
    public required SemaphoreSlim WriteTurns { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>The node's log.</summary>
    public required ILogger Logger { get; init; }
}

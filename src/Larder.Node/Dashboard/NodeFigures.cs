namespace Larder.Node.Dashboard;

/// <summary>What the host knows about itself at one instant: facts for people, and counters since it started.</summary>
internal sealed record NodeFigures
{
    /// <summary>The product's version.</summary>
    public required string Version { get; init; }

    /// <summary>What the node is doing, in one word: <c>recovering</c>, <c>ready</c> or <c>draining</c>.</summary>
    public required string State { get; init; }

    /// <summary>The directory that holds the disk tier; null without one.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>Where the node listens, as URLs.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>How far the disk tier's recovery has come, from 0 to 1; 1 when it is complete or there is none.</summary>
    public double RecoveryFraction { get; init; } = 1;

    /// <summary>Entries that the recovery has found so far.</summary>
    public long RecoveredEntries { get; init; }

    /// <summary>The upstream store without secrets; null when there is none.</summary>
    public string? Upstream { get; init; }

    /// <summary>The upstream's circuit: <c>closed</c>, <c>open</c> or <c>halfOpen</c>; null without an upstream.</summary>
    public string? Circuit { get; init; }

    /// <summary>HTTP requests answered by the artifact protocols.</summary>
    public long Requests { get; init; }

    /// <summary>Of those, the ones that ended with a status of 500 or above, or were cut short.</summary>
    public long RequestErrors { get; init; }

    /// <summary>Requests in flight now.</summary>
    public long ActiveRequests { get; init; }

    /// <summary>Connections open now.</summary>
    public long Connections { get; init; }

    /// <summary>Payload bytes taken from clients.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Payload bytes sent to clients.</summary>
    public long SentBytes { get; init; }
}

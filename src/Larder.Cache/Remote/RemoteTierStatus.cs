namespace Larder.Cache.Remote;

/// <summary>What is particular to a remote tier, besides its <see cref="Diagnostics.TierStatistics"/>.</summary>
public sealed record RemoteTierStatus
{
    /// <summary>The store's name, without secrets.</summary>
    public required string Store { get; init; }

    /// <summary>Whether the store is asked at all.</summary>
    public CircuitState Circuit { get; init; }

    /// <summary>How often the circuit opened.</summary>
    public long CircuitOpenings { get; init; }

    /// <summary>Artifacts that wait for their upload or are being sent.</summary>
    public long QueuedEntries { get; init; }

    /// <summary>Payload bytes of these.</summary>
    public long QueuedBytes { get; init; }

    /// <summary>Uploads that the store confirmed, as new or as present already.</summary>
    public long Uploaded { get; init; }

    /// <summary>Uploads that were given up after their last attempt, for their age, or because the store refuses them.</summary>
    public long GivenUp { get; init; }

    /// <summary>Uploads that found no room in the queue, or no permission to write.</summary>
    public long Dropped { get; init; }

    /// <summary>Attempts after the first, of lookups and uploads.</summary>
    public long Retries { get; init; }

    /// <summary>Artifacts that came damaged and were not used.</summary>
    public long Damaged { get; init; }

    /// <summary>Payload bytes received, those of failed transfers included.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Payload bytes of confirmed uploads.</summary>
    public long SentBytes { get; init; }

    /// <summary>Fills that this node ran while others waited for what it makes.</summary>
    public long TurnsTaken { get; init; }

    /// <summary>Fills that were not run here because another node had made the artifact meanwhile.</summary>
    public long TurnsServed { get; init; }

    /// <summary>Fills that were run here without a turn, because the store could not be asked or others took too long.</summary>
    public long TurnsAlone { get; init; }

    /// <summary>The latest failure, without secrets; null when there was none.</summary>
    public string? LastError { get; init; }
}

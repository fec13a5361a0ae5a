using Larder.Cache.Fingerprints;

namespace Larder.Oci.Layers;

/// <summary>What became of one layer in this process so far.</summary>
public sealed record LayerStatus
{
    /// <summary>The layer's diff id.</summary>
    public required Fingerprint DiffId { get; init; }

    /// <summary>Length of its blob in bytes.</summary>
    public required long BlobBytes { get; init; }

    /// <summary>What is happening to it.</summary>
    public required LayerActivity Activity { get; init; }

    /// <summary>Bytes of the blob that the pass that runs, or ran last, has read.</summary>
    public long ReadBytes { get; init; }

    /// <summary>Bytes of the archive that this pass has stored.</summary>
    public long StoredBytes { get; init; }

    /// <summary>Bytes that came from the layer's source, ranges and repetitions included.</summary>
    public long SourceBytes { get; init; }

    /// <summary>Requests to the source for this layer's blob.</summary>
    public long SourceRequests { get; init; }

    /// <summary>Objects that were opened, by where they were: on this node's disk.</summary>
    public long DiskHits { get; init; }

    /// <summary>In the remote tier.</summary>
    public long RemoteHits { get; init; }

    /// <summary>Bytes of the objects that came from the remote tier.</summary>
    public long RemoteBytes { get; init; }

    /// <summary>Fetched from the source by a range.</summary>
    public long RangeFetches { get; init; }

    /// <summary>Waited for while the layer was read as a whole.</summary>
    public long StreamWaits { get; init; }

    /// <summary>Passes over the whole layer that were begun.</summary>
    public long Imports { get; init; }

    /// <summary>Times that reading was taken up again after it broke off.</summary>
    public long Resumes { get; init; }

    /// <summary>Readers that wait now.</summary>
    public long Waiting { get; init; }

    /// <summary>Time that readers have waited, added up.</summary>
    public TimeSpan WaitTime { get; init; }

    /// <summary>Longest wait of a reader.</summary>
    public TimeSpan LongestWait { get; init; }

    /// <summary>From the first request for the layer to the first byte from anywhere; null before that.</summary>
    public TimeSpan? FirstByte { get; init; }

    /// <summary>Objects of the index; -1 before it is known.</summary>
    public int Objects { get; init; } = -1;

    /// <summary>Bytes of all objects of the index; 0 before it is known.</summary>
    public long ObjectBytes { get; init; }

    /// <summary>Bytes of those that were on this node's disk when that was last found out.</summary>
    public long LocalBytes { get; init; }

    /// <summary>Whether every object was on this node's disk when that was last found out; eviction may change it.</summary>
    public bool IsFullyLocal { get; init; }

    /// <summary>Why reading the layer failed last; null when it did not.</summary>
    public string? LastError { get; init; }
}

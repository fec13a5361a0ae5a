using Larder.Oci.Layers;

namespace Larder.Oci.Mounting;

/// <summary>What was read of a layer through one mount, and from where.</summary>
public sealed record LayerFigures
{
    /// <summary>The digest of the uncompressed layer.</summary>
    public required string DiffId { get; init; }

    /// <summary>Length of the layer's blob.</summary>
    public long BlobBytes { get; init; }

    /// <summary>Reads that the process answered; what the kernel reads by itself is not counted.</summary>
    public long Reads { get; init; }

    /// <summary>Bytes of those reads.</summary>
    public long BytesRead { get; init; }

    /// <summary>Objects that were opened on this node's disk and were not at hand.</summary>
    public long OpenedFromDisk { get; init; }

    /// <summary>Objects that came from the remote tier.</summary>
    public long OpenedFromRemote { get; init; }

    /// <summary>Bytes of those objects.</summary>
    public long BytesFromRemote { get; init; }

    /// <summary>Objects that came from the image's own source.</summary>
    public long OpenedFromSource { get; init; }

    /// <summary>Bytes of those objects.</summary>
    public long BytesFromSource { get; init; }

    /// <summary>Bytes of all objects of the layer; 0 before its index is known.</summary>
    public long ObjectBytes { get; init; }

    /// <summary>Bytes of those that were on the disk when that was last found out.</summary>
    public long LocalBytes { get; init; }

    /// <summary>Objects that were opened on the disk, at hand or not.</summary>
    public long DiskHits { get; init; }

    /// <summary>Readers that wait now.</summary>
    public long Waiting { get; init; }

    /// <summary>From the first request for the layer to its first byte from elsewhere; null before that.</summary>
    public double? FirstByteMilliseconds { get; init; }

    /// <summary>Attempts to get an object that failed.</summary>
    public long Failures { get; init; }

    /// <summary>Requests to the source for the blob.</summary>
    public long SourceRequests { get; init; }

    /// <summary>Bytes that came from the source, ranges and repetitions included.</summary>
    public long SourceBytes { get; init; }

    /// <summary>Bytes of the blob that the pass that runs, or ran last, has read.</summary>
    public long BlobBytesRead { get; init; }

    /// <summary>What happens to it: <c>idle</c>, <c>queued</c> or <c>importing</c>.</summary>
    public string Activity { get; init; } = "idle";

    /// <summary>Whether every object was on the disk when that was last found out.</summary>
    public bool IsFullyLocal { get; init; }

    /// <summary>Why reading it failed last; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>Time that readers waited for objects, all together.</summary>
    public double WaitedMilliseconds { get; init; }

    /// <summary>The longest that a reader waited.</summary>
    public double LongestWaitMilliseconds { get; init; }

    /// <summary>The figures of a layer.</summary>
    /// <param name="layer">What was read of it through the mount.</param>
    /// <param name="status">What became of it in this process; null when nothing has.</param>
    public static LayerFigures Of(ImageLayerStatistics layer, LayerStatus? status)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return new LayerFigures
        {
            DiffId = layer.DiffId.ToString(),
            BlobBytes = layer.BlobBytes,
            Reads = layer.Reads,
            BytesRead = layer.BytesRead,
            OpenedFromDisk = layer.OpenedFromDisk,
            OpenedFromRemote = layer.OpenedFromRemote,
            BytesFromRemote = layer.BytesFromRemote,
            OpenedFromSource = layer.OpenedFromSource,
            BytesFromSource = layer.BytesFromSource,
            ObjectBytes = status?.ObjectBytes ?? 0,
            LocalBytes = status?.LocalBytes ?? 0,
            DiskHits = status?.DiskHits ?? 0,
            Waiting = status?.Waiting ?? 0,
            FirstByteMilliseconds = status?.FirstByte is { } first ? Math.Round(first.TotalMilliseconds, 1) : null,
            Failures = layer.Failures,
            SourceRequests = status?.SourceRequests ?? 0,
            SourceBytes = status?.SourceBytes ?? 0,
            BlobBytesRead = status?.ReadBytes ?? 0,
            Activity = (status?.Activity ?? LayerActivity.Idle).ToString().ToLowerInvariant(),
            IsFullyLocal = status?.IsFullyLocal ?? false,
            LastError = status?.LastError,
            WaitedMilliseconds = Math.Round(layer.Waited.TotalMilliseconds, 1),
            LongestWaitMilliseconds = Math.Round(layer.LongestWait.TotalMilliseconds, 1),
        };
    }
}

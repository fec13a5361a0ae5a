using Larder.Oci.References;

namespace Larder.Oci.Mounting;

/// <summary>What was read of one layer through one image, and where it came from.</summary>
public sealed record ImageLayerStatistics
{
    /// <summary>The digest of the uncompressed layer.</summary>
    public required OciDigest DiffId { get; init; }

    /// <summary>Length of the layer's blob in bytes.</summary>
    public required long BlobBytes { get; init; }

    /// <summary>Reads that the file system answered; what the kernel reads by itself is not counted.</summary>
    public required long Reads { get; init; }

    /// <summary>Bytes of those reads.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Objects that were opened on this node's disk and were not at hand.</summary>
    public required long OpenedFromDisk { get; init; }

    /// <summary>Objects that came from the remote tier.</summary>
    public required long OpenedFromRemote { get; init; }

    /// <summary>Bytes of those objects.</summary>
    public required long BytesFromRemote { get; init; }

    /// <summary>Objects that came from the image's own source.</summary>
    public required long OpenedFromSource { get; init; }

    /// <summary>Bytes of those objects.</summary>
    public required long BytesFromSource { get; init; }

    /// <summary>Attempts to get an object that failed.</summary>
    public required long Failures { get; init; }

    /// <summary>Time that readers waited for objects, all together.</summary>
    public required TimeSpan Waited { get; init; }

    /// <summary>The longest that a reader waited for an object.</summary>
    public required TimeSpan LongestWait { get; init; }
}

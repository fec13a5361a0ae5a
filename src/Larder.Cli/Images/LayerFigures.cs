using Larder.Oci.Layers;
using Larder.Oci.Mounting;

namespace Larder.Cli.Images;

/// <summary>What was read of a layer through one mount, and from where.</summary>
internal sealed record LayerFigures
{
    public required string DiffId { get; init; }

    public long BlobBytes { get; init; }

    public long Reads { get; init; }

    public long BytesRead { get; init; }

    public long OpenedFromDisk { get; init; }

    public long OpenedFromRemote { get; init; }

    public long BytesFromRemote { get; init; }

    public long OpenedFromSource { get; init; }

    public long BytesFromSource { get; init; }

    public long Failures { get; init; }

    public long SourceRequests { get; init; }

    public long SourceBytes { get; init; }

    public long BlobBytesRead { get; init; }

    public string Activity { get; init; } = "idle";

    public bool IsFullyLocal { get; init; }

    public string? LastError { get; init; }

    public double WaitedMilliseconds { get; init; }

    public double LongestWaitMilliseconds { get; init; }

    /// <summary>The figures of a layer.</summary>
    /// <param name="layer">What was read of it through the mount.</param>
    /// <param name="status">What became of it in this process; null when nothing has.</param>
    public static LayerFigures Of(ImageLayerStatistics layer, LayerStatus? status) => new()
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

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

    public double WaitedMilliseconds { get; init; }

    public double LongestWaitMilliseconds { get; init; }

    public static LayerFigures Of(ImageLayerStatistics layer) => new()
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
        WaitedMilliseconds = Math.Round(layer.Waited.TotalMilliseconds, 1),
        LongestWaitMilliseconds = Math.Round(layer.LongestWait.TotalMilliseconds, 1),
    };
}

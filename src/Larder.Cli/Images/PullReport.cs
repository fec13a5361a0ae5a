using Larder.Oci.Sources;

namespace Larder.Cli.Images;

/// <summary>What <c>larder pull</c> did, and what the image is.</summary>
internal sealed record PullReport
{
    public required string Reference { get; init; }

    public required string Digest { get; init; }

    public required string Manifest { get; init; }

    public required string Platform { get; init; }

    /// <summary>Whether the registry could not be asked what the tag stands for now.</summary>
    public bool IsPinned { get; init; }

    public required IReadOnlyList<Layer> Layers { get; init; }

    /// <summary>Bytes of all blobs.</summary>
    public long BlobBytes { get; init; }

    /// <summary>Bytes that came from the registry.</summary>
    public long SourceBytes { get; init; }

    /// <summary>Bytes that came from the remote tier.</summary>
    public long RemoteBytes { get; init; }

    public double Seconds { get; init; }

    /// <summary>The report of an image whose layers were not touched.</summary>
    public static PullReport Of(ResolvedImage image) => new()
    {
        Reference = image.Reference.ToString(),
        Digest = image.Digest.ToString(),
        Manifest = image.ManifestDescriptor.Digest.ToString(),
        Platform = image.Config.Platform.ToString(),
        IsPinned = image.IsPinned,
        BlobBytes = image.Manifest.Layers.Sum(static layer => layer.Size),
        Layers = [.. image.Layers.Select(static layer => new Layer(
            layer.DiffId.ToString(), layer.Blob.Digest.ToString(), layer.Blob.MediaType, layer.Blob.Size))],
    };

    /// <summary>One layer of the image.</summary>
    /// <param name="DiffId">The digest of the uncompressed layer.</param>
    /// <param name="Digest">The digest of its blob.</param>
    /// <param name="MediaType">What the manifest calls it.</param>
    /// <param name="Bytes">Bytes of the blob.</param>
    internal sealed record Layer(string DiffId, string Digest, string MediaType, long Bytes);
}

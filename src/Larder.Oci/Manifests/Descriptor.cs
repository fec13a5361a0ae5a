using System.Collections.Immutable;
using Larder.Oci.References;

namespace Larder.Oci.Manifests;

/// <summary>What a manifest or index says of a content that it names.</summary>
/// <remarks>Source: OCI image specification, descriptors.</remarks>
public sealed record Descriptor
{
    /// <summary>What the content is; unknown types are kept as they are.</summary>
    public required string MediaType { get; init; }

    /// <summary>The name of the content.</summary>
    public required OciDigest Digest { get; init; }

    /// <summary>Its length in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>What it runs on, in an index; null when that is not said.</summary>
    public ImagePlatform? Platform { get; init; }

    /// <summary>Where else it may be had; usually empty.</summary>
    public ImmutableArray<string> Urls { get; init; } = [];

    /// <summary>Notes of whoever made it.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The type of an artifact that is no image; null for images.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>Returns digest and size.</summary>
    public override string ToString() => $"{Digest} ({Size} bytes)";
}

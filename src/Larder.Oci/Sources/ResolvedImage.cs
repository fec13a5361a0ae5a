using System.Collections.Immutable;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>An image that a reference led to: everything that is known before its layers are read.</summary>
public sealed record ResolvedImage
{
    /// <summary>What was asked for.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>The digest that the reference stands for: of the index, or of the manifest when there is no index.</summary>
    public required OciDigest Digest { get; init; }

    /// <summary>The manifest of the platform that was chosen: its digest, length and type.</summary>
    public required Descriptor ManifestDescriptor { get; init; }

    /// <summary>The manifest.</summary>
    public required ImageManifest Manifest { get; init; }

    /// <summary>The configuration.</summary>
    public required ImageConfig Config { get; init; }

    /// <summary>The layers, lowest first. The same layer can come twice.</summary>
    public required ImmutableArray<ImageLayer> Layers { get; init; }

    /// <summary>
    /// Whether the tag was not looked up, because the registry could not be asked, and stands for what it stood for last
    /// time.
    /// </summary>
    public bool IsPinned { get; init; }
}

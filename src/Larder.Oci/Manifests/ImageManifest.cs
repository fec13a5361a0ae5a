using System.Collections.Immutable;

namespace Larder.Oci.Manifests;

/// <summary>The parts of one image: its configuration and its layers from the lowest to the uppermost.</summary>
public sealed record ImageManifest
{
    /// <summary>Whether it is an OCI or a Docker manifest.</summary>
    public required string MediaType { get; init; }

    /// <summary>The configuration.</summary>
    public required Descriptor Config { get; init; }

    /// <summary>The layers, lowest first.</summary>
    public required ImmutableArray<Descriptor> Layers { get; init; }

    /// <summary>Notes of whoever made it.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

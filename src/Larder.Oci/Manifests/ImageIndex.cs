using System.Collections.Immutable;

namespace Larder.Oci.Manifests;

/// <summary>A list of images for different platforms: an OCI index or a Docker manifest list.</summary>
public sealed record ImageIndex
{
    /// <summary>Which of the two it is.</summary>
    public required string MediaType { get; init; }

    /// <summary>The images, and whatever else the list names, in its order.</summary>
    public required ImmutableArray<Descriptor> Manifests { get; init; }

    /// <summary>Notes of whoever made it.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

using System.Collections.Immutable;
using Larder.Oci.References;

namespace Larder.Oci.Manifests;

/// <summary>An image's configuration: what it runs on, how it is started, and the names of its uncompressed layers.</summary>
/// <remarks>Source: OCI image specification, image configuration. Docker's is the same in what is read here.</remarks>
public sealed record ImageConfig
{
    /// <summary>What the image runs on.</summary>
    public required ImagePlatform Platform { get; init; }

    /// <summary>The digests of the uncompressed layers, lowest first.</summary>
    public required ImmutableArray<OciDigest> DiffIds { get; init; }

    /// <summary>When the image was made; null when it does not say.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>The user, and perhaps group, that the program runs as; empty for root.</summary>
    public string User { get; init; } = string.Empty;

    /// <summary>The environment, each entry <c>NAME=value</c>.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary>The first part of the command; empty when there is none.</summary>
    public ImmutableArray<string> Entrypoint { get; init; } = [];

    /// <summary>The second part of the command, which callers replace by their own arguments.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>Where the program starts; empty for the root.</summary>
    public string WorkingDirectory { get; init; } = string.Empty;

    /// <summary>Notes of whoever made it.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

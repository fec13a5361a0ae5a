namespace Larder.Oci.Manifests;

/// <summary>How much of a manifest or configuration is read, whatever the registry sends.</summary>
internal static class ManifestLimits
{
    /// <summary>Largest manifest or index, in bytes; what registries take at most.</summary>
    public const int MaxManifestBytes = 4 * 1024 * 1024;

    /// <summary>Largest configuration, in bytes.</summary>
    public const int MaxConfigBytes = 8 * 1024 * 1024;

    /// <summary>Most layers of an image.</summary>
    public const int MaxLayers = 4096;

    /// <summary>Most entries of an index.</summary>
    public const int MaxManifests = 4096;

    /// <summary>Most annotations, labels, variables or URLs of one thing.</summary>
    public const int MaxNotes = 4096;

    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 32;

    /// <summary>Longest media type.</summary>
    public const int MaxMediaTypeLength = 255;

    /// <summary>Largest blob, in bytes; no disk holds more.</summary>
    public const long MaxBlobBytes = 1L << 50;
}

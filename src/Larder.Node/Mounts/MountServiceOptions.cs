namespace Larder.Node.Mounts;

/// <summary>What a node does with mounts of container images.</summary>
public sealed record MountServiceOptions
{
    /// <summary>The directory below which clients may have images mounted; null for none.</summary>
    public string? Root { get; init; }

    /// <summary>Starts and ends the processes that hold mounts; null when this program cannot.</summary>
    public IMountHolder? Holder { get; init; }
}

namespace Larder.Node.Mounts;

/// <summary>A mount that a client asked for, as the node writes it down to make it again after a restart.</summary>
public sealed record MountOrder
{
    /// <summary>The image.</summary>
    public required string Reference { get; init; }

    /// <summary>Where, below the root of the settings.</summary>
    public required string Path { get; init; }

    /// <summary>The platform, such as <c>linux/arm64</c>; null for this machine's.</summary>
    public string? Platform { get; init; }

    /// <summary>Whether the kernel may read large files by itself. Default true.</summary>
    public bool Passthrough { get; init; } = true;

    /// <summary>The name that the files that are used are noted under; null when they are not.</summary>
    public string? Record { get; init; }

    /// <summary>How long a read waits for bytes that cannot be had. Default five minutes.</summary>
    public TimeSpan ReadDeadline { get; init; } = TimeSpan.FromMinutes(5);
}

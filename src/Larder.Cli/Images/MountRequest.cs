namespace Larder.Cli.Images;

/// <summary>What <c>larder mount</c> was told, for the processes that keep and serve the mount.</summary>
internal sealed record MountRequest
{
    /// <summary>The image.</summary>
    public required string Reference { get; init; }

    /// <summary>Where it is to be seen, as the kernel's table has it.</summary>
    public required string MountPoint { get; init; }

    /// <summary>Where layers are kept, and how the image is got.</summary>
    public required ImageSettings Settings { get; init; }

    /// <summary>Whether the kernel may read large files by itself.</summary>
    public bool Passthrough { get; init; } = true;

    /// <summary>A directory that takes changes; null for a view that cannot be changed.</summary>
    public string? WritableDirectory { get; init; }

    /// <summary>The name that the files that are used are noted under; null when they are not.</summary>
    public string? Record { get; init; }

    /// <summary>How long a read waits for bytes that cannot be had.</summary>
    public TimeSpan ReadDeadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether progress is told as JSON lines on standard output.</summary>
    public bool ReportsLines { get; init; }

    /// <summary>Where the FUSE mount is: under the writable view, or where it is to be seen.</summary>
    public string LowerMountPoint => WritableDirectory is null ? MountPoint : Path.Combine(WritableDirectory, "image");
}

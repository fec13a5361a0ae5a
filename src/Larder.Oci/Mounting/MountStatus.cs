namespace Larder.Oci.Mounting;

/// <summary>A mount, as the process that serves it writes it down for commands and for the node.</summary>
public sealed record MountStatus
{
    /// <summary>Where it is.</summary>
    public required string MountPoint { get; init; }

    /// <summary>The image, as it was asked for.</summary>
    public required string Reference { get; init; }

    /// <summary>The manifest's digest.</summary>
    public string? Digest { get; init; }

    /// <summary>The process that serves it.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When that process started it, or took it over.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Whether it was taken over from a process that was gone.</summary>
    public bool TakenOver { get; init; }

    /// <summary>The cache directory.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>The mount under a writable view; null without one.</summary>
    public string? LowerMountPoint { get; init; }

    /// <summary>Whether the kernel reads large files by itself.</summary>
    public bool Passthrough { get; init; }

    /// <summary>Files, directories and so on.</summary>
    public int Nodes { get; init; }

    /// <summary>Bytes of all files.</summary>
    public long FileBytes { get; init; }

    /// <summary>Requests of the kernel.</summary>
    public long Requests { get; init; }

    /// <summary>Opens, and how many of them the kernel serves by itself.</summary>
    public long Opens { get; init; }

    /// <summary>See <see cref="Opens"/>.</summary>
    public long PassthroughOpens { get; init; }

    /// <summary>Reads that came to the process.</summary>
    public long Reads { get; init; }

    /// <summary>Requests that wait for bytes now.</summary>
    public int Waiting { get; init; }

    /// <summary>The layers, the lowest first.</summary>
    public IReadOnlyList<LayerFigures> Layers { get; init; } = [];
}

using Larder.Fuse.Takeover;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Oci.Mounting;

/// <summary>Where and how an image is mounted.</summary>
public sealed record ImageMountOptions
{
    /// <summary>The directory to mount on; it must exist.</summary>
    public required string MountPoint { get; init; }

    /// <summary>Whether the kernel reads large files by itself once they are on the disk, where it can. Default true.</summary>
    public bool Passthrough { get; init; } = true;

    /// <summary>Threads that serve requests; 0, the default, chooses by the number of processors.</summary>
    public int Threads { get; init; }

    /// <summary>A read that could not be answered for so long fails. Default five minutes.</summary>
    public TimeSpan ReadDeadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether the files that are used are noted, in <see cref="ImageMount.Recorder"/>. Default false.</summary>
    public bool Records { get; init; }

    /// <summary>The process that keeps the mount while this one is replaced; null when the mount ends with this process.</summary>
    public MountKeeperClient? Keeper { get; init; }

    /// <summary>What a successor needs to find the same image again; at most 32 KiB.</summary>
    public ReadOnlyMemory<byte> Recipe { get; init; }

    /// <summary>Where failures are told. Nowhere by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}

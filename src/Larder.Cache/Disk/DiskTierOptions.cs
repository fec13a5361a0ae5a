using Larder.Cache.Diagnostics;
using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

/// <summary>Where a disk tier lives and how much it may take. Validated when the tier is opened.</summary>
public sealed record DiskTierOptions
{
    /// <summary>The directory; made if missing. Its parent must exist or be creatable.</summary>
    public required string Directory { get; init; }

    /// <summary>What this process may do. Default <see cref="DiskTierMode.Owner"/>.</summary>
    public DiskTierMode Mode { get; init; }

    /// <summary>
    /// Whether the directory is indexed although another process owns it, so that it can be listed. Without that a
    /// shared tier knows only what it was asked for. Default false.
    /// </summary>
    public bool IndexWhenShared { get; init; }

    /// <summary>
    /// Most bytes that the directory may take, in blocks of the file system, metadata included. 0 switches the tier
    /// off. Default 10 GiB.
    /// </summary>
    public long CapacityBytes { get; init; } = 10L * 1024 * 1024 * 1024;

    /// <summary>Most entries, or -1 for no limit of this sort. Default -1.</summary>
    public long MaxEntries { get; init; } = -1;

    /// <summary>Most kinds that may come to exist, 1 to 65,000. Default 256.</summary>
    public int MaxKinds { get; init; } = 256;

    /// <summary>Files kept open for reading, besides those under lease. Default 4,096.</summary>
    public int MaxOpenFiles { get; init; } = 4096;

    /// <summary>Longest time that a verification of an open file holds. Default 10 minutes.</summary>
    public TimeSpan VerifyInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often the index is written out while it changes; bounds what a kill loses of recency. Default 1 minute.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Time between two scans for what other processes added or removed; zero switches them off. A lookup finds what
    /// they added without waiting for a scan. Default 10 minutes.
    /// </summary>
    public TimeSpan RescanInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time between two passes of the background scrubber; zero switches it off. Default 24 hours.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Bytes a second that scrubbing may read; 0 is no limit. Default 32 MiB.</summary>
    public long ScrubBytesPerSecond { get; init; } = 32L * 1024 * 1024;

    /// <summary>Most bytes kept of what failed verification, part of the capacity. Default 64 MiB.</summary>
    public long QuarantineBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Most entries kept of what failed verification. Default 64.</summary>
    public int QuarantineEntries { get; init; } = 64;

    /// <summary>Files that a flush syncs at the same time, 1 to 64. Default 8.</summary>
    public int FlushParallelism { get; init; } = 8;

    /// <summary>Told of every eviction, on the thread that made it and under no lock. Must not throw. Ages are in seconds.</summary>
    public Action<EvictionReport>? Evicted { get; init; }

    /// <summary>The file system.</summary>
    internal DiskIo Io { get; init; } = DiskIo.Default;

    /// <summary>Throws when a value is out of range.</summary>
    /// <exception cref="CacheException">Kind <see cref="CacheErrorKind.Configuration"/>; the message names the option.</exception>
    internal void Validate()
    {
        Require(!string.IsNullOrWhiteSpace(Directory), nameof(Directory), "a path");
        Require(CapacityBytes >= 0, nameof(CapacityBytes), "0 or more");
        Require(MaxEntries >= -1, nameof(MaxEntries), "-1 or more");
        Require(MaxKinds is >= 1 and <= 65_000, nameof(MaxKinds), "1 to 65,000");
        Require(MaxOpenFiles is >= 1 and <= 1_000_000, nameof(MaxOpenFiles), "1 to 1,000,000");
        Require(VerifyInterval > TimeSpan.Zero, nameof(VerifyInterval), "more than zero");
        Require(SnapshotInterval > TimeSpan.Zero, nameof(SnapshotInterval), "more than zero");
        Require(RescanInterval >= TimeSpan.Zero, nameof(RescanInterval), "zero or more");
        Require(ScrubInterval >= TimeSpan.Zero, nameof(ScrubInterval), "zero or more");
        Require(ScrubBytesPerSecond >= 0, nameof(ScrubBytesPerSecond), "0 or more");
        Require(QuarantineBytes >= 0, nameof(QuarantineBytes), "0 or more");
        Require(QuarantineEntries >= 0, nameof(QuarantineEntries), "0 or more");
        Require(FlushParallelism is >= 1 and <= 64, nameof(FlushParallelism), "1 to 64");
    }

    private static void Require(bool holds, string option, string range)
    {
        if (!holds)
        {
            throw new CacheException(CacheErrorKind.Configuration, $"Disk option {option} must be {range}.");
        }
    }
}

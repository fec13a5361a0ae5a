namespace Larder.Cache.Arenas;

/// <summary>How an <see cref="Arena"/> gets its region. Validated once, when the arena is created.</summary>
public sealed record ArenaOptions
{
    /// <summary>Smallest region, in bytes: 1 MiB.</summary>
    public const long MinSizeBytes = 1024 * 1024;

    /// <summary>Largest region, in bytes: 128 GiB.</summary>
    public const long MaxSizeBytes = 128L * 1024 * 1024 * 1024;

    /// <summary>
    /// Size of the region in bytes, rounded up to whole pages; from <see cref="MinSizeBytes"/> to
    /// <see cref="MaxSizeBytes"/>. Default 1 GiB.
    /// </summary>
    public long SizeBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>What the kernel is told about huge pages. Default <see cref="ArenaHugePages.System"/>.</summary>
    public ArenaHugePages HugePages { get; init; } = ArenaHugePages.System;

    /// <summary>Whether the pages are locked in memory, so that they are never swapped out. Default false.</summary>
    public bool LockPages { get; init; }

    /// <summary>The NUMA node that every page must come from; null leaves that to the kernel. Default null.</summary>
    public int? NumaNode { get; init; }

    /// <summary>Whether pages are dealt in turn to all NUMA nodes; excludes <see cref="NumaNode"/>. Default false.</summary>
    public bool NumaInterleave { get; init; }

    /// <summary>
    /// Whether every block is followed by a pattern that is checked when the block is freed, and freed bytes are
    /// overwritten. Finds writers that overrun and readers that come late, for 64 bytes a block. Default false.
    /// </summary>
    public bool Guards { get; init; }

    internal void Validate()
    {
        if (SizeBytes is < MinSizeBytes or > MaxSizeBytes)
        {
            throw new CacheException(
                CacheErrorKind.Configuration,
                $"The arena size of {SizeBytes} bytes is out of range: it is from {MinSizeBytes} to {MaxSizeBytes} bytes.");
        }

        if (NumaInterleave && NumaNode is not null)
        {
            throw new CacheException(
                CacheErrorKind.Configuration,
                $"The arena is told both to use NUMA node {NumaNode} only and to interleave all nodes: choose one.");
        }

        if (!Enum.IsDefined(HugePages))
        {
            throw new CacheException(CacheErrorKind.Configuration, $"{(int)HugePages} is no huge page policy.");
        }
    }
}

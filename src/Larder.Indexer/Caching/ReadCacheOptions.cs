using Larder.Cache.Arenas;

namespace Larder.Indexer.Caching;

/// <summary>How a <see cref="ReadCache"/> is made. Validated once, when it is.</summary>
public sealed record ReadCacheOptions
{
    /// <summary>Smallest cache that is not off, in bytes.</summary>
    public const long MinSizeBytes = 16 * 1024;

    /// <summary>
    /// Room for everything: entries and the index that finds them. From <see cref="MinSizeBytes"/> to 128 GiB; 0 is off.
    /// Default 1 GiB.
    /// </summary>
    public long SizeBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Who gets the room at first. Default <see cref="AllocationMode.Indexer"/>.</summary>
    public AllocationMode Mode { get; init; } = AllocationMode.Indexer;

    /// <summary>
    /// Whether the room is the region that the process preallocates (<see cref="ReadCache.EnsurePreallocated"/>), which one
    /// cache at a time can have, instead of a region of its own. Default false.
    /// </summary>
    public bool UsePreallocatedArena { get; init; }

    /// <summary>
    /// What the kernel is told about huge pages. Default <see cref="ArenaHugePages.Advise"/>: lookups are at random, and all of the
    /// room is taken at once anyway.
    /// </summary>
    public ArenaHugePages HugePages { get; init; } = ArenaHugePages.Advise;

    /// <summary>Whether the pages are locked in memory. Default false.</summary>
    public bool LockPages { get; init; }

    /// <summary>Parts that views share, so that they seldom wait for each other; a power of two up to 256. Default 16.</summary>
    public int Shards { get; init; } = 16;

    internal ArenaOptions ToArena() => new()
    {
        SizeBytes = Math.Max(SizeBytes, ArenaOptions.MinSizeBytes),
        HugePages = HugePages,
        LockPages = LockPages,
    };

    internal void Validate()
    {
        if (SizeBytes is < MinSizeBytes or > ArenaOptions.MaxSizeBytes)
        {
            throw new IndexerException(
                IndexerErrorKind.Configuration,
                $"The size of the read cache is {SizeBytes} bytes: it is 0 (off) or from {MinSizeBytes} to {ArenaOptions.MaxSizeBytes} bytes.");
        }

        if (!Enum.IsDefined(Mode))
        {
            throw new IndexerException(IndexerErrorKind.Configuration, $"{(int)Mode} is no allocation mode of the read cache.");
        }

        if (Shards is < 1 or > 256 || !System.Numerics.BitOperations.IsPow2(Shards))
        {
            throw new IndexerException(IndexerErrorKind.Configuration, $"The read cache cannot have {Shards} shards: they are a power of two up to 256.");
        }
    }
}

namespace Larder.Cache.Arenas;

/// <summary>The use of an arena at one moment, as one consistent snapshot.</summary>
public sealed record ArenaStatistics
{
    /// <summary>Address of the first byte of the region.</summary>
    public required nint Address { get; init; }

    /// <summary>Length of the region in bytes; never changes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Bytes of the region in live blocks: what was asked for, rounded up to 64, and guards.</summary>
    public long UsedBytes { get; init; }

    /// <summary>Bytes that the live blocks were asked for.</summary>
    public long RequestedBytes { get; init; }

    /// <summary>Bytes of the region in no live block.</summary>
    public long FreeBytes => SizeBytes - UsedBytes;

    /// <summary>Longest block that can be had at once without moving others, in bytes.</summary>
    public long LargestFreeBytes { get; init; }

    /// <summary>Blocks in use.</summary>
    public long LiveBlocks { get; init; }

    /// <summary>Holes.</summary>
    public long FreeBlocks { get; init; }

    /// <summary>Part of the used bytes that nobody asked for, from 0 to 1.</summary>
    public double InternalFragmentation => UsedBytes == 0 ? 0 : 1 - ((double)RequestedBytes / UsedBytes);

    /// <summary>Part of the free bytes that is not in the largest hole, from 0 (one hole) to 1.</summary>
    public double ExternalFragmentation => FreeBytes == 0 ? 0 : 1 - ((double)LargestFreeBytes / FreeBytes);

    /// <summary>Requests that got a block.</summary>
    public long Allocations { get; init; }

    /// <summary>Blocks given back.</summary>
    public long Frees { get; init; }

    /// <summary>Requests that got none.</summary>
    public long Refusals { get; init; }

    /// <summary>Refusals although enough bytes were free in all; part of <see cref="Refusals"/>.</summary>
    public long FragmentedRefusals { get; init; }

    /// <summary>Requests that got a block because others were moved; part of <see cref="Allocations"/>.</summary>
    public long Compactions { get; init; }

    /// <summary>Blocks that were moved.</summary>
    public long Moves { get; init; }

    /// <summary>Bytes that were copied to move blocks.</summary>
    public long MovedBytes { get; init; }

    /// <summary>Blocks given back twice, or never taken from this arena.</summary>
    public long InvalidFrees { get; init; }

    /// <summary>Blocks whose guard was found overwritten; they are never used again.</summary>
    public long DamagedBlocks { get; init; }

    /// <summary>Managed memory that the bookkeeping takes, in bytes; not part of the region.</summary>
    public long BookkeepingBytes { get; init; }

    /// <summary>How long it took to reserve, touch and verify the region.</summary>
    public TimeSpan StartTime { get; init; }

    /// <summary>Occupancy by size, from the smallest class to the largest that has a block.</summary>
    public IReadOnlyList<ArenaSizeClass> SizeClasses { get; init; } = [];
}

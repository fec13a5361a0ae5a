namespace Larder.Cache.Arenas;

/// <summary>What the kernel says of an arena's region: the proof that it is committed, and where it is.</summary>
public sealed record ArenaCommitment
{
    /// <summary>Length of the region in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Bytes of the region that are in memory now, from <c>mincore</c>.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Whether every page is in memory.</summary>
    public bool IsCommitted => ResidentBytes >= SizeBytes;

    /// <summary>Bytes in huge pages; -1 when the kernel does not say.</summary>
    public long HugePageBytes { get; init; } = -1;

    /// <summary>Bytes locked in memory; -1 when the kernel does not say.</summary>
    public long LockedBytes { get; init; } = -1;

    /// <summary>Bytes swapped out; -1 when the kernel does not say.</summary>
    public long SwappedBytes { get; init; } = -1;

    /// <summary>
    /// Bytes by NUMA node, from at most 4096 pages spread over the region; empty when the kernel does not say.
    /// </summary>
    public IReadOnlyList<ArenaNodeBytes> Nodes { get; init; } = [];
}

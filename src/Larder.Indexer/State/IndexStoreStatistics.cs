using System.Collections.Immutable;

namespace Larder.Indexer.State;

/// <summary>What a store holds at one instant.</summary>
public sealed record IndexStoreStatistics
{
    /// <summary>Height of the last block; null for an empty store.</summary>
    public required uint? TipHeight { get; init; }

    /// <summary>Lowest height whose state can be read; null for an empty store.</summary>
    public required uint? LowestHeight { get; init; }

    /// <summary>Keys that have a value at the tip, exactly.</summary>
    public required long Keys { get; init; }

    /// <summary>Bytes of these keys and their values, exactly.</summary>
    public required long StateBytes { get; init; }

    /// <summary>Sequence that the next commit is given: one more than the commits that there ever were.</summary>
    public required ulong NextSequence { get; init; }

    /// <summary>Commits that were rolled back and are not swept yet, at most.</summary>
    public required long UnsweptCommits { get; init; }

    /// <summary>The key spaces of the engine.</summary>
    public required ImmutableArray<StoreFamilyStatistics> Families { get; init; }

    /// <summary>Memory of what is not in files yet, in bytes.</summary>
    public required long MemtableBytes { get; init; }

    /// <summary>Memory of the cache of blocks, in bytes.</summary>
    public required long BlockCacheBytes { get; init; }
}

using Larder.Indexer.Caching;
using Larder.Indexer.State;

namespace Larder.Indexer;

/// <summary>What an index did since it was opened, and what it holds.</summary>
public sealed record IndexerStatistics
{
    /// <summary>The newest block; null when there is none.</summary>
    public required BlockRecord? Tip { get; init; }

    /// <summary>Blocks that were indexed.</summary>
    public required long Blocks { get; init; }

    /// <summary>Bytes of those blocks.</summary>
    public required long BlockBytes { get; init; }

    /// <summary>Keys that they wrote.</summary>
    public required long Writes { get; init; }

    /// <summary>Rollbacks.</summary>
    public required long Rollbacks { get; init; }

    /// <summary>Views, however they were answered.</summary>
    public required ViewStatistics Views { get; init; }

    /// <summary>The state.</summary>
    public required IndexStoreStatistics Store { get; init; }

    /// <summary>The read cache; null without one.</summary>
    public required ReadCacheStatistics? Cache { get; init; }
}

using System.Collections.Immutable;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>What a store knows of a block that was committed.</summary>
public sealed record BlockRecord
{
    /// <summary>Height of the block.</summary>
    public required uint Height { get; init; }

    /// <summary>
    /// Number of the commit that made it, from 1: never used again, also after a rollback, so that it names one state of one
    /// branch.
    /// </summary>
    public required ulong Sequence { get; init; }

    /// <summary>Hash of the block.</summary>
    public required BlockHash Hash { get; init; }

    /// <summary>Hash of the block before it.</summary>
    public required BlockHash PreviousHash { get; init; }

    /// <summary>Root of the whole state after the block.</summary>
    public required Fingerprint Root { get; init; }

    /// <summary>Root of each configured key prefix after the block, in the order of the store's options.</summary>
    public required ImmutableArray<Fingerprint> PrefixRoots { get; init; }

    /// <summary>Keys that the block wrote.</summary>
    public required int Writes { get; init; }

    /// <summary>What the run was like.</summary>
    public required BlockRun Run { get; init; }
}

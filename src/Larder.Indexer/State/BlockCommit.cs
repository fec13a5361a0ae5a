namespace Larder.Indexer.State;

/// <summary>All that one block changes, to be committed at once.</summary>
public sealed record BlockCommit
{
    /// <summary>Height of the block: the one above the tip, or any for the first block of a store.</summary>
    public required uint Height { get; init; }

    /// <summary>Hash of the block.</summary>
    public required BlockHash Hash { get; init; }

    /// <summary>Hash of the block before it, as its header says.</summary>
    public required BlockHash PreviousHash { get; init; }

    /// <summary>
    /// Whether <see cref="PreviousHash"/> must be the hash of the tip. Default true; blocks that were picked from a chain do not
    /// follow one another.
    /// </summary>
    public bool IsLinked { get; init; } = true;

    /// <summary>What it writes; where a key comes twice the last write counts. Read until the commit returns.</summary>
    public required IReadOnlyList<StateWrite> Writes { get; init; }

    /// <summary>What the run that made the writes was like.</summary>
    public required BlockRun Run { get; init; }
}

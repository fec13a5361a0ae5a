using Larder.Indexer.State;

namespace Larder.Indexer.Guests;

/// <summary>What a block's run came to.</summary>
public sealed record BlockOutcome
{
    /// <summary>
    /// What it writes, from all its flushes: every key once, with the value that was flushed last, in the order in which keys
    /// came first.
    /// </summary>
    public required IReadOnlyList<StateWrite> Writes { get; init; }

    /// <summary>What the run was like.</summary>
    public required BlockRun Run { get; init; }

    /// <summary>How often it logged a text.</summary>
    public required int LogLines { get; init; }
}

using System.Collections.Immutable;

namespace Larder.Indexer.Blocks;

/// <summary>How far a run over blocks has come.</summary>
public sealed record FollowerState
{
    /// <summary>What it is doing.</summary>
    public FollowerPhase Phase { get; init; }

    /// <summary>Height of the last block that the source is known to have; null when not known.</summary>
    public uint? SourceHeight { get; init; }

    /// <summary>Blocks that this run indexed.</summary>
    public long Blocks { get; init; }

    /// <summary>Bytes of these blocks.</summary>
    public long Bytes { get; init; }

    /// <summary>Time that went by while it indexed, waits for blocks included, waits at the tip not.</summary>
    public TimeSpan Busy { get; init; }

    /// <summary>When the last block was indexed; null before the first.</summary>
    public DateTimeOffset? LastBlock { get; init; }

    /// <summary>The last failure, while the follower waits for it to pass or after it ended with it; null when all is well.</summary>
    public string? Failure { get; init; }

    /// <summary>Reorganisations since the start.</summary>
    public long ReorganisationCount { get; init; }

    /// <summary>The last reorganisations, the newest first; at most 20.</summary>
    public ImmutableArray<Reorganisation> Reorganisations { get; init; } = [];
}

namespace Larder.Indexer.Blocks;

/// <summary>How a follower goes after the tip of a chain.</summary>
public sealed record BlockFollowerOptions
{
    /// <summary>Height of the first block of an empty index. Default: 0.</summary>
    public uint StartHeight { get; init; }

    /// <summary>Height of the last block to index; null for no end.</summary>
    public uint? StopHeight { get; init; }

    /// <summary>Whether to wait for more blocks at the tip; else the end of the chain is the end. Default: true.</summary>
    public bool Follows { get; init; } = true;

    /// <summary>Whether a node that cannot be reached at the start is waited for, as one that goes away later is. Default: false.</summary>
    public bool WaitsForNode { get; init; }

    /// <summary>How often to look for new blocks at the tip; at least 1 ms. Default: 5 s.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait after a node could not be reached; doubles up to 1 minute. Default: 2 s.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Hashes are compared with the node's when the tip of its chain is at most so many blocks ahead. Default: 6.</summary>
    public uint CheckWithin { get; init; } = 6;

    /// <summary>Blocks that a reorganisation may take back; a deeper one stops the follower. Default: 100.</summary>
    public uint MaxDepth { get; init; } = 100;

    /// <summary>Whether a block that is being indexed is finished when the run is cancelled, in place of given up. Default: true.</summary>
    public bool FinishesBlock { get; init; } = true;

    /// <exception cref="IndexerException">A value is out of its range.</exception>
    internal void Validate()
    {
        var wrong = this switch
        {
            _ when PollInterval < TimeSpan.FromMilliseconds(1) || PollInterval > TimeSpan.FromDays(1) => "The interval of looking for blocks is from 1 ms to 1 day",
            _ when Backoff < TimeSpan.Zero || Backoff > TimeSpan.FromMinutes(1) => "The backoff of a follower is from 0 to 1 minute",
            _ when StopHeight < StartHeight => $"The last height {StopHeight} is below the first, {StartHeight}",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new IndexerException(IndexerErrorKind.Configuration, wrong + ".");
        }
    }
}

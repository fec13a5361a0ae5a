namespace Larder.Indexer.Blocks;

/// <summary>What a follower is doing.</summary>
public enum FollowerPhase
{
    /// <summary>It has not begun.</summary>
    Starting,

    /// <summary>It indexes blocks that the node has.</summary>
    Indexing,

    /// <summary>It has all blocks of the node and looks for new ones.</summary>
    AtTip,

    /// <summary>The node cannot be reached, and is asked again with growing waits.</summary>
    WaitingForNode,

    /// <summary>It has ended: the last height is reached, it was cancelled, or it failed.</summary>
    Ended,
}

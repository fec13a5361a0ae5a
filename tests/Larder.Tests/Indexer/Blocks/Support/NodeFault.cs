namespace Larder.Tests.Indexer.Blocks.Support;

/// <summary>How a fake node fails at one question.</summary>
public enum NodeFault
{
    None,

    /// <summary>The connection is cut without an answer.</summary>
    Disconnect,

    /// <summary>The connection is cut within the answer.</summary>
    HalfAnAnswer,

    /// <summary>There is never an answer.</summary>
    Silence,

    /// <summary>503, as when the queue of the node is full.</summary>
    Busy,

    /// <summary>An answer that is none of JSON-RPC.</summary>
    Nonsense,

    /// <summary>The error of a node that loads its index.</summary>
    Starting,

    /// <summary>Another block than the one asked for.</summary>
    OtherBlock,

    /// <summary>The error of a node that has thrown the block away.</summary>
    Pruned,
}

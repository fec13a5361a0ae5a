using System.Diagnostics.CodeAnalysis;

namespace Larder.Indexer.Blocks;

/// <summary>A node answered a question with an error of its own.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "Never leaves the assembly: sources turn it into their own.")]
internal sealed class ChainNodeException(int code, string message) : Exception(message)
{
    /// <summary>Height out of range, or another wrong argument.</summary>
    public const int InvalidParameter = -8;

    /// <summary>No such block.</summary>
    public const int NotFound = -5;

    /// <summary>The node is still starting.</summary>
    public const int WarmingUp = -28;

    /// <summary>The error's number. Source: Bitcoin Core, rpc/protocol.h.</summary>
    public int Code { get; } = code;
}

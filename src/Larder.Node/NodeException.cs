namespace Larder.Node;

/// <summary>The node cannot start or stop as asked. The message is one clear sentence for a person.</summary>
public sealed class NodeException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">What was wrong, where, and what to do. No secrets.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public NodeException(NodeErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What it is about.</summary>
    public NodeErrorKind Kind { get; }
}

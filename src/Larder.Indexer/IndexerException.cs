namespace Larder.Indexer;

/// <summary>A block, view or operation of an index failed; the state is what it was before.</summary>
public sealed class IndexerException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">One sentence: what was wrong, where, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public IndexerException(IndexerErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What it is about.</summary>
    public IndexerErrorKind Kind { get; }
}

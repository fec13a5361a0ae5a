namespace Larder.Oci;

/// <summary>An image, its registry or its mount failed in a way that the caller must hear of.</summary>
public sealed class OciException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">One sentence: what was wrong, where, and what to do. No secrets.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public OciException(OciErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What it is about.</summary>
    public OciErrorKind Kind { get; }

    /// <summary>Whether the same request may succeed when it is made again. Default false.</summary>
    public bool IsTransient { get; init; }

    /// <summary>How long the other side asked to be left alone; null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

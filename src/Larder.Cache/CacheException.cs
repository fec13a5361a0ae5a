namespace Larder.Cache;

/// <summary>
/// The environment broke in a way that the caller must hear of. Absence, refusal and a failing tier that another can
/// stand in for are values, never this exception.
/// </summary>
public sealed class CacheException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What broke.</param>
    /// <param name="message">One sentence: what was wrong, where, and what to do. No secrets.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public CacheException(CacheErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What broke.</summary>
    public CacheErrorKind Kind { get; }

    /// <summary>
    /// Thrown by a fill: whether the same recipe would fail the same way again, so that the failure may answer later
    /// callers for <see cref="KindOptions.FailureTtl"/>. Default false.
    /// </summary>
    public bool IsDeterministic { get; init; }

    /// <summary>
    /// Thrown by a remote store: whether the same request may succeed when it is made again. Default false.
    /// </summary>
    public bool IsTransient { get; init; }

    /// <summary>Thrown by a remote store: how long it asked to be left alone; null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

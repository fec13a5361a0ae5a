using Larder.Handlers.Contract;

namespace Larder.Handlers;

/// <summary>
/// Something about the runtime or its caller is wrong. What a handler does wrong is a <see cref="HandlerResult"/>, never
/// this exception.
/// </summary>
public sealed class HandlersException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">One sentence: what was wrong, where, and what to do. No secrets.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public HandlersException(HandlersErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>Creates the exception for a handler that cannot be compiled.</summary>
    /// <param name="error">Why, and where in its source.</param>
    public HandlersException(HandlerError error)
        : base(error?.Message)
    {
        ArgumentNullException.ThrowIfNull(error);
        Kind = HandlersErrorKind.HandlerRejected;
        Error = error;
    }

    /// <summary>What it is about.</summary>
    public HandlersErrorKind Kind { get; }

    /// <summary>What is wrong with the handler; null unless the kind is <see cref="HandlersErrorKind.HandlerRejected"/>.</summary>
    public HandlerError? Error { get; }
}

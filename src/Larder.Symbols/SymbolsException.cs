namespace Larder.Symbols;

/// <summary>A module cannot be read, or something about the cache's options is wrong.</summary>
public sealed class SymbolsException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">One sentence that names the file: what was wrong, where, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public SymbolsException(SymbolsErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What it is about.</summary>
    public SymbolsErrorKind Kind { get; }
}

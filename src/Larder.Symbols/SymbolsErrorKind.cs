namespace Larder.Symbols;

/// <summary>What a <see cref="SymbolsException"/> is about.</summary>
public enum SymbolsErrorKind
{
    /// <summary>Options contradict each other or are out of range.</summary>
    Configuration,

    /// <summary>A file or folder is not there or cannot be read.</summary>
    Unavailable,

    /// <summary>The file is neither a .NET assembly nor a WebAssembly module.</summary>
    NotAModule,

    /// <summary>A module or table is damaged.</summary>
    Damaged,

    /// <summary>A module is larger than what is taken.</summary>
    LimitExceeded,
}

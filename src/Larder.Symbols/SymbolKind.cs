namespace Larder.Symbols;

/// <summary>What a symbol is, in the words of the symbol cache: each of its typed caches holds some of these.</summary>
public enum SymbolKind
{
    /// <summary>A module: an assembly or a WebAssembly module.</summary>
    Module = 0,

    /// <summary>A type.</summary>
    Type = 1,

    /// <summary>What can be called: a method, constructor, property or event; a WebAssembly function.</summary>
    Function = 2,

    /// <summary>A name for a value that is known before anything runs.</summary>
    Constant = 3,

    /// <summary>Storage: a field without a constant value, a WebAssembly global, memory or table.</summary>
    Field = 4,
}

namespace Larder.Symbols.Caching;

/// <summary>One of the four caches.</summary>
public enum SymbolCacheKind
{
    /// <summary>Whole symbols of every kind.</summary>
    Symbols,

    /// <summary>What is particular to types.</summary>
    Types,

    /// <summary>What is particular to functions.</summary>
    Functions,

    /// <summary>What is particular to constants.</summary>
    Constants,
}

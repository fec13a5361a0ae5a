namespace Larder.Symbols;

/// <summary>Where a module's symbol table came from.</summary>
public enum SymbolOrigin
{
    /// <summary>The module was read.</summary>
    Read,

    /// <summary>A tier of the cache in memory.</summary>
    Memory,

    /// <summary>The disk tier.</summary>
    Disk,

    /// <summary>The remote tier.</summary>
    Remote,

    /// <summary>It was loaded already, and the file is what it was.</summary>
    Loaded,
}

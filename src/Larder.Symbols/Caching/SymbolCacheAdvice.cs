namespace Larder.Symbols.Caching;

/// <summary>What the figures of a cache suggest.</summary>
public enum SymbolCacheAdvice
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Fewer than half of the lookups find something: what is asked for is not what is kept.</summary>
    LowHitRatio,

    /// <summary>Much is evicted and then missed: twice the size would help.</summary>
    TooSmall,
}

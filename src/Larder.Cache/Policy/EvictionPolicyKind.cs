namespace Larder.Cache.Policy;

/// <summary>How a tier chooses what it keeps.</summary>
public enum EvictionPolicyKind : byte
{
    /// <summary>
    /// Frequency admission: a newcomer stays only if it is wanted more often than everything it would push out taken
    /// together, behind an adaptive recency window. The default.
    /// </summary>
    Frequency,

    /// <summary>The least recently used entry of the shard goes first, exactly. Every newcomer is admitted.</summary>
    Lru,
}

namespace Larder.Cache.Policy;

/// <summary>How a tier chooses what it keeps.</summary>
public enum EvictionPolicyKind : byte
{
    /// <summary>
    /// Frequency admission: a newcomer stays only if it is wanted more often, or came back sooner, than everything that
    /// it would push out taken together, after a while in a recency window. The default.
    /// </summary>
    Frequency,

    /// <summary>The least recently used entry of the shard goes first, exactly. Every newcomer is admitted.</summary>
    Lru,
}

namespace Larder.Cache.Memory;

/// <summary>One place for an entry in a shard's table. A free slot holds nothing and links to the next free one.</summary>
internal struct Slot<TKey, TValue>
{
    public TValue Value;
    public TKey Key;

    /// <summary>The mixed hash of the key; what the shard number is not taken from.</summary>
    public uint Hash;

    /// <summary>The next slot of the same bucket, or of the free list; <see cref="CacheShard{TKey,TValue}.None"/> ends.</summary>
    public int Next;
}

using System.Runtime.CompilerServices;

namespace Larder.Cache.Memory;

/// <summary>
/// What lookups read of a shard without its lock. Stands in an array of its own, one pair of cache lines a shard.
/// </summary>
/// <remarks>
/// Written only under the shard's lock. <see cref="Version"/> rises by two between the moment an entry cannot be
/// reached any more and the moment its slot is cleared, and is odd while something is written that a lookup must not
/// see half done (new arrays, or a value that is not written in one piece). A lookup reads the version, walks the
/// chain, copies the value and reads the version again: equal and even means that what it saw was all there at one
/// moment. In a poisoned shard the version stays odd, so that every lookup goes to the lock and hears of it.
/// </remarks>
internal struct ShardView<TKey, TValue>
{
    public uint Version;

    /// <summary>
    /// A length of <see cref="Buckets"/> less one: of the array there or, for a moment, of a shorter one before it. Read before
    /// the array and written after it; arrays only grow, so that it never leads outside.
    /// </summary>
    public uint BucketMask;

    /// <summary>First slot of each bucket; a power of two long.</summary>
    public int[] Buckets;

    public Slot<TKey, TValue>[] Slots;

    /// <summary>The policy's hit counts by slot.</summary>
    public byte[] Touches;

    /// <summary>Keeps the shards of two threads off each other's cache lines; never used.</summary>
    public CellPadding Padding;

    [InlineArray(12)]
    internal struct CellPadding
    {
        public long Cell;
    }
}

namespace Larder.Indexer.Caching;

/// <summary>What happened to a table. Sets = items + evicted + removed + replaced + refused.</summary>
internal struct CacheCounters
{
    internal long Hits;
    internal long NegativeHits;
    internal long Misses;
    internal long Sets;
    internal long Items;
    internal long NegativeItems;
    internal long LiveBytes;
    internal long Evicted;
    internal long Removed;
    internal long Replaced;
    internal long Refused;
    internal long SecondChances;

    // Entries that commits put here, and those that lookups did; and those of them that were read.
    internal long Written;
    internal long WrittenReads;
    internal long LookedUp;
    internal long LookedUpReads;

    internal void Add(in CacheCounters other)
    {
        Hits += other.Hits;
        NegativeHits += other.NegativeHits;
        Misses += other.Misses;
        Sets += other.Sets;
        Items += other.Items;
        NegativeItems += other.NegativeItems;
        LiveBytes += other.LiveBytes;
        Evicted += other.Evicted;
        Removed += other.Removed;
        Replaced += other.Replaced;
        Refused += other.Refused;
        SecondChances += other.SecondChances;
        Written += other.Written;
        WrittenReads += other.WrittenReads;
        LookedUp += other.LookedUp;
        LookedUpReads += other.LookedUpReads;
    }
}

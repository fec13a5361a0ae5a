namespace Larder.Indexer.Caching;

/// <summary>
/// Figures of one partition. At rest <see cref="Lookups"/> = <see cref="Hits"/> + <see cref="Misses"/>, and
/// <see cref="Sets"/> = <see cref="Items"/> + <see cref="Evicted"/> + <see cref="Removed"/> + <see cref="Replaced"/> + <see cref="Refused"/>.
/// </summary>
public sealed record CachePartitionStatistics
{
    /// <summary>The partition.</summary>
    public required CachePartition Partition { get; init; }

    /// <summary>Its room in bytes, index and entries.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Bytes of the index.</summary>
    public required long IndexBytes { get; init; }

    /// <summary>Bytes that live entries take, with their headers.</summary>
    public required long EntryBytes { get; init; }

    /// <summary>Bytes of entries that were replaced or removed and that the hand has not passed yet.</summary>
    public required long DeadBytes { get; init; }

    /// <summary>Bytes in use: index, live and dead entries. Never above <see cref="CapacityBytes"/>.</summary>
    public long MemoryBytes => IndexBytes + EntryBytes + DeadBytes;

    /// <summary>Live entries.</summary>
    public required long Items { get; init; }

    /// <summary>Those of them that say that a key has no value.</summary>
    public required long NegativeItems { get; init; }

    /// <summary>Lookups.</summary>
    public long Lookups => Hits + Misses;

    /// <summary>Lookups that found an entry.</summary>
    public required long Hits { get; init; }

    /// <summary>Hits on entries that say that a key has no value.</summary>
    public required long NegativeHits { get; init; }

    /// <summary>Lookups that found nothing.</summary>
    public required long Misses { get; init; }

    /// <summary>Values that were to be put.</summary>
    public required long Sets { get; init; }

    /// <summary>Entries that went to make room, also where the partition shrank.</summary>
    public required long Evicted { get; init; }

    /// <summary>Entries that were removed: by key, by clearing, or by a value that is too long.</summary>
    public required long Removed { get; init; }

    /// <summary>Entries whose key got another value.</summary>
    public required long Replaced { get; init; }

    /// <summary>Values that were too long for the partition.</summary>
    public required long Refused { get; init; }

    /// <summary>How often an entry that had been read was kept although it was its turn.</summary>
    public required long SecondChances { get; init; }

    /// <summary>Hits in lookups, from 0 to 1; 0 without lookups.</summary>
    public double HitRatio => Lookups == 0 ? 0 : (double)Hits / Lookups;
}

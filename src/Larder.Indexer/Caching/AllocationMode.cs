namespace Larder.Indexer.Caching;

/// <summary>Who gets the room of a <see cref="ReadCache"/>.</summary>
public enum AllocationMode
{
    /// <summary>All to <see cref="CachePartition.Main"/>; 1 KiB to each of the others.</summary>
    Indexer,

    /// <summary>Half to <see cref="CachePartition.Api"/>, half to <see cref="CachePartition.Heights"/>; 1 KiB to the rest.</summary>
    View,

    /// <summary>
    /// Half to <see cref="CachePartition.Main"/>, a quarter to each of the others: for who indexes and answers views at the same time.
    /// </summary>
    Shared,
}

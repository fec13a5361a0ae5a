namespace Larder.Indexer.Caching;

/// <summary>How the room of a cache is divided: the tables of each partition, side by side.</summary>
internal sealed unsafe class CacheLayout
{
    /// <summary>What a partition has that the mode gives nothing to.</summary>
    internal const long SmallBytes = 1024;

    private const long MinShardBytes = 1024 * 1024;
    private const long Alignment = 128;

    internal CacheLayout(byte* memory, long bytes, AllocationMode mode, int shards)
    {
        Mode = mode;
        var main = mode switch
        {
            AllocationMode.Indexer => bytes - (2 * SmallBytes),
            AllocationMode.Shared => bytes / 2,
            _ => SmallBytes,
        };
        var heights = mode == AllocationMode.Indexer ? SmallBytes : (bytes - main) / 2;
        main = main / Alignment * Alignment;
        heights = heights / Alignment * Alignment;
        Tables =
        [
            Divide(memory, main, 1),
            Divide(memory + main, heights, shards),
            Divide(memory + main + heights, (bytes - main - heights) / Alignment * Alignment, shards),
        ];
        Main = Tables[(int)CachePartition.Main][0];
    }

    internal AllocationMode Mode { get; }

    /// <summary>The one table of the main partition, which one thread uses without its gate.</summary>
    internal CacheTable Main { get; }

    /// <summary>Tables by partition and shard.</summary>
    internal CacheTable[][] Tables { get; }

    private static CacheTable[] Divide(byte* memory, long bytes, int shards)
    {
        while (shards > 1 && bytes / shards < MinShardBytes)
        {
            shards /= 2;
        }

        var each = bytes / shards / Alignment * Alignment;
        var tables = new CacheTable[shards];
        for (var shard = 0; shard < shards; shard++)
        {
            tables[shard] = new CacheTable(memory + (shard * each), each);
        }

        return tables;
    }
}

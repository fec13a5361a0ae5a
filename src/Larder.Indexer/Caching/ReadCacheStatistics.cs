using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Larder.Indexer.Caching;

/// <summary>Figures of a <see cref="ReadCache"/>, and its memory report.</summary>
public sealed record ReadCacheStatistics
{
    /// <summary>Room of the whole cache in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Address of its first byte; it never changes.</summary>
    public required nint Address { get; init; }

    /// <summary>Bytes of the region's pages that are in memory, as the kernel says now.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Who has the room.</summary>
    public required AllocationMode Mode { get; init; }

    /// <summary>Figures of the partitions, in the order of <see cref="CachePartition"/>.</summary>
    public required ImmutableArray<CachePartitionStatistics> Partitions { get; init; }

    /// <summary>Bytes in use in all partitions.</summary>
    public long MemoryBytes => Partitions.Sum(partition => partition.MemoryBytes);

    /// <summary>Figures of one partition.</summary>
    public CachePartitionStatistics Of(CachePartition partition) => Partitions[(int)partition];

    /// <summary>The memory report as text for people.</summary>
    public string ToReport()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Read cache: {SizeBytes:N0} bytes at 0x{Address:x}, {ResidentBytes:N0} of them in memory, allocated for {(Mode == AllocationMode.View ? "views" : "indexing")}; {MemoryBytes:N0} in use.\n");
        foreach (var part in Partitions)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {part.Partition,-7} {part.MemoryBytes:N0} of {part.CapacityBytes:N0} bytes ({Share(part.MemoryBytes, part.CapacityBytes):F1} %): index {part.IndexBytes:N0}, entries {part.EntryBytes:N0}, dead {part.DeadBytes:N0}\n");
            text.Append(CultureInfo.InvariantCulture, $"          {part.Items:N0} entries, {part.NegativeItems:N0} of them for keys without a value");
            text.Append(CultureInfo.InvariantCulture, $"; {part.Lookups:N0} lookups, {part.Hits:N0} hits ({Share(part.Hits, part.Lookups):F1} %), {part.NegativeHits:N0} of them without a value\n");
            text.Append(CultureInfo.InvariantCulture, $"          {part.Sets:N0} sets = {part.Items:N0} live + {part.Evicted:N0} evicted + {part.Removed:N0} removed + {part.Replaced:N0} replaced + {part.Refused:N0} refused\n");
        }

        return text.ToString();
    }

    private static double Share(long part, long whole) => whole == 0 ? 0 : 100.0 * part / whole;
}

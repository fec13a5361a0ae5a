using System.Diagnostics.Metrics;
using System.Text.Json;
using Larder.Indexer;
using Larder.Indexer.Caching;

namespace Larder.Node.Indexing;

/// <summary>What is measured of indexes: their own figures, read when they are asked for.</summary>
internal sealed class IndexMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Larder.Indexer";

    private readonly Meter _meter;
    private readonly IndexService _indexes;

    /// <summary>Creates the instruments.</summary>
    public IndexMetrics(IMeterFactory meters, IndexService indexes)
    {
        _indexes = indexes;
        _meter = meters.Create(MeterName);
        _meter.CreateObservableGauge("larder.indexer.height", Heights, "{block}", "Height of the last block.");
        _meter.CreateObservableGauge("larder.indexer.source.height", SourceHeights, "{block}", "Height of the last block that the source has.");
        Counter("larder.indexer.blocks", static one => one.Blocks, "{block}", "Blocks that were indexed.");
        Counter("larder.indexer.size", static one => one.BlockBytes, "By", "Bytes of these blocks.");
        Counter("larder.indexer.writes", static one => one.Writes, "{key}", "Keys that they wrote.");
        Counter("larder.indexer.rollbacks", static one => one.Rollbacks, "{rollback}", "Rollbacks, reorganisations included.");
        _meter.CreateObservableCounter("larder.indexer.views", Views, "{view}", "Views by how they were answered.");
        _meter.CreateObservableUpDownCounter("larder.indexer.views.active", ActiveViews, "{view}", "Views and previews that run or wait now.");
        _meter.CreateObservableGauge("larder.indexer.views.time", ViewTimes, "s", "Times of the last 1,024 views.");
        _meter.CreateObservableCounter("larder.indexer.cache.lookups", CacheLookups, "{lookup}", "Lookups of the read cache by outcome.");
        _meter.CreateObservableCounter("larder.indexer.cache.evictions", () => OfPartitions(static part => part.Evicted), "{entry}", "Entries that went to make room.");
        _meter.CreateObservableUpDownCounter("larder.indexer.cache.entries", () => OfPartitions(static part => part.Items), "{entry}", "Entries of the read cache.");
        _meter.CreateObservableUpDownCounter("larder.indexer.cache.memory", () => OfPartitions(static part => part.MemoryBytes), "By", "Memory of the read cache in use.");
        _meter.CreateObservableUpDownCounter("larder.indexer.cache.capacity", () => OfPartitions(static part => part.CapacityBytes), "By", "Memory of the read cache.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private IEnumerable<(KeyValuePair<string, object?> Tag, IndexerStatistics Statistics)> Open()
    {
        foreach (var index in _indexes.All)
        {
            if (index.Indexer is { } indexer)
            {
                yield return (Tag(index), indexer.GetStatistics());
            }
        }
    }

    private static KeyValuePair<string, object?> Tag(HostedIndex index) => new("index", index.Name);

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private void Counter(string name, Func<IndexerStatistics, long> figure, string unit, string description) =>
        _meter.CreateObservableCounter(name, () => Open().Select(one => new Measurement<long>(figure(one.Statistics), one.Tag)), unit, description);

    private IEnumerable<Measurement<long>> Heights() =>
        from one in Open()
        let tip = one.Statistics.Tip
        where tip is not null
        select new Measurement<long>(tip.Height, one.Tag);

    private IEnumerable<Measurement<long>> SourceHeights() =>
        from index in _indexes.All
        let height = index.State?.SourceHeight
        where height is not null
        select new Measurement<long>(height.GetValueOrDefault(), Tag(index));

    private IEnumerable<Measurement<long>> Views() =>
        from one in Open()
        let views = one.Statistics.Views
        from part in ((string, long)[])[("run", views.Runs), ("remembered", views.Remembered), ("shared", views.Shared), ("failed", views.Failed)]
        select new Measurement<long>(part.Item2, one.Tag, Tag("outcome", part.Item1));

    private IEnumerable<Measurement<long>> ActiveViews() =>
        from one in Open()
        let views = one.Statistics.Views
        from part in ((string, long)[])[("running", views.Running), ("waiting", views.Waiting)]
        select new Measurement<long>(part.Item2, one.Tag, Tag("state", part.Item1));

    private IEnumerable<Measurement<double>> ViewTimes() =>
        from one in Open()
        let views = one.Statistics.Views
        from part in ((string, TimeSpan)[])[("0.5", views.Median), ("0.99", views.Percentile99), ("1", views.Longest)]
        select new Measurement<double>(part.Item2.TotalSeconds, one.Tag, Tag("quantile", part.Item1));

    private IEnumerable<(KeyValuePair<string, object?> Tag, CachePartitionStatistics Partition)> Partitions() =>
        from one in Open()
        let cache = one.Statistics.Cache
        where cache is not null
        from part in cache.Partitions
        select (one.Tag, part);

    private static KeyValuePair<string, object?> Tag(CachePartitionStatistics part) =>
        Tag("partition", JsonNamingPolicy.CamelCase.ConvertName(part.Partition.ToString()));

    private IEnumerable<Measurement<long>> OfPartitions(Func<CachePartitionStatistics, long> figure) =>
        Partitions().Select(one => new Measurement<long>(figure(one.Partition), one.Tag, Tag(one.Partition)));

    private IEnumerable<Measurement<long>> CacheLookups() =>
        from one in Partitions()
        from part in ((string, long)[])[("hit", one.Partition.Hits), ("miss", one.Partition.Misses)]
        select new Measurement<long>(part.Item2, one.Tag, Tag(one.Partition), Tag("outcome", part.Item1));
}

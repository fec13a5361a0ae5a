using System.Diagnostics.Metrics;
using Larder.Symbols;
using Larder.Symbols.Caching;
using Larder.Symbols.Json;

namespace Larder.Node.Symbols;

/// <summary>What is measured of symbols: the figures of the caches, read when they are asked for.</summary>
internal sealed class SymbolMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Larder.Symbols";

    private readonly Meter _meter;
    private readonly Func<SymbolWorkspace?> _workspace;

    /// <summary>Creates the instruments.</summary>
    /// <param name="meters">Makes the meter.</param>
    /// <param name="workspace">The workspace; null before it is needed.</param>
    public SymbolMetrics(IMeterFactory meters, Func<SymbolWorkspace?> workspace)
    {
        _workspace = workspace;
        _meter = meters.Create(MeterName);
        _meter.CreateObservableUpDownCounter("larder.symbols.modules", () => _workspace()?.Modules.Count ?? 0, "{module}", "Modules that are loaded.");
        _meter.CreateObservableUpDownCounter("larder.symbols.entries", () => Read(static one => one.Entries), "{entry}", "Entries of each cache.");
        _meter.CreateObservableUpDownCounter("larder.symbols.memory", () => Read(static one => one.Bytes), "By", "Memory of the entries.");
        _meter.CreateObservableCounter("larder.symbols.lookups", ReadLookups, "{lookup}", "Lookups by outcome.");
        _meter.CreateObservableCounter("larder.symbols.evictions", () => Read(static one => one.Evictions), "{entry}", "Entries that went for want of room.");
        _meter.CreateObservableCounter("larder.symbols.invalidations", () => Read(static one => one.Invalidated), "{entry}", "Entries that went with their module.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private IReadOnlyList<SymbolCacheStatistics> Statistics => _workspace()?.Cache.GetStatistics() ?? [];

    private static KeyValuePair<string, object?> Tag(SymbolCacheStatistics statistics) => new("cache", SymbolJson.Word(statistics.Cache));

    private Measurement<long>[] Read(Func<SymbolCacheStatistics, long> figure) =>
        [.. Statistics.Select(one => new Measurement<long>(figure(one), Tag(one)))];

    private Measurement<long>[] ReadLookups() =>
    [
        .. Statistics.SelectMany(static one => (Measurement<long>[])
        [
            new(one.Hits, Tag(one), new KeyValuePair<string, object?>("outcome", "hit")),
            new(one.Misses, Tag(one), new KeyValuePair<string, object?>("outcome", "miss")),
        ]),
    ];
}

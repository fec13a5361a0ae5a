using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Node.Dashboard;

internal sealed partial class StatisticsHistory
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>Takes one snapshot now, with the rates of the last minute beside it.</summary>
    public StatsReport Stats()
    {
        var cache = _statistics();
        var table = Tabulate(cache);
        var rates = Rates(Minute);
        var removed = new SortedDictionary<string, long>(StringComparer.Ordinal);
        Span<long> counts = stackalloc long[NodeSample.Reasons];
        _events.SumRemovals(counts);
        for (var reason = 0; reason < counts.Length; reason++)
        {
            if (counts[reason] > 0)
            {
                removed.Add(Names.Of((RemovalReason)reason), counts[reason]);
            }
        }

        var now = _time.GetUtcNow();
        return new StatsReport
        {
            Time = now,
            Node = NodeReport.From(_node(), now, Uptime) with { SavedSeconds = SavedSeconds(cache) },
            Total = Scope(null),
            Flights = cache.InFlight,
            Tiers =
            [
                .. cache.Tiers.Where(static tier => tier.Tier is not (TierKind.None or TierKind.Fill))
                    .Select(tier => TierReport.From(tier, rates)),
            ],
            Kinds =
            [
                .. table.Keys.Where(static key => key is { Scope: RowKey.All, Kind: not null })
                    .Select(static key => key.Kind)
                    .Order(StringComparer.Ordinal)
                    .Select(Scope),
            ],
            Removed = removed,
        };

        ScopeReport Scope(string? kind)
        {
            var key = new RowKey(RowKey.All, kind);
            return ScopeReport.From(kind, table[key], rates.GetValueOrDefault(key));
        }
    }

    private static double SavedSeconds(CacheStatistics cache) =>
        Math.Round(cache.Kinds.Sum(static kind => kind.SavedCost.TotalSeconds), 3);
}

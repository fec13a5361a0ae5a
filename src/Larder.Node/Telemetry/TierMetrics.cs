using System.Text;
using Larder.Cache.Diagnostics;
using Larder.Node.Protocols;

namespace Larder.Node.Telemetry;

/// <summary>The tiers' statistics as metrics, from one snapshot, so that their sums agree.</summary>
internal static class TierMetrics
{
    private static readonly Column<TierStatistics>[] TierColumns =
    [
        new("larder_tier_capacity_bytes", "Most bytes the tier may hold; -1 without a limit.", PrometheusKind.Gauge, static tier => tier.CapacityBytes),
        new("larder_tier_bytes", "Weight of the entries in the tier.", PrometheusKind.Gauge, static tier => tier.Bytes),
        new("larder_tier_entries", "Entries in the tier.", PrometheusKind.Gauge, static tier => tier.Entries),
        new("larder_tier_reserved_bytes", "Bytes booked by fills in flight.", PrometheusKind.Gauge, static tier => tier.ReservedBytes),
        new("larder_tier_errors_total", "Failures of the tier's medium.", PrometheusKind.Counter, static tier => tier.Errors),
    ];

    private static readonly Column<KindStatistics>[] KindColumns =
    [
        new("larder_kind_entries", "Entries of the kind in the tier.", PrometheusKind.Gauge, static kind => kind.Entries),
        new("larder_kind_bytes", "Weight of the kind's entries in the tier.", PrometheusKind.Gauge, static kind => kind.Bytes),
        new("larder_lookups_total", "Lookups of the tier.", PrometheusKind.Counter, static kind => kind.Lookups),
        new("larder_hits_total", "Lookups that the tier answered.", PrometheusKind.Counter, static kind => kind.Hits),
        new("larder_misses_total", "Lookups that found nothing usable in the tier.", PrometheusKind.Counter, static kind => kind.Misses),
        new("larder_throttled_total", "Lookups that the tier refused for load or a broken medium.", PrometheusKind.Counter, static kind => kind.Throttled),
        new("larder_hit_bytes_total", "Payload bytes of the hits.", PrometheusKind.Counter, static kind => kind.HitBytes),
        new("larder_puts_total", "Puts that came to a decision.", PrometheusKind.Counter, static kind => kind.Puts),
        new("larder_recovered_total", "Entries found at start or added by another process.", PrometheusKind.Counter, static kind => kind.Recovered),
        new("larder_evicted_total", "Entries that left for capacity, pressure or expiry.", PrometheusKind.Counter, static kind => kind.Evicted),
        new("larder_evicted_bytes_total", "Weight of what was evicted.", PrometheusKind.Counter, static kind => kind.EvictedBytes),
        new("larder_removed_total", "Entries that were removed, invalidated or quarantined.", PrometheusKind.Counter, static kind => kind.Removed),
        new("larder_replaced_total", "Entries that a newer value replaced.", PrometheusKind.Counter, static kind => kind.Replaced),
        new("larder_refused_total", "Puts that stored nothing.", PrometheusKind.Counter, static kind => kind.Refused),
        new("larder_quarantined_total", "Entries that failed verification; part of the removed.", PrometheusKind.Counter, static kind => kind.Quarantined),
    ];

    /// <summary>Renders every tier and kind.</summary>
    public static string Render(IReadOnlyList<TierStatistics> tiers)
    {
        var text = new StringBuilder(8 * 1024);
        foreach (var column in TierColumns)
        {
            PrometheusText.Head(text, column.Name, column.Help, column.Kind);
            foreach (var tier in tiers)
            {
                PrometheusText.Line(text, column.Name, TierLabel(tier), column.Value(tier));
            }
        }

        foreach (var column in KindColumns)
        {
            PrometheusText.Head(text, column.Name, column.Help, column.Kind);
            foreach (var tier in tiers)
            {
                foreach (var kind in tier.Kinds)
                {
                    PrometheusText.Line(text, column.Name, $"{TierLabel(tier)},kind=\"{kind.Kind}\"", column.Value(kind));
                }
            }
        }

        return text.ToString();
    }

    private static string TierLabel(TierStatistics tier) => $"tier=\"{MetadataHeaders.NameOf(tier.Tier)}\"";

    private sealed record Column<TRow>(string Name, string Help, PrometheusKind Kind, Func<TRow, long> Value);
}

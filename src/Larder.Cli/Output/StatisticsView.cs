using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cli.Stores;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Larder.Cli.Output;

/// <summary>
/// Draws snapshots of the counters: tiers with their occupancy, kinds with hit ratios, and, from the second snapshot
/// on, rates with a short history. For one thread.
/// </summary>
internal sealed class StatisticsView
{
    private const int HistoryWidth = 24;

    private readonly string _source;
    private readonly Dictionary<(TierKind Tier, string? Kind), History> _histories = [];
    private StoreStatistics? _now;
    private bool _hasRates;

    public StatisticsView(string source) => _source = source;

    /// <summary>Takes the newest snapshot and the time since the one before; zero for the first.</summary>
    public void Add(StoreStatistics statistics, TimeSpan elapsed)
    {
        _hasRates = elapsed > TimeSpan.Zero;
        foreach (var tier in statistics.Tiers)
        {
            Of(tier.Tier, null).Add(Sum(tier), elapsed);
            foreach (var kind in tier.Kinds)
            {
                Of(tier.Tier, kind.Kind).Add(new Totals(kind.Lookups, kind.Hits, kind.HitBytes, kind.StoredBytes), elapsed);
            }
        }

        _now = statistics;
    }

    /// <summary>Draws the newest snapshot.</summary>
    public IRenderable Render()
    {
        var now = _now ?? throw new InvalidOperationException("There is no snapshot yet.");
        var parts = new List<IRenderable> { new Markup(Title(now)), Text.Empty, Tiers(now) };
        if (now.Tiers.Any(static tier => tier.Kinds.Count > 0))
        {
            parts.Add(Text.Empty);
            parts.Add(Kinds(now));
        }

        parts.Add(Text.Empty);
        return new Rows(parts);
    }

    private static Totals Sum(TierStatistics tier) => tier.Kinds.Aggregate(default(Totals), static (sum, kind) => new Totals(
        sum.Lookups + kind.Lookups, sum.Hits + kind.Hits, sum.HitBytes + kind.HitBytes, sum.StoredBytes + kind.StoredBytes));

    private string Title(StoreStatistics now)
    {
        var title = $"[bold]{Markup.Escape(_source)}[/]";
        if (now.Version is not null)
        {
            title += $"  {Markup.Escape(now.Version)}";
        }

        if (now.State is not null)
        {
            title += $"  {Markup.Escape(now.State)}";
        }

        return now.Uptime is { } uptime ? $"{title}  up {Format.Duration(uptime)}" : title;
    }

    private Table Tiers(StoreStatistics now)
    {
        var table = NewTable("TIER", "ENTRIES", "BYTES", "CAPACITY", "FULL", "LOOKUPS", "HIT RATIO", "QUEUED", "ERRORS");
        foreach (var tier in now.Tiers)
        {
            var totals = Sum(tier);
            var name = tier.Tier.ToString().ToLowerInvariant();
            AddRow(
                table,
                Of(tier.Tier, null),
                tier.Available ? name : $"[yellow]{name} (unavailable)[/]",
                Format.Count(tier.Entries),
                Format.Bytes(tier.Bytes),
                Format.Capacity(tier.CapacityBytes),
                Format.Ratio(tier.Bytes, tier.CapacityBytes),
                Format.Count(totals.Lookups),
                Format.Ratio(totals.Hits, totals.Lookups),
                Format.Count(tier.QueuedEntries),
                tier.Errors == 0 ? "0" : $"[red]{Format.Count(tier.Errors)}[/]");
        }

        return table;
    }

    private Table Kinds(StoreStatistics now)
    {
        var table = NewTable("KIND", "TIER", "ENTRIES", "BYTES", "LOOKUPS", "HIT RATIO", "PUTS", "REFUSED", "EVICTED");
        var rows =
            from tier in now.Tiers
            from kind in tier.Kinds
            where kind.Lookups + kind.Puts + kind.Entries > 0
            orderby kind.Kind, tier.Tier
            select (tier, kind);
        foreach (var (tier, kind) in rows)
        {
            AddRow(
                table,
                Of(tier.Tier, kind.Kind),
                Markup.Escape(kind.Kind),
                tier.Tier.ToString().ToLowerInvariant(),
                Format.Count(kind.Entries),
                Format.Bytes(kind.Bytes),
                Format.Count(kind.Lookups),
                Format.Ratio(kind.Hits, kind.Lookups),
                Format.Count(kind.Puts),
                Format.Count(kind.Refused),
                Format.Count(kind.Evicted));
        }

        return table;
    }

    private Table NewTable(params IEnumerable<string> titles)
    {
        var table = new Table().Border(TableBorder.None);
        string[] all = _hasRates ? [.. titles, "READ", "WRITTEN", "LOOKUPS/s"] : [.. titles];
        for (var i = 0; i < all.Length; i++)
        {
            var column = new TableColumn($"[dim]{all[i]}[/]") { NoWrap = true, Padding = new Padding(0, 0, 2, 0) };
            table.AddColumn(i == 0 || all[i] is "TIER" or "LOOKUPS/s" ? column : column.RightAligned());
        }

        return table;
    }

    private void AddRow(Table table, History history, params string[] cells)
    {
        string[] rates = _hasRates
            ?
            [
                Format.Bytes(history.ReadBytes) + "/s",
                Format.Bytes(history.WrittenBytes) + "/s",
                $"[green]{history.Lookups.Draw()}[/] {Format.Rate(history.LookupRate)}",
            ]
            : [];
        table.AddRow([.. cells, .. rates]);
    }

    private History Of(TierKind tier, string? kind)
    {
        if (!_histories.TryGetValue((tier, kind), out var history))
        {
            _histories[(tier, kind)] = history = new History();
        }

        return history;
    }

    private readonly record struct Totals(long Lookups, long Hits, long HitBytes, long StoredBytes);

    private sealed class History
    {
        private Totals _before;

        public Sparkline Lookups { get; } = new(HistoryWidth);

        public double LookupRate { get; private set; }

        public double ReadBytes { get; private set; }

        public double WrittenBytes { get; private set; }

        // A node that was started again counts from zero; its first difference would be negative.
        public void Add(Totals totals, TimeSpan elapsed)
        {
            if (elapsed > TimeSpan.Zero)
            {
                LookupRate = Math.Max(0, totals.Lookups - _before.Lookups) / elapsed.TotalSeconds;
                ReadBytes = Math.Max(0, totals.HitBytes - _before.HitBytes) / elapsed.TotalSeconds;
                WrittenBytes = Math.Max(0, totals.StoredBytes - _before.StoredBytes) / elapsed.TotalSeconds;
                Lookups.Add(LookupRate);
            }

            _before = totals;
        }
    }
}

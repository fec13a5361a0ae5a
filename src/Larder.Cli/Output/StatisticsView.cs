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
    private const int WideHistory = 24;
    private const int NarrowHistory = 8;

    // Terminal columns from which everything fits beside the rates, and without them.
    private const int WideWithRates = 150;
    private const int WideWithoutRates = 100;

    // What a narrow terminal goes without, and what it goes without besides when there are rates.
    private static readonly string[] WideOnly = ["LOOKUPS", "QUEUED", "PUTS", "REFUSED", "WRITTEN"];
    private static readonly string[] WideOnlyWithRates = ["CAPACITY", "ERRORS", "EVICTED"];

    private readonly string _source;
    private readonly int _width;
    private readonly Dictionary<(TierKind Tier, string? Kind), History> _histories = [];
    private StoreStatistics? _now;
    private bool _hasRates;

    /// <summary>Creates a view without a snapshot.</summary>
    /// <param name="source">Whose figures they are.</param>
    /// <param name="width">Columns of the terminal.</param>
    public StatisticsView(string source, int width)
    {
        _source = source;
        _width = width;
    }

    private bool IsWide => _width >= (_hasRates ? WideWithRates : WideWithoutRates);

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

    private Table Tiers(StoreStatistics now) => Draw(now.Tiers.Select(tier =>
    {
        var totals = Sum(tier);
        var name = Name(tier.Tier);
        return new Row(Of(tier.Tier, null),
        [
            ("TIER", tier.Available ? name : $"[yellow]{name} (unavailable)[/]"),
            ("ENTRIES", Format.Count(tier.Entries)),
            ("BYTES", Format.Bytes(tier.Bytes)),
            ("CAPACITY", Format.Capacity(tier.CapacityBytes)),
            ("FULL", Format.Ratio(tier.Bytes, tier.CapacityBytes)),
            ("LOOKUPS", Format.Count(totals.Lookups)),
            ("HIT RATIO", Format.Ratio(totals.Hits, totals.Lookups)),
            ("QUEUED", Format.Count(tier.QueuedEntries)),
            ("ERRORS", tier.Errors == 0 ? "0" : $"[red]{Format.Count(tier.Errors)}[/]"),
        ]);
    }));

    private Table Kinds(StoreStatistics now) => Draw(
        from tier in now.Tiers
        from kind in tier.Kinds
        where kind.Lookups + kind.Puts + kind.Entries > 0
        orderby kind.Kind, tier.Tier
        select new Row(Of(tier.Tier, kind.Kind),
        [
            ("KIND", Markup.Escape(kind.Kind)),
            ("TIER", Name(tier.Tier)),
            ("ENTRIES", Format.Count(kind.Entries)),
            ("BYTES", Format.Bytes(kind.Bytes)),
            ("LOOKUPS", Format.Count(kind.Lookups)),
            ("HIT RATIO", Format.Ratio(kind.Hits, kind.Lookups)),
            ("PUTS", Format.Count(kind.Puts)),
            ("REFUSED", Format.Count(kind.Refused)),
            ("EVICTED", Format.Count(kind.Evicted)),
        ]));

    private Table Draw(IEnumerable<Row> rows)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (var row in rows)
        {
            var cells = row.Cells.Concat(_hasRates ? Rates(row.History) : []).Where(cell => Fits(cell.Title)).ToArray();
            if (table.Columns.Count == 0)
            {
                foreach (var (title, _) in cells)
                {
                    var column = new TableColumn($"[dim]{title}[/]") { NoWrap = true, Padding = new Padding(0, 0, 2, 0) };
                    table.AddColumn(title is "KIND" or "TIER" or "LOOKUPS/s" ? column : column.RightAligned());
                }
            }

            table.AddRow([.. cells.Select(static cell => cell.Cell)]);
        }

        return table;
    }

    private (string Title, string Cell)[] Rates(History history) =>
    [
        ("READ", Format.Bytes(history.ReadBytes) + "/s"),
        ("WRITTEN", Format.Bytes(history.WrittenBytes) + "/s"),
        ("LOOKUPS/s", $"[green]{history.Lookups.Draw(IsWide ? WideHistory : NarrowHistory)}[/] {Format.Rate(history.LookupRate)}"),
    ];

    private bool Fits(string title) => IsWide || !(WideOnly.Contains(title) || (_hasRates && WideOnlyWithRates.Contains(title)));

    private static string Name(TierKind tier) => tier.ToString().ToLowerInvariant();

    private History Of(TierKind tier, string? kind)
    {
        if (!_histories.TryGetValue((tier, kind), out var history))
        {
            _histories[(tier, kind)] = history = new History();
        }

        return history;
    }

    private sealed record Row(History History, (string Title, string Cell)[] Cells);

    private readonly record struct Totals(long Lookups, long Hits, long HitBytes, long StoredBytes);

    private sealed class History
    {
        private Totals _before;

        public Sparkline Lookups { get; } = new(WideHistory);

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

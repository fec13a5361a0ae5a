using Larder.Cache.Artifacts;
using Larder.Node.Dashboard;
using Larder.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static Larder.Tests.Node.DashboardFigures;

namespace Larder.Tests.Node;

public sealed class DashboardHistoryTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly DashboardFigures _figures = new();
    private readonly RecentEvents _events;

    public DashboardHistoryTests() => _events = new RecentEvents(_clock);

    [Fact]
    public async Task Rates_divide_what_happened_by_the_time_that_passed()
    {
        await using var history = Make();
        _figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits: 100, misses: 100))];
        history.Sample();

        _clock.Advance(TimeSpan.FromSeconds(4));
        _figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits: 130, misses: 110, storedBytes: 800))];
        history.Sample();

        var rates = history.Rates(TimeSpan.FromMinutes(1))[new RowKey("memory", "cc")];
        Assert.Equal(4, rates.Seconds);
        Assert.Equal(0.75, rates.HitRatio);
        Assert.Equal(10, rates.LookupsPerSecond);
        Assert.Equal(7.5, rates.HitsPerSecond);
        Assert.Equal(75, rates.HitBytesPerSecond);
        Assert.Equal(200, rates.StoredBytesPerSecond);
    }

    [Fact]
    public async Task A_window_without_lookups_has_no_hit_ratio_and_no_rates()
    {
        await using var history = Make();
        history.Sample();
        _clock.Advance(TimeSpan.FromSeconds(1));
        history.Sample();

        var rates = history.Rates(TimeSpan.FromMinutes(1))[new RowKey("all", null)];

        Assert.Null(rates.HitRatio);
        Assert.Equal(0, rates.LookupsPerSecond);
    }

    [Fact]
    public async Task The_whole_cache_counts_a_lookup_once_however_many_tiers_saw_it()
    {
        await using var history = Make();
        _figures.Tiers =
        [
            Tier(TierKind.Memory, Kind("cc", hits: 60, misses: 40)),
            Tier(TierKind.Disk, Kind("cc", hits: 30, misses: 10), Kind("layer", hits: 1, misses: 3)),
            Tier(TierKind.Remote, Kind("cc", hits: 5, misses: 5)),
        ];

        history.Sample();

        var stats = history.Stats();
        Assert.Equal(104, stats.Total.Lookups);
        Assert.Equal(96, stats.Total.Hits);
        Assert.Equal(0.95, stats.Kinds.Single(kind => kind.Kind == "cc").HitRatio);
        Assert.Equal(0.25, stats.Kinds.Single(kind => kind.Kind == "layer").HitRatio);
    }

    [Theory]
    [InlineData(-400)]
    [InlineData(400)]
    public async Task A_wall_clock_that_jumps_moves_no_sample(int days)
    {
        await using var history = Make();
        for (var second = 0; second < 10; second++)
        {
            _figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits: second * 7, misses: 0))];
            history.Sample();
            if (second == 5)
            {
                _clock.JumpWallClock(TimeSpan.FromDays(days));
            }

            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        var report = history.History(TimeSpan.FromMinutes(1), 100);

        Assert.All(report.Seconds, seconds => Assert.Equal(1, seconds));
        Assert.All(report.Time.Zip(report.Time.Skip(1)), pair => Assert.Equal(1000, pair.Second - pair.First));
        Assert.Equal(_clock.GetUtcNow().AddSeconds(-1).ToUnixTimeMilliseconds(), report.Time[^1]);
        Assert.All(Row(report, "memory", "cc").Hits, hits => Assert.Equal(7, hits));
    }

    [Fact]
    public async Task A_process_that_was_suspended_gets_one_long_step_with_a_true_rate()
    {
        await using var history = Make();
        history.Sample();
        _clock.Advance(TimeSpan.FromSeconds(50));
        _figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits: 500, misses: 0))];
        history.Sample();

        var report = history.History(TimeSpan.FromMinutes(10), 100);

        Assert.Equal([50d], report.Seconds);
        Assert.Equal([500L], Row(report, "memory", "cc").Lookups);
        Assert.Equal(10, history.Rates(TimeSpan.FromMinutes(1))[new RowKey("all", "cc")].LookupsPerSecond);
    }

    [Fact]
    public async Task A_snapshot_without_a_kind_is_not_traffic()
    {
        await using var history = Make();
        _figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits: 500, misses: 0))];
        history.Sample();
        var complete = _figures.Tiers;
        _figures.Tiers = [Tier(TierKind.Memory)];
        _clock.Advance(TimeSpan.FromSeconds(1));
        history.Sample();
        _figures.Tiers = complete;
        _clock.Advance(TimeSpan.FromSeconds(1));
        history.Sample();

        var report = history.History(TimeSpan.FromMinutes(1), 100);

        Assert.All(Row(report, "memory", "cc").Hits, hits => Assert.Equal(0, hits));
    }

    [Fact]
    public async Task A_snapshot_that_throws_leaves_a_gap_and_the_next_one_counts()
    {
        var broken = false;
        await using var history = new StatisticsHistory(
            () => broken ? throw new InvalidOperationException("The tier is gone.") : _figures.Cache,
            () => _figures.Node, _events, new StatisticsHistoryOptions(), _clock, NullLogger.Instance);
        history.Sample();
        broken = true;
        _clock.Advance(TimeSpan.FromSeconds(1));
        history.Sample();
        broken = false;
        _clock.Advance(TimeSpan.FromSeconds(1));
        history.Sample();

        Assert.Equal(1, history.Failures);
        Assert.Equal([2d], history.History(TimeSpan.FromMinutes(1), 10).Seconds);
    }

    [Fact]
    public async Task Steps_add_up_to_the_counters_at_every_resolution()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        await using var history = Make(new StatisticsHistoryOptions { FineSamples = 101, CoarseEvery = 5, CoarseSamples = 101 });
        var hits = new List<long> { 0 };
        for (var second = 0; second < 700; second++)
        {
            _figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits[^1], misses: 0))];
            history.Sample();
            hits.Add(hits[^1] + random.Next(50));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        // The newest sample holds hits[699]; the coarse ring's newest holds hits[695].
        foreach (var points in new[] { 1, 7, 60, 100, 1000 })
        {
            Assert.Equal(hits[699] - hits[639], Row(history.History(TimeSpan.FromSeconds(60), points), "memory", "cc").Hits.Sum());
            Assert.Equal(hits[695] - hits[295], Row(history.History(TimeSpan.FromSeconds(400), points), "memory", "cc").Hits.Sum());
            Assert.InRange(history.History(TimeSpan.FromSeconds(60), points).Time.Length, 1, points + 1);
        }
    }

    [Fact]
    public async Task Asking_again_a_moment_later_cuts_the_same_steps()
    {
        await using var history = Make();
        for (var second = 0; second < 500; second++)
        {
            history.Sample();
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        var before = history.History(TimeSpan.FromSeconds(400), 50).Time;
        history.Sample();
        _clock.Advance(TimeSpan.FromSeconds(1));
        var after = history.History(TimeSpan.FromSeconds(400), 50).Time;

        Assert.Subset(after.ToHashSet(), before[1..^1].ToHashSet());
    }

    [Fact]
    public async Task A_flood_of_kinds_stays_within_the_budget_and_is_still_counted()
    {
        var options = new StatisticsHistoryOptions { CapacityBytes = 8 * 1024 * 1024 };
        await using var history = Make(options);
        _figures.Tiers = [Tier(TierKind.Memory, [.. Enumerable.Range(0, 256).Select(n => Kind($"kind-{n}", hits: 0, misses: 0))])];
        history.Sample();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _figures.Tiers = [Tier(TierKind.Memory, [.. Enumerable.Range(0, 256).Select(n => Kind($"kind-{n}", hits: 2, misses: 1))])];
        history.Sample();

        var rows = history.History(TimeSpan.FromMinutes(1), 10).Rows.Where(row => row.Scope == "memory").ToList();

        Assert.InRange(history.UsedBytes, 1, options.CapacityBytes);
        Assert.Contains(rows, row => row.Kind == RowKey.OtherKinds);
        Assert.Equal(512, rows.Where(row => row.Kind is not null).Sum(row => row.Hits.Sum()));
        Assert.Equal(512, rows.Single(row => row.Kind is null).Hits.Sum());
    }

    [Fact]
    public async Task It_samples_by_its_timer_until_it_is_disposed()
    {
        var history = Make();
        history.Start();
        for (var second = 0; second < 3; second++)
        {
            var next = history.NextSample;
            _clock.Advance(TimeSpan.FromSeconds(1));
            await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        }

        var waiter = history.NextSample;
        await history.DisposeAsync();
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.True(waiter.IsCompletedSuccessfully);
        Assert.Equal(3, history.Live().Sequence);
    }

    [Fact]
    public async Task A_live_message_leaves_out_kinds_that_did_not_change()
    {
        await using var history = Make();
        _figures.Tiers = [Tier(TierKind.Memory, Kind("busy", 1, 0), Kind("idle", 9, 9))];
        history.Sample();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _figures.Tiers = [Tier(TierKind.Memory, Kind("busy", 4, 0), Kind("idle", 9, 9))];
        _events.CountRemovals(5, RemovalReason.ByteLimit);
        history.Sample();

        var live = history.Live();

        Assert.Equal([null, null, "busy", "busy"], live.Rows.Select(row => row.Kind).Order(StringComparer.Ordinal));
        Assert.Equal(3, live.Rows.Single(row => row is { Scope: "memory", Kind: "busy" }).Hits);
        Assert.Equal(5, live.Removals["byteLimit"]);
        Assert.Equal(22, live.Totals.Lookups);
    }

    private static RowSeries Row(HistoryReport report, string scope, string? kind) =>
        report.Rows.Single(row => row.Scope == scope && row.Kind == kind);

    private StatisticsHistory Make(StatisticsHistoryOptions? options = null) => new(
        () => _figures.Cache, () => _figures.Node, _events, options ?? new StatisticsHistoryOptions(), _clock, NullLogger.Instance);
}

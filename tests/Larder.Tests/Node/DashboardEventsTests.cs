using System.Globalization;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Dashboard;
using Larder.Tests.Support;

namespace Larder.Tests.Node;

public sealed class DashboardEventsTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void The_newest_are_kept_and_the_oldest_forgotten()
    {
        var events = new RecentEvents(_clock, removals: 4, misses: 4, budget: 100);

        for (var n = 0; n < 10; n++)
        {
            events.RecordRemoval(TierKind.Disk, Key(n), n, n, RemovalReason.ByteLimit);
        }

        var report = events.After(0);
        Assert.Equal([6L, 7, 8, 9], report.Removals.Select(removal => removal.Bytes));
        Assert.Equal(6, report.Removals[0].AgeTicks);
        Assert.Equal("disk", report.Removals[0].Tier);
        Assert.Equal("byteLimit", report.Removals[0].Reason);
        Assert.Equal(10, report.Removed["byteLimit"]);
    }

    [Fact]
    public void After_gives_only_what_is_new()
    {
        var events = new RecentEvents(_clock);
        events.RecordRemoval(TierKind.Memory, Key(1), 1, -1, RemovalReason.EntryLimit);
        var seen = events.After(0).Next - 1;

        events.RecordMiss(Key(2), null, []);

        var report = events.After(seen);
        Assert.Null(Assert.Single(events.After(0).Removals).AgeTicks);
        Assert.Empty(report.Removals);
        Assert.Equal(Key(2).Fingerprint, Assert.Single(report.Misses).Fingerprint);
        Assert.Empty(events.After(report.Next - 1).Misses);
    }

    [Fact]
    public void Beyond_the_budget_events_are_counted_and_not_kept()
    {
        var events = new RecentEvents(_clock, budget: 3);

        for (var n = 0; n < 50; n++)
        {
            events.RecordRemoval(TierKind.Memory, Key(n), 1, -1, RemovalReason.Pressure);
        }

        Assert.Equal(3, events.After(0).Removals.Count);
        Assert.Equal(47, events.After(0).RemovalsDropped);
        Assert.Equal(50, events.After(0).Removed["pressure"]);
        events.Refill();
        events.RecordRemoval(TierKind.Memory, Key(99), 1, -1, RemovalReason.Pressure);
        Assert.Equal(4, events.After(0).Removals.Count);
    }

    [Fact]
    public void Names_without_a_recipe_leave_room_for_explained_misses()
    {
        var events = new RecentEvents(_clock, budget: 32);
        for (var n = 0; n < 1000; n++)
        {
            events.RecordMiss(Key(n));
        }

        events.RecordMiss(Key(7), Key(8).Fingerprint, [new ComponentChange("compiler", "1", "2")]);

        var report = events.After(0);
        Assert.Equal([MissEvent.Unseen, MissEvent.Unseen, MissEvent.Differs], report.Misses.Select(miss => miss.Cause));
        Assert.Equal(998, report.MissesDropped);
    }

    [Fact]
    public void A_miss_says_whether_it_left_differs_or_was_never_seen()
    {
        var events = new RecentEvents(_clock);
        events.RecordRemoval(TierKind.Disk, Key(1), 5, -1, RemovalReason.Expired);

        events.RecordMiss(Key(1), Key(7).Fingerprint, []);
        events.RecordMiss(Key(2), Key(7).Fingerprint, [new ComponentChange("compiler", "gcc 12", "gcc 13")]);
        events.RecordMiss(Key(3), null, []);

        var misses = events.After(0).Misses;
        Assert.Equal([MissEvent.Left, MissEvent.Differs, MissEvent.Unseen], misses.Select(miss => miss.Cause));
        Assert.Equal("expired", misses[0].LeftReason);
        Assert.Equal("gcc 13", misses[1].Differences.Single().Now);
    }

    [Fact]
    public async Task Many_threads_lose_no_count_and_never_grow_the_rings()
    {
        const int Threads = 4;
        const int Each = 20_000;
        var events = new RecentEvents(_clock, removals: 16, misses: 16, budget: 1000);
        var token = TestContext.Current.CancellationToken;

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(
            () =>
            {
                for (var n = 0; n < Each; n++)
                {
                    events.RecordRemoval(TierKind.Memory, Key(n), 1, -1, (RemovalReason)(n % NodeSample.Reasons));
                    if (n % 1000 == 0)
                    {
                        events.RecordMiss(Key(n), null, []);
                        events.Refill();
                    }
                }
            },
            token)));

        var report = events.After(0);
        Assert.Equal(Threads * Each, report.Removed.Values.Sum());
        Assert.Equal(16, report.Removals.Count);
        Assert.Equal(16, report.Misses.Count);
        var numbers = report.Removals.Select(removal => removal.Number).Concat(report.Misses.Select(miss => miss.Number)).ToList();
        Assert.Equal(numbers.Count, numbers.Distinct().Count());
        Assert.Equal(report.Removals.Select(removal => removal.Number), report.Removals.Select(removal => removal.Number).Order());

        // Every removal was either numbered or counted as dropped, and every miss likewise.
        Assert.Equal((Threads * Each) + (Threads * Each / 1000), report.Next - 1 + report.RemovalsDropped + report.MissesDropped);
    }

    private static ArtifactKey Key(int n) => new(
        ArtifactKind.Parse("cc"), Fingerprint.OfContent(System.Text.Encoding.ASCII.GetBytes(n.ToString(CultureInfo.InvariantCulture))));
}

using Larder.Cache.Artifacts;
using Larder.Cache.Sizing;

namespace Larder.Tests.Sizing;

public sealed class TierPlanTests
{
    private const long MiB = 1024 * 1024;

    private static readonly MissRatioCurve Curve = new()
    {
        Points = [new(0, 0, 0), new(32 * MiB, 0.6, 0.3), new(64 * MiB, 0.83, 0.5), new(128 * MiB, 0.91, 0.7), new(512 * MiB, 0.93, 0.9)],
        References = 100_000,
        WorkingSetBytes = 600 * MiB,
        WorkingSetEntries = 1000,
        Samples = 1000,
        SamplingRate = 1,
    };

    [Fact]
    public void A_wanted_hit_ratio_has_its_capacity()
    {
        var plan = Make(0.91);

        Assert.Equal(128 * MiB, plan.RecommendedBytes);
        Assert.Equal(0.91, plan.RecommendedHitRatio, 9);
        Assert.True(plan.IsReachable);
        Assert.Equal("memory tier 64 MiB → 83 % hits, 128 MiB → 91 % hits", plan.Summary);
        Assert.Null(plan.Caution);
    }

    [Fact]
    public void What_cannot_be_had_is_said()
    {
        var plan = Make(0.99);

        Assert.False(plan.IsReachable);
        Assert.Equal("No capacity has 99 % hits: 7 % of the lookups are the first for their name.", plan.Caution);
        Assert.InRange(plan.RecommendedHitRatio, 0.925, 0.93);
    }

    [Fact]
    public void Without_a_wish_most_of_what_is_possible_is_recommended()
    {
        var plan = Make(null);

        Assert.InRange(plan.RecommendedHitRatio, 0.95 * 0.93, 0.93);
        Assert.True(plan.RecommendedBytes >= plan.KneeBytes);
        Assert.True(plan.RecommendedBytes < 256 * MiB, $"{plan.RecommendedBytes}");
    }

    [Fact]
    public void The_table_rises_and_names_what_matters()
    {
        var plan = Make(0.9);

        Assert.Equal(plan.Steps.Select(step => step.CapacityBytes), plan.Steps.Select(step => step.CapacityBytes).Order());
        Assert.Equal("now", plan.Steps.Single(step => step.CapacityBytes == 64 * MiB).Marks.Split(", ")[0]);
        Assert.Contains("recommended", plan.Steps.Single(step => step.CapacityBytes == plan.RecommendedBytes).Marks, StringComparison.Ordinal);
        Assert.Equal(plan.Steps[^1].HitRatio, plan.Steps.Sum(step => step.Gain), 9);
        Assert.InRange(plan.Steps.Length, 5, 16);
    }

    [Fact]
    public void Few_lookups_are_a_reason_for_caution()
    {
        var plan = TierPlan.Make(TierKind.Memory, Curve with { References = 120 }, [], 64 * MiB, null, inEntries: false);

        Assert.Equal("Only 120 lookups so far: the figures will change.", plan.Caution);
    }

    [Fact]
    public void Nothing_asked_for_twice_recommends_nothing()
    {
        var plan = TierPlan.Make(TierKind.Disk, new MissRatioCurve { References = 10 }, [], 64 * MiB, 0.9, inEntries: false);

        Assert.Equal(0, plan.RecommendedBytes);
        Assert.Equal("disk tier: nothing was asked for twice yet.", plan.Summary);
        Assert.Empty(plan.Steps);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 7)]
    [InlineData(100, 104)]
    [InlineData(65 * MiB, 72 * MiB)]
    [InlineData(128 * MiB, 128 * MiB)]
    public void Capacities_are_rounded_up_to_what_can_be_read(long capacity, long rounded) =>
        Assert.Equal(rounded, TierPlan.RoundUp(capacity));

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public void A_wish_out_of_range_is_refused(double target) => Assert.Throws<ArgumentOutOfRangeException>(() => Make(target));

    private static TierPlan Make(double? target) => TierPlan.Make(
        TierKind.Memory, Curve, [new KindCurve("handler", Curve)], 64 * MiB, target, inEntries: false);
}

using Larder.Cache.Sizing;

namespace Larder.Tests.Sizing;

public sealed class MissRatioCurveTests
{
    private static readonly MissRatioCurve Curve = new()
    {
        Points = [new(0, 0, 0), new(100, 0.5, 0.25), new(200, 0.7, 0.5), new(400, 0.8, 0.75), new(800, 0.8, 0.75)],
    };

    [Theory]
    [InlineData(0, 0)]
    [InlineData(50, 0.25)]
    [InlineData(100, 0.5)]
    [InlineData(150, 0.6)]
    [InlineData(800, 0.8)]
    [InlineData(10_000, 0.8)]
    public void A_capacity_has_a_hit_ratio(long capacity, double ratio) => Assert.Equal(ratio, Curve.HitRatioAt(capacity), 9);

    [Theory]
    [InlineData(0.25, 50L)]
    [InlineData(0.5, 100L)]
    [InlineData(0.6, 150L)]
    [InlineData(0.8, 400L)]
    [InlineData(0.81, null)]
    public void A_hit_ratio_has_a_capacity(double ratio, long? capacity) => Assert.Equal(capacity, Curve.CapacityFor(ratio));

    [Fact]
    public void The_bend_is_where_more_begins_to_bring_less()
    {
        Assert.Equal(400, Curve.LargestUsefulBytes);
        Assert.Equal(100, Curve.KneeBytes);
        Assert.Equal(0.375, Curve.ByteHitRatioAt(150), 9);
    }

    [Fact]
    public void A_cliff_bends_at_its_end()
    {
        var cliff = new MissRatioCurve { Points = [new(990, 0, 0), new(1000, 0.9, 0.9)] };

        Assert.Equal(1000, cliff.KneeBytes);
        Assert.Equal(0, cliff.HitRatioAt(500));
    }

    [Fact]
    public void Nothing_asked_for_twice_makes_an_empty_curve()
    {
        var empty = new MissRatioCurve();

        Assert.Equal(0, empty.BestHitRatio);
        Assert.Equal(0, empty.HitRatioAt(1000));
        Assert.Equal(0, empty.KneeBytes);
        Assert.Null(empty.CapacityFor(0.5));
        Assert.Equal(0, empty.LargestUsefulBytes);
    }
}

using System.Collections.Immutable;

namespace Larder.Cache.Sizing;

/// <summary>What a plan says of one kind in a tier that all kinds share.</summary>
/// <param name="Kind">The kind's name.</param>
/// <param name="References">Its lookups, those of long ago counted less.</param>
/// <param name="WorkingSetBytes">Weight of its entries that were used within the horizon.</param>
/// <param name="HitRatio">What is predicted for the tier's capacity now; 0 to 1.</param>
/// <param name="RecommendedHitRatio">What is predicted for the recommended capacity.</param>
/// <param name="BestHitRatio">What no capacity exceeds.</param>
/// <param name="HitRatios">What is predicted for the capacity of each of the plan's points.</param>
public sealed record KindPlan(
    string Kind,
    double References,
    long WorkingSetBytes,
    double HitRatio,
    double RecommendedHitRatio,
    double BestHitRatio,
    ImmutableArray<double> HitRatios);

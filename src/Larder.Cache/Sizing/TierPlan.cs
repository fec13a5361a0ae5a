using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;

namespace Larder.Cache.Sizing;

/// <summary>How large one tier should be, and what other capacities would bring. Immutable.</summary>
/// <remarks>
/// The recommendation is the smallest capacity that has the wanted hit ratio by the curve, rounded up to an eighth of a
/// power of two. Without a wish it is the larger of two: what brings 95 % of the hits that any capacity could bring, and
/// the knee.
/// </remarks>
public sealed record TierPlan
{
    // What is wanted when nobody says: this part of what any capacity could bring.
    private const double DefaultPart = 0.95;

    // A wish beyond what is possible gets what comes this near to it.
    private const double NearlyBest = 0.995;

    // Fewer lookups than this say little about the next ones.
    private const double FewReferences = 2000;

    private const int MaxPoints = 96;
    private const int MaxKinds = 12;
    private const int MaxSteps = 12;

    /// <summary>What it is called in sentences: <c>memory tier</c>, <c>disk tier</c>, <c>compiled handlers</c>.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>Which tier.</summary>
    public required TierKind Tier { get; init; }

    /// <summary>Whether capacities are counted in entries, because no sizes are known, and not in bytes.</summary>
    public bool InEntries { get; init; }

    /// <summary>The capacity now; 0 where there is none to compare with.</summary>
    public long CapacityBytes { get; init; }

    /// <summary>What the curve says for it, 0 to 1.</summary>
    public double HitRatio { get; init; }

    /// <summary>Lookups that the plan stands on, those of long ago counted less.</summary>
    public double References { get; init; }

    /// <summary>Keys that are followed, and which part of all keys that is.</summary>
    public int Samples { get; init; }

    /// <summary>Which part of all keys is followed, 0 to 1.</summary>
    public double SamplingRate { get; init; }

    /// <summary>The hit ratio that was wanted, 0 to 1; null when nobody said.</summary>
    public double? Target { get; init; }

    /// <summary>Whether there is a capacity with the wanted hit ratio.</summary>
    public bool IsReachable { get; init; }

    /// <summary>What no capacity exceeds: the rest are first lookups.</summary>
    public double BestHitRatio { get; init; }

    /// <summary>Where more capacity begins to bring less than the average.</summary>
    public long KneeBytes { get; init; }

    /// <summary>What everything weighs that was used within the horizon.</summary>
    public long WorkingSetBytes { get; init; }

    /// <summary>How many entries that is.</summary>
    public long WorkingSetEntries { get; init; }

    /// <summary>The capacity to set; 0 when nothing was asked for twice.</summary>
    public long RecommendedBytes { get; init; }

    /// <summary>What the curve says for it.</summary>
    public double RecommendedHitRatio { get; init; }

    /// <summary>One sentence with the figures that matter.</summary>
    public string Summary { get; init; } = string.Empty;

    /// <summary>One sentence on why the figures may not hold; null when nothing speaks against them.</summary>
    public string? Caution { get; init; }

    /// <summary>A table of capacities, each about twice the one before.</summary>
    public ImmutableArray<SizeStep> Steps { get; init; } = [];

    /// <summary>The curve, for drawing.</summary>
    public ImmutableArray<CurvePoint> Points { get; init; } = [];

    /// <summary>The kinds with the most lookups, by name.</summary>
    public ImmutableArray<KindPlan> Kinds { get; init; } = [];

    /// <summary>Makes the plan of a tier.</summary>
    /// <param name="curves">What the tier has seen.</param>
    /// <param name="target">The wanted hit ratio, above 0 and at most 1; null for the default.</param>
    public static TierPlan Make(TierCurves curves, double? target = null)
    {
        ArgumentNullException.ThrowIfNull(curves);
        var plan = Make(curves.Tier, curves.Total, curves.Kinds, curves.CapacityBytes, target, inEntries: false);
        return curves.Name is null ? plan : (plan with { Name = curves.Name }).WithSentences();
    }

    /// <summary>Makes a plan of a single curve.</summary>
    /// <param name="tier">Which tier it is for.</param>
    /// <param name="curve">The curve.</param>
    /// <param name="kinds">The curves of the kinds; empty for none.</param>
    /// <param name="capacity">The capacity now; 0 for none to compare with.</param>
    /// <param name="target">The wanted hit ratio, above 0 and at most 1; null for the default.</param>
    /// <param name="inEntries">Whether the curve's capacities are entries.</param>
    public static TierPlan Make(
        TierKind tier, MissRatioCurve curve, IReadOnlyList<KindCurve> kinds, long capacity, double? target, bool inEntries)
    {
        ArgumentNullException.ThrowIfNull(curve);
        ArgumentNullException.ThrowIfNull(kinds);
        if (target is { } wish)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wish, nameof(target));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(wish, 1, nameof(target));
        }

        var exact = target is null ? null : curve.CapacityFor(target.Value);
        var recommended = RoundUp(curve.Points.IsEmpty ? 0 : (exact, target) switch
        {
            ({ } capable, _) => Math.Max(1, capable),
            (null, null) => Math.Max(curve.KneeBytes, curve.CapacityFor(DefaultPart * curve.BestHitRatio) ?? 0),
            _ => curve.CapacityFor(NearlyBest * curve.BestHitRatio) ?? curve.LargestUsefulBytes,
        });
        var points = Thin(curve);
        var plan = new TierPlan
        {
            Name = tier == TierKind.Disk ? "disk tier" : "memory tier",
            Tier = tier,
            InEntries = inEntries,
            CapacityBytes = capacity,
            HitRatio = curve.HitRatioAt(capacity),
            References = curve.References,
            Samples = curve.Samples,
            SamplingRate = curve.SamplingRate,
            Target = target,
            IsReachable = target is null || exact is not null,
            BestHitRatio = curve.BestHitRatio,
            KneeBytes = curve.KneeBytes,
            WorkingSetBytes = (long)curve.WorkingSetBytes,
            WorkingSetEntries = (long)curve.WorkingSetEntries,
            RecommendedBytes = recommended,
            RecommendedHitRatio = curve.HitRatioAt(recommended),
            Points = points,
            Steps = MakeSteps(curve, capacity, recommended),
            Kinds =
            [
                .. kinds.OrderByDescending(static kind => kind.Curve.References).Take(MaxKinds)
                    .OrderBy(static kind => kind.Kind, StringComparer.Ordinal)
                    .Select(kind => Describe(kind, capacity, recommended, points)),
            ],
        };
        return plan.WithSentences();
    }

    /// <summary>Rounds a capacity up so that it can be read: to an eighth of a power of two.</summary>
    public static long RoundUp(long capacity)
    {
        var step = capacity < 8 ? 1 : 1L << (BitOperations.Log2((ulong)capacity) - 3);
        return capacity > long.MaxValue - step ? long.MaxValue : (capacity + step - 1) / step * step;
    }

    /// <summary>A capacity as the plan counts it, with its unit.</summary>
    public string Describe(long capacity) =>
        InEntries ? string.Create(CultureInfo.InvariantCulture, $"{capacity:N0} entries") : ByteText.Of(capacity);

    private static KindPlan Describe(KindCurve kind, long capacity, long recommended, ImmutableArray<CurvePoint> points) => new(
        kind.Kind,
        kind.Curve.References,
        (long)kind.Curve.WorkingSetBytes,
        kind.Curve.HitRatioAt(capacity),
        kind.Curve.HitRatioAt(recommended),
        kind.Curve.BestHitRatio,
        [.. points.Select(point => kind.Curve.HitRatioAt(point.CapacityBytes))]);

    // Capacities at equal distances on a logarithmic scale, from where the curve leaves the ground to where it ends.
    private static ImmutableArray<CurvePoint> Thin(MissRatioCurve curve)
    {
        if (curve.Points.Length <= MaxPoints)
        {
            return curve.Points;
        }

        var (first, last) = (Math.Max(1, curve.Points[0].CapacityBytes), Math.Max(2, curve.LargestUsefulBytes));
        var points = ImmutableArray.CreateBuilder<CurvePoint>(MaxPoints);
        for (var at = 0; at < MaxPoints; at++)
        {
            var capacity = at == MaxPoints - 1 ? last : (long)(first * Math.Pow((double)last / first, at / (MaxPoints - 1.0)));
            if (points.Count == 0 || capacity > points[^1].CapacityBytes)
            {
                points.Add(new CurvePoint(capacity, curve.HitRatioAt(capacity), curve.ByteHitRatioAt(capacity)));
            }
        }

        return points.ToImmutable();
    }

    private static ImmutableArray<SizeStep> MakeSteps(MissRatioCurve curve, long now, long recommended)
    {
        if (curve.Points.IsEmpty)
        {
            return [];
        }

        // Powers of two up to the first that has nearly everything, and the capacities that somebody asks for.
        var top = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(2, curve.CapacityFor(NearlyBest * curve.BestHitRatio) ?? 2));
        var capacities = new SortedDictionary<long, List<string>>();
        for (var capacity = top; capacity > 0 && capacities.Count < MaxSteps && capacity > top >> MaxSteps; capacity /= 2)
        {
            if (curve.HitRatioAt(capacity) > 0 || capacities.Count < 2)
            {
                capacities[capacity] = [];
            }
        }

        Mark(now, "now");
        Mark(RoundUp(curve.KneeBytes), "knee");
        Mark(recommended, "recommended");
        var steps = ImmutableArray.CreateBuilder<SizeStep>();
        foreach (var (capacity, marks) in capacities)
        {
            var ratio = curve.HitRatioAt(capacity);
            var before = steps.Count == 0 ? 0 : steps[^1].HitRatio;
            steps.Add(new SizeStep(capacity, ratio, curve.ByteHitRatioAt(capacity), ratio - before) { Marks = string.Join(", ", marks) });
        }

        return steps.ToImmutable();

        void Mark(long capacity, string mark)
        {
            if (capacity > 0)
            {
                capacities.TryAdd(capacity, []);
                capacities[capacity].Add(mark);
            }
        }
    }

    private TierPlan WithSentences() => this with { Summary = Summarise(), Caution = Doubt() };

    private string Summarise()
    {
        if (Points.IsEmpty)
        {
            return $"{Name}: nothing was asked for twice yet.";
        }

        var wanted = $"{Describe(RecommendedBytes)} → {Percent(RecommendedHitRatio)} hits";
        return CapacityBytes > 0 && CapacityBytes != RecommendedBytes
            ? $"{Name} {Describe(CapacityBytes)} → {Percent(HitRatio)} hits, {wanted}"
            : $"{Name} {wanted}";
    }

    private string? Doubt() =>
        Points.IsEmpty ? null
        : !IsReachable ? $"No capacity has {Percent(Target ?? 0)} hits: {Percent(1 - BestHitRatio)} of the lookups are the first for their name."
        : References < FewReferences ? string.Create(CultureInfo.InvariantCulture, $"Only {References:N0} lookups so far: the figures will change.")
        : null;

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{100 * part:0.#} %");
}

using System.Collections.Immutable;

namespace Larder.Cache.Sizing;

/// <summary>Which part of the lookups of a stream an LRU cache would have answered, for every capacity. Immutable.</summary>
public sealed record MissRatioCurve
{
    /// <summary>
    /// Points in rising order of capacity; hit ratios never fall. The first is the largest capacity that would have answered
    /// nothing but what every capacity does. Empty when nothing was asked for twice.
    /// </summary>
    public ImmutableArray<CurvePoint> Points { get; init; } = [];

    /// <summary>Lookups that the curve stands for, those of long ago counted less.</summary>
    public double References { get; init; }

    /// <summary>Bytes asked for by these, as far as their sizes became known.</summary>
    public double ReferencedBytes { get; init; }

    /// <summary>How many different entries were stored and used within the horizon.</summary>
    public double WorkingSetEntries { get; init; }

    /// <summary>Weight of these: the capacity that holds them all.</summary>
    public double WorkingSetBytes { get; init; }

    /// <summary>Keys that are followed now, of all groups together.</summary>
    public int Samples { get; init; }

    /// <summary>Which part of all keys these are, 0 to 1.</summary>
    public double SamplingRate { get; init; }

    /// <summary>Lookups of followed keys since sampling began, of all groups together.</summary>
    public long SampledReferences { get; init; }

    /// <summary>The hit ratio of a cache that never lets anything go: the rest are first lookups.</summary>
    public double BestHitRatio => Points.IsEmpty ? 0 : Points[^1].HitRatio;

    /// <summary>The smallest capacity that has <see cref="BestHitRatio"/>; 0 when nothing was asked for twice.</summary>
    public long LargestUsefulBytes => Points.IsEmpty ? 0 : CapacityFor(BestHitRatio) ?? 0;

    /// <summary>
    /// The capacity at the curve's bend: above it, a byte brings less than the average byte up to
    /// <see cref="LargestUsefulBytes"/> does. Equal to that where the curve rises in one step.
    /// </summary>
    /// <remarks>Source: Satopää et al., "Finding a 'Kneedle' in a haystack", 2011, without the smoothing.</remarks>
    public long KneeBytes
    {
        get
        {
            var (last, best) = ((double)LargestUsefulBytes, BestHitRatio);
            var (knee, most) = (LargestUsefulBytes, 0.0);
            foreach (var point in Points)
            {
                var above = best > 0 && last > 0 ? (point.HitRatio / best) - (point.CapacityBytes / last) : 0;
                if (above > most)
                {
                    (knee, most) = (point.CapacityBytes, above);
                }
            }

            return knee;
        }
    }

    /// <summary>The hit ratio at a capacity; in a straight line between points.</summary>
    public double HitRatioAt(long capacityBytes) => At(capacityBytes, static point => point.HitRatio);

    /// <summary>The hit ratio by weight at a capacity; in a straight line between points.</summary>
    public double ByteHitRatioAt(long capacityBytes) => At(capacityBytes, static point => point.ByteHitRatio);

    /// <summary>The smallest capacity with at least this hit ratio; null when no capacity has it.</summary>
    public long? CapacityFor(double hitRatio)
    {
        const double Tolerance = 1e-9;
        for (var at = 0; at < Points.Length; at++)
        {
            var (capacity, ratio, _) = Points[at];
            if (ratio < hitRatio - Tolerance)
            {
                continue;
            }

            if (at == 0 || ratio <= hitRatio + Tolerance)
            {
                return capacity;
            }

            var below = Points[at - 1];
            var part = (hitRatio - below.HitRatio) / (ratio - below.HitRatio);
            return below.CapacityBytes + (long)Math.Ceiling(part * (capacity - below.CapacityBytes));
        }

        return null;
    }

    private double At(long capacity, Func<CurvePoint, double> ratioOf)
    {
        if (Points.IsEmpty || capacity <= 0)
        {
            return 0;
        }

        var (low, high) = (0, Points.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Points[middle].CapacityBytes <= capacity ? (middle + 1, high) : (low, middle);
        }

        if (low == 0 || low == Points.Length)
        {
            // Below the first point is what every capacity answers; a capacity of one entry may answer that.
            return ratioOf(Points[Math.Max(0, low - 1)]);
        }

        var (left, right) = (Points[low - 1], Points[low]);
        var part = (capacity - left.CapacityBytes) / (double)(right.CapacityBytes - left.CapacityBytes);
        return ratioOf(left) + (part * (ratioOf(right) - ratioOf(left)));
    }
}

using System.Numerics;

namespace Larder.Cache.Sizing;

/// <summary>
/// Counts references by their reuse distance, in sixteen steps per doubling: exact at the steps' upper ends, and within a
/// sixteenth of the distance between them. Plain and for one thread.
/// </summary>
internal sealed class DistanceHistogram
{
    private const int StepBits = 4;
    private const int Steps = 1 << StepBits;
    private const int Buckets = (64 - StepBits) * Steps;

    private readonly double[] _references = new double[Buckets];
    private readonly double[] _bytes = new double[Buckets];

    /// <summary>References that no cache could have answered: the first to a key, and those beyond the horizon.</summary>
    public double Cold { get; private set; }

    /// <summary>Bytes of these.</summary>
    public double ColdBytes { get; private set; }

    /// <summary>References that have a distance.</summary>
    public double Reused { get; private set; }

    /// <summary>Bytes of these.</summary>
    public double ReusedBytes { get; private set; }

    /// <summary>One more than the last bucket that is not empty.</summary>
    public int Length { get; private set; }

    /// <summary>The largest distance that a bucket counts.</summary>
    public static long UpperEnd(int bucket)
    {
        var next = bucket + 1;
        var power = (next >> StepBits) - 1;
        return next < Steps ? next
            : power > 62 - StepBits ? long.MaxValue
            : (long)(Steps + (next & (Steps - 1))) << power;
    }

    /// <summary>References at this distance.</summary>
    public double References(int bucket) => _references[bucket];

    /// <summary>Bytes of these.</summary>
    public double Bytes(int bucket) => _bytes[bucket];

    /// <summary>Counts a reference that stands for <paramref name="weight"/> of them.</summary>
    public void Add(double distance, double weight, long bytes)
    {
        var bucket = BucketOf(distance >= long.MaxValue ? long.MaxValue : (long)Math.Ceiling(distance));
        _references[bucket] += weight;
        _bytes[bucket] += weight * bytes;
        Reused += weight;
        ReusedBytes += weight * bytes;
        Length = Math.Max(Length, bucket + 1);
    }

    /// <summary>Counts a reference that has no distance.</summary>
    public void AddCold(double weight, long bytes)
    {
        Cold += weight;
        ColdBytes += weight * bytes;
    }

    /// <summary>Counts the bytes of an earlier cold reference whose size has become known.</summary>
    public void AddColdBytes(double weight, long bytes) => ColdBytes += weight * bytes;

    /// <summary>Makes everything that was counted count half.</summary>
    public void Halve()
    {
        for (var bucket = 0; bucket < Length; bucket++)
        {
            _references[bucket] /= 2;
            _bytes[bucket] /= 2;
        }

        Cold /= 2;
        ColdBytes /= 2;
        Reused /= 2;
        ReusedBytes /= 2;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_references);
        Array.Clear(_bytes);
        (Cold, ColdBytes, Reused, ReusedBytes, Length) = (0, 0, 0, 0, 0);
    }

    // Buckets are half open from below on the distance less one, so that their upper ends belong to them.
    private static int BucketOf(long distance)
    {
        var below = (ulong)Math.Max(0, distance - 1);
        if (below < Steps)
        {
            return (int)below;
        }

        var power = BitOperations.Log2(below);
        return ((power - StepBits + 1) << StepBits) + (int)((below >> (power - StepBits)) & (Steps - 1));
    }
}

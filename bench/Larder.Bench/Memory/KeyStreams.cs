using Larder.Cache.Fingerprints;

namespace Larder.Bench.Memory;

/// <summary>The keys of the workloads, drawn once with a fixed seed and laid out in the order in which they are used.</summary>
/// <remarks>
/// Integers run from 0 upward, the hottest first: the best case of a dictionary that takes them as their own hash.
/// </remarks>
internal sealed class KeyStreams<TKey>
{
    public const int CacheEntries = 10_000;
    public const int Residents = 8_000;
    public const int Universe = 100_000;
    public const int Length = 1 << 18;

    public KeyStreams(Func<long, TKey> keyOf)
    {
        var random = new Random(20260101);
        All = [.. Enumerable.Range(0, Universe).Select(i => keyOf(i))];
        Hits = Zipf(random, Residents);
        ReadThrough = Zipf(random, Universe);
        Uniform = [.. Enumerable.Range(0, Length).Select(_ => All[random.Next(Universe)])];
        New = [.. Enumerable.Range(Universe, Length).Select(i => keyOf(i))];
    }

    public TKey[] All { get; }

    public TKey[] Hits { get; }

    public TKey[] ReadThrough { get; }

    public TKey[] Uniform { get; }

    public TKey[] New { get; }

    public TKey[] For(Workload workload) => workload switch
    {
        Workload.Hit => Hits,
        Workload.ReadThrough => ReadThrough,
        _ => New,
    };

    /// <summary>What the dictionary is asked beside a workload: keys that it has.</summary>
    public TKey[] Baseline(Workload workload) => workload == Workload.Evict ? Uniform : For(workload);

    private TKey[] Zipf(Random random, int count)
    {
        var cumulated = new double[count];
        double sum = 0;
        for (var i = 0; i < count; i++)
        {
            cumulated[i] = sum += 1.0 / (i + 1);
        }

        var keys = new TKey[Length];
        for (var i = 0; i < keys.Length; i++)
        {
            var found = Array.BinarySearch(cumulated, random.NextDouble() * sum);
            keys[i] = All[found < 0 ? Math.Min(~found, count - 1) : found];
        }

        return keys;
    }
}

/// <summary>How keys of each type come from numbers.</summary>
internal static class Keys
{
    public static long Long(long number) => number;

    public static Fingerprint Digest(long number) => Fingerprint.OfContent(BitConverter.GetBytes(number));
}

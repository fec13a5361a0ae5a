using System.Numerics;

namespace Larder.Handlers.Diagnostics;

/// <summary>
/// Counts durations in buckets whose width grows with the value, so that any percentile can be read with a bounded
/// relative error from a fixed amount of memory.
/// </summary>
/// <remarks>
/// <para>
/// A value below 2^b ticks of 100 ns has a bucket of its own, where b is the number of bits given at construction. Above,
/// every power of two is cut into 2^(b-1) buckets. A percentile is the middle of the bucket that the value at its rank
/// fell into: at most 2^-b away from that value, relative to it, and never more than the greatest value seen. With five
/// bits that is 3.2 %, and 592 buckets reach 30 hours; what is longer counts as that.
/// </para>
/// <para>
/// Counting takes two interlocked additions, and a third when there is a new maximum; no lock, no allocation. A reader sees
/// every count that ended before it began; of those that run meanwhile it may see a part.
/// Source: the buckets are those of HdrHistogram (hdrhistogram.org), with a power of two for the precision.
/// </para>
/// </remarks>
internal sealed class LogHistogram
{
    private const int LongestBits = 40;

    private readonly int _bits;
    private readonly long[] _counts;
    private long _sumTicks;
    private long _maxTicks;

    public LogHistogram(int bits = 5)
    {
        _bits = bits;
        _counts = new long[((LongestBits - bits + 1) << (bits - 1)) + (1 << (bits - 1))];
    }

    /// <summary>Counts a duration; one below zero counts as zero.</summary>
    public void Record(TimeSpan duration)
    {
        var ticks = Math.Clamp(duration.Ticks, 0, (1L << LongestBits) - 1);
        Interlocked.Increment(ref _counts[BucketOf(ticks)]);
        Interlocked.Add(ref _sumTicks, ticks);
        var max = Volatile.Read(ref _maxTicks);
        while (ticks > max)
        {
            var seen = Interlocked.CompareExchange(ref _maxTicks, ticks, max);
            max = seen == max ? ticks : seen;
        }
    }

    /// <summary>Adds what another one of the same precision has counted.</summary>
    public void Add(LogHistogram other)
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            Interlocked.Add(ref _counts[bucket], Volatile.Read(ref other._counts[bucket]));
        }

        Interlocked.Add(ref _sumTicks, Volatile.Read(ref other._sumTicks));
        Interlocked.Exchange(ref _maxTicks, Math.Max(Volatile.Read(ref _maxTicks), Volatile.Read(ref other._maxTicks)));
    }

    /// <summary>Forgets everything. What is counted meanwhile may be forgotten in part.</summary>
    public void Clear()
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            Interlocked.Exchange(ref _counts[bucket], 0);
        }

        Interlocked.Exchange(ref _sumTicks, 0);
        Interlocked.Exchange(ref _maxTicks, 0);
    }

    /// <summary>Reads count, mean, percentiles and maximum.</summary>
    public DurationSummary Read()
    {
        var counts = new long[_counts.Length];
        var total = 0L;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            counts[bucket] = Volatile.Read(ref _counts[bucket]);
            total += counts[bucket];
        }

        if (total == 0)
        {
            return default;
        }

        var max = Volatile.Read(ref _maxTicks);
        return new DurationSummary(
            total,
            TimeSpan.FromTicks(Volatile.Read(ref _sumTicks)),
            Percentile(counts, total, 0.50, max),
            Percentile(counts, total, 0.95, max),
            Percentile(counts, total, 0.99, max),
            TimeSpan.FromTicks(max));
    }

    // The value at a rank is the smallest one that is not below that part of all.
    private TimeSpan Percentile(long[] counts, long total, double part, long max)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(total * part));
        var bucket = 0;
        for (var seen = counts[0]; seen < rank; seen += counts[bucket])
        {
            bucket++;
        }

        return TimeSpan.FromTicks(Math.Min(MiddleOf(bucket), max));
    }

    private int BucketOf(long ticks)
    {
        // Values below 2^bits are their own buckets; those above keep their first bits.
        var shift = Math.Max(0, BitOperations.Log2((ulong)ticks | 1) - _bits + 1);
        return (int)((ticks >> shift) + ((long)shift << (_bits - 1)));
    }

    private long MiddleOf(int bucket)
    {
        var half = 1 << (_bits - 1);
        var shift = Math.Max(0, (bucket / half) - 1);
        var first = (long)(bucket - (shift * half)) << shift;
        return first + ((1L << shift) >> 1);
    }
}

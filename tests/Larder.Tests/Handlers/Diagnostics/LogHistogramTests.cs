using Larder.Handlers.Diagnostics;

namespace Larder.Tests.Handlers.Diagnostics;

public sealed class LogHistogramTests
{
    [Theory]
    [InlineData(5, 1, 1.0 / 32)]
    [InlineData(5, 2, 1.0 / 32)]
    [InlineData(4, 3, 1.0 / 16)]
    public void Percentiles_are_within_their_error_of_the_exact_ones(int bits, int seed, double error)
    {
        var random = new Random(seed);
        foreach (var count in (int[])[1, 2, 3, 10, 99, 100, 101, 5000])
        {
            var histogram = new LogHistogram(bits);
            var exact = new long[count];
            for (var index = 0; index < count; index++)
            {
                // From nothing to an hour, every power of ten as likely as any other.
                exact[index] = (long)Math.Pow(10, random.NextDouble() * 10.5) - 1;
                histogram.Record(TimeSpan.FromTicks(exact[index]));
            }

            Array.Sort(exact);
            var read = histogram.Read();

            Assert.Equal((count, exact.Sum(), exact[^1]), (read.Count, read.Sum.Ticks, read.Max.Ticks));
            AssertWithin(exact, 0.50, read.P50);
            AssertWithin(exact, 0.95, read.P95);
            AssertWithin(exact, 0.99, read.P99);
            Assert.True(read.P50 <= read.P95 && read.P95 <= read.P99 && read.P99 <= read.Max);
        }

        void AssertWithin(long[] sorted, double part, TimeSpan read)
        {
            var value = sorted[(int)Math.Ceiling(sorted.Length * part) - 1];
            Assert.True(
                Math.Abs(read.Ticks - value) <= value * error, $"{read.Ticks} is not within {error:P1} of {value} (seed {seed}, {sorted.Length} values)");
        }
    }

    [Fact]
    public void Every_value_is_within_its_error()
    {
        for (var bits = 1; bits <= 6; bits++)
        {
            for (var ticks = 0L; ticks < 1L << 39; ticks += 1 + (ticks / 97))
            {
                // A second value, far above, keeps the maximum from being the answer.
                var histogram = new LogHistogram(bits);
                histogram.Record(TimeSpan.FromTicks(ticks));
                histogram.Record(TimeSpan.FromTicks(long.MaxValue));

                var difference = Math.Abs(histogram.Read().P50.Ticks - ticks);

                Assert.True(difference <= ticks / (double)(1 << bits), $"{ticks} with {bits} bits is off by {difference}");
            }
        }
    }

    [Fact]
    public void What_is_below_zero_or_endless_is_counted_at_the_ends()
    {
        var histogram = new LogHistogram();

        histogram.Record(TimeSpan.FromSeconds(-1));
        histogram.Record(TimeSpan.MaxValue);

        var read = histogram.Read();
        Assert.Equal((2, TimeSpan.Zero), (read.Count, read.P50));
        Assert.InRange(read.Max, TimeSpan.FromHours(30), TimeSpan.FromHours(31));
    }

    [Fact]
    public void Nothing_is_zero()
    {
        var read = new LogHistogram().Read();

        Assert.Equal(default, read);
        Assert.Equal(TimeSpan.Zero, read.Mean);
    }

    [Fact]
    public void No_count_is_lost_among_threads()
    {
        var histogram = new LogHistogram();
        var sums = new long[4];

        Parallel.For(0, 4, thread =>
        {
            var random = new Random(thread);
            for (var index = 0; index < 50_000; index++)
            {
                var ticks = random.Next(1, 1_000_000);
                sums[thread] += ticks;
                histogram.Record(TimeSpan.FromTicks(ticks));
            }
        });

        var read = histogram.Read();
        Assert.Equal((200_000, sums.Sum()), (read.Count, read.Sum.Ticks));
    }

    [Fact]
    public void Two_add_up_to_one()
    {
        LogHistogram first = new(), second = new(), both = new();
        for (var index = 1; index <= 1000; index++)
        {
            var value = TimeSpan.FromTicks(index * index);
            (index % 3 == 0 ? first : second).Record(value);
            both.Record(value);
        }

        first.Add(second);

        Assert.Equal(both.Read(), first.Read());
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        var histogram = new LogHistogram();
        histogram.Record(TimeSpan.FromMilliseconds(1));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var index = 0; index < 1000; index++)
        {
            histogram.Record(TimeSpan.FromTicks(index));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}

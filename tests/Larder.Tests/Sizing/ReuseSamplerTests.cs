using Larder.Cache.Sizing;
using Larder.Tests.Support;

namespace Larder.Tests.Sizing;

/// <summary>The sampler against the stack of all keys, and what bounds it.</summary>
public sealed class ReuseSamplerTests(ITestOutputHelper output)
{
    // Nothing is forgotten and the clock is not looked at, so that runs can be repeated.
    private static readonly ReuseSamplerOptions Steady = new() { HalfLife = 0, MaxReferencesPerSecond = 0 };

    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 700)]
    [InlineData(0, 300)]
    public void A_sampler_that_follows_every_key_agrees_with_the_stack(int seed, int universe)
    {
        seed = seed != 0 ? seed : Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var sampler = new ReuseSampler(Steady);
        var stack = new MattsonStack();
        for (var step = 0; step < 5000; step++)
        {
            var key = (ulong)(universe * Math.Pow(random.NextDouble(), 2));
            if (random.Next(50) == 0)
            {
                sampler.Forget(ReuseSampler.Mix(key), 0);
                stack.Forget(key);
            }

            // Now and then a key comes back with another weight.
            var weight = 1 + (long)(key * 31 % 1000) + (random.Next(20) == 0 ? random.Next(200) : 0);
            sampler.Look(ReuseSampler.Mix(key), 0, weight, found: false);
            stack.Look(key, weight);
        }

        var curve = sampler.GetCurve();
        var entries = sampler.GetEntryCurve();
        Assert.Equal(ulong.MaxValue, sampler.Threshold);
        Assert.Equal(stack.Lookups, curve.References);
        Assert.Equal(stack.LookedUpBytes, curve.ReferencedBytes);
        Assert.True(curve.Points.Length > 20);
        foreach (var point in curve.Points)
        {
            Assert.Equal(stack.HitRatio(point.CapacityBytes), point.HitRatio, 12);
            Assert.Equal(stack.ByteHitRatio(point.CapacityBytes), point.ByteHitRatio, 12);
        }

        foreach (var point in entries.Points)
        {
            Assert.Equal(stack.HitRatioOfEntries(point.CapacityBytes), point.HitRatio, 12);
        }
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(4096)]
    public void Fewer_samples_err_within_the_documented_bound(int samples)
    {
        // 100,000 keys, Zipf with exponent 0.9 and log-normal sizes: SHARDS' own setting in small.
        const int Universe = 100_000;
        const int Lookups = 600_000;
        var (worst, sum, count) = (0.0, 0.0, 0);
        for (var seed = 1; seed <= 4; seed++)
        {
            var random = new Random(seed);
            var ranks = new ZipfRanks(Universe, 0.9);
            var exact = new ReuseSampler(Steady with { MaxSamples = 2 * Universe });
            long seen = 0;
            var sampled = new ReuseSampler(Steady with { MaxSamples = samples, CountReferences = _ => seen });
            for (; seen < Lookups; seen++)
            {
                var rank = (ulong)ranks.Draw(random);
                var hash = ReuseSampler.Mix(rank + ((ulong)seed << 40));
                var weight = 100 + (long)(Math.Exp(3 * (ReuseSampler.Mix(rank) >> 11) * Math.Pow(2, -53)) * 1000);
                exact.Look(hash, 0, weight, found: false);
                sampled.Look(hash, 0, weight, found: false);
            }

            var (truth, guess) = (exact.GetCurve(), sampled.GetCurve());
            Assert.True(sampled.Threshold < ulong.MaxValue);
            Assert.InRange(guess.Samples, samples / 2, samples);
            Assert.InRange(guess.WorkingSetBytes / truth.WorkingSetBytes, 0.9, 1.1);
            for (var capacity = truth.LargestUsefulBytes; capacity > truth.LargestUsefulBytes / 200; capacity = capacity * 3 / 4)
            {
                var error = Math.Abs(truth.HitRatioAt(capacity) - guess.HitRatioAt(capacity));
                worst = Math.Max(worst, error);
                sum += error;
                count++;
            }
        }

        output.WriteLine($"{samples} samples: mean error {sum / count:0.0000}, largest {worst:0.0000}");
        Assert.True(worst < 2.5 / Math.Sqrt(samples), $"largest error {worst:0.0000}");
        Assert.True(sum / count < 0.75 / Math.Sqrt(samples), $"mean error {sum / count:0.0000}");
    }

    [Fact]
    public void Memory_stays_bounded_whatever_comes()
    {
        var sampler = new ReuseSampler(Steady with { MaxSamples = 500, MaxGroups = 4 });

        for (var number = 0UL; number < 200_000; number++)
        {
            sampler.Look(ReuseSampler.Mix(number), (int)(number % 100), 10, found: false);
            Assert.True(sampler.GetCurve(3).Samples <= 500 || number % 1000 != 0);
        }

        var curve = sampler.GetCurve();
        Assert.InRange(curve.Samples, 250, 500);
        Assert.InRange(curve.References, 150_000, 250_000);
        Assert.Equal(0, curve.BestHitRatio);
        Assert.InRange(sampler.GetCurve(99).References / curve.References, 0.90, 1);
    }

    [Fact]
    public void Keys_beyond_the_horizon_make_room_for_others()
    {
        var sampler = new ReuseSampler(Steady with { MaxSamples = 1000, HorizonBytes = 10_000 });

        // Weight 100: the horizon holds a hundred of them, a small part of what may be followed.
        for (var round = 0; round < 3; round++)
        {
            for (var number = 0UL; number < 5000; number++)
            {
                sampler.Look(ReuseSampler.Mix(number), 0, 100, found: false);
                sampler.Look(ReuseSampler.Mix(number), 0, 100, found: true);
            }
        }

        var curve = sampler.GetCurve();
        Assert.Equal(ulong.MaxValue, sampler.Threshold);
        Assert.Equal(100, curve.Samples);
        Assert.Equal(0.5, curve.HitRatioAt(10_000), 6);
        Assert.Equal(0.5, curve.BestHitRatio, 6);
    }

    [Fact]
    public void What_was_there_before_sampling_began_says_nothing()
    {
        var sampler = new ReuseSampler(Steady);

        for (var number = 0UL; number < 100; number++)
        {
            sampler.Look(ReuseSampler.Mix(number), 0, 10, found: true);
        }

        Assert.Equal(0, sampler.GetCurve().References);
        sampler.Look(ReuseSampler.Mix(99), 0, 10, found: true);
        Assert.Equal(1, sampler.GetCurve().HitRatioAt(10));
    }

    [Fact]
    public void A_miss_takes_no_room_until_something_is_stored()
    {
        var sampler = new ReuseSampler(Steady);

        // Names that nobody ever stores are asked for between two uses of one that is.
        sampler.Look(ReuseSampler.Mix(1), 0, -1, found: false);
        sampler.Store(ReuseSampler.Mix(1), 0, 1000);
        for (var number = 100UL; number < 200; number++)
        {
            sampler.Look(ReuseSampler.Mix(number), 0, -1, found: false);
        }

        sampler.Look(ReuseSampler.Mix(1), 0, 1000, found: true);

        var curve = sampler.GetCurve();
        Assert.Equal(102, curve.References);
        Assert.Equal(1 / 102.0, curve.HitRatioAt(1024), 9);
        Assert.Equal(0.5, curve.ByteHitRatioAt(1024), 9);
        Assert.Equal(0, curve.HitRatioAt(992));
        Assert.Equal(1000, curve.WorkingSetBytes);
    }

    [Fact]
    public void Old_traffic_counts_less_and_less()
    {
        var sampler = new ReuseSampler(Steady with { HalfLife = 1000 });
        var number = 0UL;

        for (; number < 5000; number++)
        {
            sampler.Look(ReuseSampler.Mix(number), 0, 10, found: false);
        }

        for (var turn = 0; turn < 10_000; turn++)
        {
            sampler.Look(ReuseSampler.Mix(number - 1), 0, 10, found: true);
        }

        var curve = sampler.GetCurve();
        Assert.True(curve.HitRatioAt(10) > 0.99, $"hit ratio {curve.HitRatioAt(10)}");
        Assert.True(curve.References < 3000, $"references {curve.References}");
    }

    [Fact]
    public void A_high_load_lowers_the_number_of_samples_and_leaves_some()
    {
        var time = new ManualTimeProvider();
        var sampler = new ReuseSampler(Steady with { MaxReferencesPerSecond = 1000 }, time);
        var random = new Random(7);

        // The clock stands still: infinitely many a second.
        for (var turn = 0; turn < 100_000; turn++)
        {
            sampler.Look(ReuseSampler.Mix((ulong)random.Next(2000)), 0, 10, found: false);
        }

        var curve = sampler.GetCurve();
        Assert.InRange(curve.Samples, ReuseSampler.FewestSamples / 2, 2 * ReuseSampler.FewestSamples);
        Assert.True(curve.SampledReferences < 20_000, $"{curve.SampledReferences} references");
    }

    [Fact]
    public void Many_threads_leave_a_sound_curve()
    {
        var sampler = new ReuseSampler(Steady with { MaxSamples = 300 });

        Parallel.For(0, 4, thread =>
        {
            var random = new Random(thread);
            for (var turn = 0; turn < 20_000; turn++)
            {
                var hash = ReuseSampler.Mix((ulong)random.Next(2000));
                switch (random.Next(10))
                {
                    case 0:
                        sampler.Store(hash, 0, random.Next(1, 100));
                        break;
                    case 1:
                        sampler.Forget(hash, 0);
                        break;
                    default:
                        sampler.Look(hash, 0, random.Next(2) == 0 ? -1 : 50, random.Next(2) == 0);
                        break;
                }
            }
        });

        var curve = sampler.GetCurve();
        Assert.InRange(curve.Samples, 1, 300);
        Assert.Equal(curve.Points.Select(point => point.HitRatio), curve.Points.Select(point => point.HitRatio).Order());
        Assert.All(curve.Points, point => Assert.InRange(point.HitRatio, 0, 1));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReuseSampler(new() { MaxSamples = 10 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReuseSampler(new() { MaxGroups = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReuseSampler(new() { HorizonBytes = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReuseSampler().Store(0, 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReuseSampler().Look(0, -1, 0, found: false));
    }
}

using Larder.Cache.Sizing;

namespace Larder.Tests.Sizing;

public sealed class ReuseStackTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0)]
    public void Every_step_agrees_with_a_plain_list(int seed)
    {
        seed = seed != 0 ? seed : Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var stack = new ReuseStack();
        var list = new List<(ulong Key, long Weight)>();

        // More keys than the first arrays hold, and many more uses than there are places.
        for (var step = 0; step < 20_000; step++)
        {
            var key = (ulong)random.Next(step < 2000 ? 100 : 900);
            var at = list.FindIndex(one => one.Key == key);
            Assert.Equal(at >= 0, stack.TryFind(key, out var slot));
            switch (random.Next(12))
            {
                case 0 when at >= 0:
                    stack.Remove(slot);
                    list.RemoveAt(at);
                    break;
                case 1 when list.Count > 0:
                    stack.RemoveOldest();
                    list.RemoveAt(list.Count - 1);
                    break;
                case 2 when step % 50 == 0 && list.Count > 10:
                    var bound = stack.HashBelowWhich(list.Count - 3);
                    stack.RemoveFrom(bound);
                    list.RemoveAll(one => ReuseSampler.Mix(one.Key) >= bound);
                    break;
                default:
                    var weight = random.Next(1, 1000);
                    if (at < 0)
                    {
                        stack.Add(key, ReuseSampler.Mix(key), (int)(key % 3), weight);
                    }
                    else
                    {
                        Assert.Equal((at, list.Take(at).Sum(one => one.Weight)), stack.After(slot));
                        Assert.Equal(list[at].Weight, stack.WeightOf(slot));
                        stack.Touch(slot, weight);
                        list.RemoveAt(at);
                    }

                    list.Insert(0, (key, weight));
                    break;
            }

            Assert.Equal(list.Count, stack.Count);
            Assert.Equal(list.Sum(one => one.Weight), stack.Weight);
        }

        Assert.Equal(
            (list.Count(one => one.Key % 3 == 1), list.Where(one => one.Key % 3 == 1).Sum(one => one.Weight)), stack.OfGroup(1));
        stack.Clear();
        Assert.Equal((0, 0L), (stack.Count, stack.Weight));
        stack.Add(1, 1, 0, 5);
        Assert.Equal((1, 5L), (stack.Count, stack.Weight));
    }

    [Fact]
    public void A_histogram_counts_every_distance_at_the_right_end()
    {
        var random = new Random(3);
        for (var turn = 0; turn < 10_000; turn++)
        {
            var distance = random.NextInt64(1, 1L << random.Next(1, 62));
            var histogram = new DistanceHistogram();
            histogram.Add(distance, 1, 1);
            var bucket = histogram.Length - 1;
            Assert.Equal(1, histogram.References(bucket));
            Assert.InRange(distance, bucket == 0 ? 1 : DistanceHistogram.UpperEnd(bucket - 1) + 1, DistanceHistogram.UpperEnd(bucket));
            Assert.True(distance <= 16 || DistanceHistogram.UpperEnd(bucket) - distance <= distance / 16);
        }
    }
}

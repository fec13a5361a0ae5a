using Larder.Cache.Arenas;

namespace Larder.Tests.Arenas;

/// <summary>
/// A cache in small: sizes, lifetimes and a budget of 95 % of the region, entries going in the cache's order whenever
/// the budget or the allocator says so. At every refusal the live bytes must still fill four fifths of the region.
/// </summary>
public sealed class ArenaSoakTests
{
    private const long RegionBytes = 256L * 1024 * 1024;
    private const double BudgetPart = 0.95;
    private const double Largest = 4 * 1024 * 1024;
    private const int Puts = 60_000;

    [Theory]
    [InlineData("log", "fifo", 1)]
    [InlineData("log", "lru", 2)]
    [InlineData("log", "random", 3)]
    [InlineData("bimodal", "fifo", 4)]
    [InlineData("bimodal", "lru", 5)]
    [InlineData("bimodal", "random", 6)]
    [InlineData("shifting", "fifo", 7)]
    [InlineData("shifting", "lru", 8)]
    [InlineData("shifting", "random", 9)]
    public void Four_fifths_of_the_region_stay_usable(string sizes, string lifetimes, int seed)
    {
        var random = new Random(seed);
        var cache = new SmallCache(lifetimes, random);

        for (var put = 0; put < Puts; put++)
        {
            cache.Put(NextSize(sizes, put, random));
        }

        cache.Check();
        var message = $"{sizes} {lifetimes} seed {seed}: at a refusal only {cache.LowestUse:P1} of the region was live";
        Assert.True(cache.LowestUse >= 0.80, message);
    }

    private static long NextSize(string sizes, int put, Random random) => sizes switch
    {
        "log" => LogUniform(64, Largest, random),
        "bimodal" => random.Next(100) < 90 ? 64 + random.Next(4000) : (long)(Largest * (0.25 + (0.75 * random.NextDouble()))),
        _ => (put / (Puts / 8) % 4) switch
        {
            0 => LogUniform(64, 4096, random),
            1 => LogUniform(Largest / 8, Largest, random),
            2 => LogUniform(1000, Largest / 4, random),
            _ => LogUniform(Largest / 64, Largest, random),
        },
    };

    private static long LogUniform(double low, double high, Random random) =>
        (long)(low * Math.Exp(random.NextDouble() * Math.Log(high / low)));

    private sealed class Entry
    {
        public int Node { get; set; }

        public uint Generation { get; set; }

        public long Length { get; init; }
    }

    private sealed class SmallCache(string lifetimes, Random random)
    {
        private readonly ArenaAllocator _allocator = new((uint)(RegionBytes / Arena.GranuleBytes));
        private readonly Queue<Entry> _queue = new();
        private readonly List<Entry> _bag = [];
        private readonly Dictionary<int, Entry> _owners = [];
        private long _liveBytes;

        public double LowestUse { get; private set; } = 1;

        public void Put(long length)
        {
            while (_liveBytes + length > RegionBytes * BudgetPart)
            {
                Evict();
            }

            var node = Take(length);
            while (node == ArenaAllocator.None)
            {
                LowestUse = Math.Min(LowestUse, (double)_liveBytes / RegionBytes);
                Evict();
                node = Take(length);
            }

            var entry = new Entry { Node = node, Generation = _allocator.GenerationOf(node), Length = length };
            _owners.Add(node, entry);
            _liveBytes += length;
            if (lifetimes == "random")
            {
                _bag.Add(entry);
            }
            else
            {
                _queue.Enqueue(entry);
            }
        }

        public void Check()
        {
            _allocator.CheckIntegrity();
            Assert.Equal(_owners.Count, _allocator.LiveBlocks);
        }

        private int Take(long length)
        {
            var granules = (uint)((length + Arena.GranuleBytes - 1) / Arena.GranuleBytes);
            var node = _allocator.Take(granules);
            return node != ArenaAllocator.None
                ? node
                : _allocator.TakeByMoving(granules, at => _owners.ContainsKey(at), Move);
        }

        private bool Move(int from, int to)
        {
            _owners.Remove(from, out var entry);
            entry!.Node = to;
            entry.Generation = _allocator.GenerationOf(to);
            _owners.Add(to, entry);
            return true;
        }

        private void Evict()
        {
            Entry entry;
            if (lifetimes == "random")
            {
                var index = random.Next(_bag.Count);
                entry = _bag[index];
                _bag[index] = _bag[^1];
                _bag.RemoveAt(_bag.Count - 1);
            }
            else
            {
                entry = _queue.Dequeue();
                while (lifetimes == "lru" && random.Next(3) == 0)
                {
                    _queue.Enqueue(entry);
                    entry = _queue.Dequeue();
                }
            }

            _owners.Remove(entry.Node);
            Assert.True(_allocator.TryGive(entry.Node, entry.Generation));
            _liveBytes -= entry.Length;
        }
    }
}

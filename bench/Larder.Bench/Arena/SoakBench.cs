using System.Globalization;
using Larder.Cache.Arenas;

namespace Larder.Bench.Arena;

/// <summary>
/// A cache in small on a real arena: 300,000 puts for each mix of sizes and lifetimes, at a budget of 95 % of the
/// region; what is live whenever the arena refuses, and what moving costs.
/// </summary>
internal static class SoakBench
{
    private const long Region = 256L * 1024 * 1024;
    private const double Budget = 0.95;
    private const double Largest = 4 * 1024 * 1024;
    private const int Puts = 300_000;

    public static void Run()
    {
        Console.WriteLine($"soak: 256 MiB, budget 95 %, {Puts} puts a row, 64 bytes to 4 MiB; payloads are not written, moves are copied");
        Console.WriteLine("| sizes | lifetimes | movable | refusals | live at the first | live at the worst | live at the mean | moved / put bytes | CPU us a put | live at the end |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var sizes in (string[])["log", "bimodal", "shifting"])
        {
            foreach (var lifetimes in (string[])["fifo", "lru", "random"])
            {
                foreach (var movable in (bool[])[true, false])
                {
                    new Cache(sizes, lifetimes, movable).Soak();
                }
            }
        }
    }

    private sealed class Cache(string sizes, string lifetimes, bool movable)
    {
        private readonly Random _random = new(42);
        private readonly Queue<Entry> _queue = new();
        private readonly List<Entry> _bag = [];
        private readonly List<double> _uses = [];
        private long _live;
        private long _put;

        public void Soak()
        {
            using var arena = new Larder.Cache.Arenas.Arena(new ArenaOptions { SizeBytes = Region });
            var before = ArenaBench.Processor;
            for (var put = 0; put < Puts; put++)
            {
                Put(arena, NextSize(put));
            }

            var time = ArenaBench.Processor - before;
            var statistics = arena.GetStatistics();
            var (first, worst, mean) = _uses.Count > 0 ? (_uses[0], _uses.Min(), _uses.Average()) : (1, 1, 1);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {sizes} | {lifetimes} | {movable} | {_uses.Count} | {first:P1} | {worst:P1} | {mean:P1} | {(double)statistics.MovedBytes / _put:P1} | {time.TotalMicroseconds / Puts:F2} | {(double)_live / Region:P1} |"));
            foreach (var entry in _queue.Concat(_bag))
            {
                arena.Free(entry.Block);
            }
        }

        private void Put(Larder.Cache.Arenas.Arena arena, long length)
        {
            while (_live + length > Region * Budget)
            {
                Evict(arena);
            }

            ArenaBlock block;
            for (var refused = false; !arena.TryAllocate(length, out block); refused = true)
            {
                if (!refused)
                {
                    _uses.Add((double)_live / Region);
                }

                Evict(arena);
            }

            var entry = new Entry { Block = block };
            if (movable)
            {
                arena.Attach(block, entry);
            }

            _live += length;
            _put += length;
            if (lifetimes == "random")
            {
                _bag.Add(entry);
            }
            else
            {
                _queue.Enqueue(entry);
            }
        }

        private void Evict(Larder.Cache.Arenas.Arena arena)
        {
            Entry entry;
            if (lifetimes == "random")
            {
                var index = _random.Next(_bag.Count);
                entry = _bag[index];
                _bag[index] = _bag[^1];
                _bag.RemoveAt(_bag.Count - 1);
            }
            else
            {
                entry = _queue.Dequeue();
                while (lifetimes == "lru" && _random.Next(3) == 0)
                {
                    _queue.Enqueue(entry);
                    entry = _queue.Dequeue();
                }
            }

            _live -= entry.Block.Length;
            arena.Free(entry.Block);
        }

        private long NextSize(int put) => sizes switch
        {
            "log" => LogUniform(64, Largest),
            "bimodal" => _random.Next(100) < 90 ? 64 + _random.Next(4000) : (long)(Largest * (0.25 + (0.75 * _random.NextDouble()))),
            _ => (put / (Puts / 8) % 4) switch
            {
                0 => LogUniform(64, 4096),
                1 => LogUniform(Largest / 8, Largest),
                2 => LogUniform(1000, Largest / 4),
                _ => LogUniform(Largest / 64, Largest),
            },
        };

        private long LogUniform(double low, double high) =>
            (long)(low * Math.Exp(_random.NextDouble() * Math.Log(high / low)));
    }

    private sealed class Entry : IArenaTenant
    {
        public ArenaBlock Block { get; set; }

        public bool IsMovable => true;

        public bool TryPin() => true;

        public bool TryMove(ArenaBlock destination)
        {
            Block = destination;
            return true;
        }

        public void Unpin()
        {
        }
    }
}

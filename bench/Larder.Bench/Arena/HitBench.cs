using System.Collections.Concurrent;
using System.Globalization;
using Larder.Cache.Arenas;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Sizing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Bench.Arena;

/// <summary>What a hit of the memory tier costs: a lease taken, its memory got, and given back.</summary>
internal static class HitBench
{
    private const int Keys = 8000;
    private const int Lookups = 1_000_000;
    private const int Slices = 15;

    public static void Run()
    {
        using var arrays = Create(null);
        using var arena = Create(new ArenaOptions { SizeBytes = 64L * 1024 * 1024 });
        using var watched = Create(null);
        watched.Watch(new SizingOptions());
        var dictionary = new ConcurrentDictionary<ArtifactKey, byte[]>();
        var random = new Random(1);
        var bounded = new BoundedCache<ArtifactKey, byte[]>(new BoundedCacheOptions<ArtifactKey, byte[]> { MaxEntries = 100_000 });
        var keys = Enumerable.Range(0, Keys).Select(number => Key(random)).ToArray();
        foreach (var key in keys)
        {
            dictionary[key] = new byte[1000];
            bounded.Put(key, dictionary[key]);
            arrays.Put(key, dictionary[key], ArtifactWriter.AsWritten);
            arena.Put(key, dictionary[key], ArtifactWriter.AsWritten);
            watched.Put(key, dictionary[key], ArtifactWriter.AsWritten);
        }

        var order = Enumerable.Range(0, 64 * 1024).Select(_ => keys[random.Next(Keys)]).ToArray();
        var figures = new List<double>[] { [], [], [], [], [] };
        for (var slice = 0; slice < Slices; slice++)
        {
            figures[0].Add(Lookup(dictionary, order));
            figures[1].Add(Lookup(bounded, order));
            figures[2].Add(Lease(arrays, order));
            figures[3].Add(Lease(arena, order));
            figures[4].Add(Lease(watched, order));
        }

        Console.WriteLine($"hit: {Keys} resident artifacts of 1000 bytes, one thread, median of {Slices} slices in turn");
        Console.WriteLine("| | CPU ns | of the dictionary's cost |");
        Console.WriteLine("|---|---|---|");
        string[] names = ["ConcurrentDictionary.TryGetValue", "BoundedCache.TryGet", "memory tier on arrays", "memory tier on an arena", "memory tier on arrays, watched"];
        for (var row = 0; row < names.Length; row++)
        {
            var ratio = ArenaBench.Median(figures[row].Zip(figures[0], (ours, theirs) => ours / theirs));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {names[row]} | {ArenaBench.Median(figures[row]):F1} | {ratio:F2} |"));
        }
    }

    private static ArtifactMemoryTier Create(ArenaOptions? arena) =>
        new(new MemoryTierOptions { CapacityBytes = 60L * 1024 * 1024, Arena = arena }, NullLogger.Instance, TimeProvider.System);

    private static ArtifactKey Key(Random random)
    {
        var bytes = new byte[Fingerprint.Size];
        random.NextBytes(bytes);
        return new ArtifactKey(ArtifactKind.Parse("module"), new Fingerprint(bytes));
    }

    private static double Lookup(ConcurrentDictionary<ArtifactKey, byte[]> dictionary, ArtifactKey[] order)
    {
        var sum = 0L;
        var before = ArenaBench.Processor;
        for (var turn = 0; turn < Lookups; turn++)
        {
            dictionary.TryGetValue(order[turn & (order.Length - 1)], out var found);
            sum += found!.Length;
        }

        return sum == 0 ? 0 : (ArenaBench.Processor - before).TotalNanoseconds / Lookups;
    }

    private static double Lookup(BoundedCache<ArtifactKey, byte[]> cache, ArtifactKey[] order)
    {
        var sum = 0L;
        var before = ArenaBench.Processor;
        for (var turn = 0; turn < Lookups; turn++)
        {
            cache.TryGet(order[turn & (order.Length - 1)], out var found);
            sum += found!.Length;
        }

        return sum == 0 ? 0 : (ArenaBench.Processor - before).TotalNanoseconds / Lookups;
    }

    private static double Lease(ArtifactMemoryTier tier, ArtifactKey[] order)
    {
        var sum = 0L;
        var before = ArenaBench.Processor;
        for (var turn = 0; turn < Lookups; turn++)
        {
            using var lease = tier.Get(order[turn & (order.Length - 1)]);
            lease.Content.TryGetMemory(out var memory);
            sum += memory.Length;
        }

        return sum == 0 ? 0 : (ArenaBench.Processor - before).TotalNanoseconds / Lookups;
    }
}

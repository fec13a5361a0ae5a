using System.Globalization;
using System.Text.Json;
using Larder.Cache.Fingerprints;
using Larder.Cache.Policy;

namespace Larder.Bench.Memory;

/// <summary>Times the memory tier beside its peers: <c>Larder.Bench memory</c>.</summary>
internal static class MemoryBench
{
    private const string Help = """
        usage: Larder.Bench memory [--pairs N] [--slice OPERATIONS] [--only NAME] [--workload W] [--keys K] [--threads T] [--json]
          Ratios are CPU time of ConcurrentDictionary.TryGetValue divided by the peer's, median over interleaved pairs of slices:
          1.00 is as cheap as the dictionary. Cache of 10,000 entries; hit: Zipf 1.0 over 8,000 resident keys; readthrough: Zipf 1.0
          over 100,000 keys, a lookup and get-or-add on a miss; evict: puts of keys that are not there, beside lookups
          of uniform keys in a dictionary of 100,000.
        """;

    private const int Instances = 5;
    private const int WarmUps = 3;

    private static readonly string[] PeerNames =
        ["larder", "larder-lru", "locked-lru", "locked-lru-16", "memorycache", "dictionary"];

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    public static int Run(string[] args)
    {
        if (args.Contains("--help"))
        {
            Console.WriteLine(Help);
            return 0;
        }

        var settings = new Settings(
            Math.Max(1, int.Parse(Option(args, "--pairs") ?? "15", CultureInfo.InvariantCulture)),
            int.Parse(Option(args, "--slice") ?? "1048576", CultureInfo.InvariantCulture),
            Option(args, "--only"),
            Option(args, "--workload"),
            Option(args, "--threads"));
        var keys = Option(args, "--keys");
        var rows = new List<MemoryBenchRow>();
        if (keys is null or "long")
        {
            Race("long", Keys.Long, settings, rows);
        }

        if (keys is null or "digest")
        {
            Race<Fingerprint>("digest", Keys.Digest, settings, rows);
        }

        var sizes = new List<MemoryBenchSize>();
        if (settings.Workload is null or "size")
        {
            Measure("long", Keys.Long, settings, sizes);
            Measure<Fingerprint>("digest", Keys.Digest, settings, sizes);
        }

        if (args.Contains("--json"))
        {
            Console.WriteLine(JsonSerializer.Serialize(new { rows, sizes }, Json));
        }

        return 0;
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }

    private static Contestant<TKey> Create<TKey>(string name, int entries)
        where TKey : notnull => name switch
        {
            "larder" => new LarderContestant<TKey>(entries, EvictionPolicyKind.Frequency),
            "larder-lru" => new LarderContestant<TKey>(entries, EvictionPolicyKind.Lru),
            "locked-lru" => new LockedLruContestant<TKey>(entries, 1),
            "locked-lru-16" => new LockedLruContestant<TKey>(entries, 16),
            "memorycache" => new MemoryCacheContestant<TKey>(entries),
            _ => new DictionaryContestant<TKey>(entries),
        };

    private static void Race<TKey>(string keyName, Func<long, TKey> keyOf, Settings settings, List<MemoryBenchRow> rows)
        where TKey : notnull
    {
        var streams = new KeyStreams<TKey>(keyOf);
        foreach (var workload in Enum.GetValues<Workload>())
        {
            if (settings.Workload is { } only && !workload.ToString().Equals(only, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            using var baseline = new DictionaryContestant<TKey>(KeyStreams<TKey>.Universe);
            baseline.Put(workload == Workload.Hit ? streams.All.AsSpan(0, KeyStreams<TKey>.Residents) : streams.All);
            foreach (var threads in (int[])[1, 2])
            {
                if (settings.Threads is null || settings.Threads == threads.ToString(CultureInfo.InvariantCulture))
                {
                    Race(keyName, workload, threads, streams, baseline, settings, rows);
                }
            }
        }
    }

    private static void Race<TKey>(
        string keyName,
        Workload workload,
        int threads,
        KeyStreams<TKey> streams,
        Contestant<TKey> baseline,
        Settings settings,
        List<MemoryBenchRow> rows)
        where TKey : notnull
    {
        using var race = new CpuRace<TKey>(threads, settings.Slice);
        foreach (var name in PeerNames)
        {
            if ((settings.Only is { } only && !only.Split(',').Contains(name))
                || (workload == Workload.Evict && name == "dictionary"))
            {
                continue;
            }

            // Several instances, because caches whose hashes are secret are not all alike.
            var pairs = new List<Pair>();
            for (var instance = 0; instance < Instances; instance++)
            {
                using var peer = Create<TKey>(name, KeyStreams<TKey>.CacheEntries);
                peer.Put(workload == Workload.Hit ? streams.All.AsSpan(0, KeyStreams<TKey>.Residents) : streams.All);
                Action<ReadOnlySpan<TKey>> body = workload switch
                {
                    Workload.Hit => keys => peer.Get(keys),
                    Workload.ReadThrough => keys => peer.ReadThrough(keys),
                    _ => peer.Put,
                };
                Pairs(race, baseline, body, streams, workload, (settings.Pairs + Instances - 1) / Instances, pairs);
            }

            var row = Summarise(pairs)
                with { Peer = name, Keys = keyName, Workload = workload.ToString(), Threads = threads };
            row.Print();
            rows.Add(row);
        }
    }

    private static void Pairs<TKey>(
        CpuRace<TKey> race,
        Contestant<TKey> baseline,
        Action<ReadOnlySpan<TKey>> body,
        KeyStreams<TKey> streams,
        Workload workload,
        int count,
        List<Pair> pairs)
        where TKey : notnull
    {
        Action<ReadOnlySpan<TKey>> standard = keys => baseline.Get(keys);
        var keys = streams.For(workload);
        var standardKeys = streams.Baseline(workload);
        for (var i = 0; i < WarmUps; i++)
        {
            race.Slice(standard, standardKeys);
            race.Slice(body, keys);
        }

        for (var i = 0; i < count; i++)
        {
            var measure = race.Slice(standard, standardKeys);
            var measured = race.Slice(body, keys);
            pairs.Add(new Pair(measure.Nanoseconds, measured.Nanoseconds, measured.Bytes));
        }
    }

    private static MemoryBenchRow Summarise(List<Pair> pairs)
    {
        var ratios = pairs.Select(pair => pair.Baseline / pair.Nanoseconds).Order().ToArray();
        return new MemoryBenchRow
        {
            Ratio = ratios[ratios.Length / 2],
            LowRatio = ratios[ratios.Length / 10],
            HighRatio = ratios[ratios.Length - 1 - (ratios.Length / 10)],
            Nanoseconds = pairs.Min(pair => pair.Nanoseconds),
            BaselineNanoseconds = pairs.Min(pair => pair.Baseline),
            BytesAnOperation = pairs.Average(pair => pair.Bytes),
        };
    }

    private static void Measure<TKey>(
        string keyName, Func<long, TKey> keyOf, Settings settings, List<MemoryBenchSize> sizes)
        where TKey : notnull
    {
        var keys = new KeyStreams<TKey>(keyOf).All;
        foreach (var name in PeerNames)
        {
            if (settings.Only is { } only && !only.Split(',').Contains(name))
            {
                continue;
            }

            var before = GC.GetTotalMemory(forceFullCollection: true);
            var peer = Create<TKey>(name, keys.Length);
            peer.Put(keys);
            var after = GC.GetTotalMemory(forceFullCollection: true);
            var row = new MemoryBenchSize(name, keyName, (after - before) / (double)keys.Length);
            peer.Dispose();
            Console.WriteLine($"{row.Keys,-7} {row.Peer,-14} {row.BytesAnEntry,8:F1} bytes an entry");
            sizes.Add(row);
        }

        GC.KeepAlive(keys);
    }

    private readonly record struct Pair(double Baseline, double Nanoseconds, double Bytes);

    private sealed record Settings(int Pairs, int Slice, string? Only, string? Workload, string? Threads);
}

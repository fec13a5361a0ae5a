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

    private static Contestant<TKey>[] Peers<TKey>(int entries, Settings settings)
        where TKey : notnull
    {
        Func<Contestant<TKey>>[] peers =
        [
            () => new LarderContestant<TKey>("larder", entries, EvictionPolicyKind.Frequency),
            () => new LarderContestant<TKey>("larder-lru", entries, EvictionPolicyKind.Lru),
            () => new LockedLruContestant<TKey>("locked-lru", entries, 1),
            () => new LockedLruContestant<TKey>("locked-lru-16", entries, 16),
            () => new MemoryCacheContestant<TKey>("memorycache", entries),
            () => new DictionaryContestant<TKey>("dictionary", entries),
        ];
        return [.. peers.Select(peer => peer()).Where(peer => settings.Only is null || settings.Only.Split(',').Contains(peer.Name))];
    }

    private static void Race<TKey>(string keyName, Func<long, TKey> keyOf, Settings settings, List<MemoryBenchRow> rows)
        where TKey : notnull
    {
        var streams = new KeyStreams<TKey>(keyOf);
        using var baseline = new DictionaryContestant<TKey>("baseline", KeyStreams<TKey>.Universe);
        baseline.Put(streams.All);
        foreach (var workload in Enum.GetValues<Workload>())
        {
            if (settings.Workload is { } only && !workload.ToString().Equals(only, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

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
        foreach (var peer in Peers<TKey>(KeyStreams<TKey>.CacheEntries, settings))
        {
            using var scope = peer;
            if (workload == Workload.Evict && peer.Name == "dictionary")
            {
                continue;
            }

            peer.Put(workload == Workload.Hit ? streams.All.AsSpan(0, KeyStreams<TKey>.Residents) : streams.All);
            Action<ReadOnlySpan<TKey>> body = workload switch
            {
                Workload.Hit => keys => peer.Get(keys),
                Workload.ReadThrough => keys => peer.ReadThrough(keys),
                _ => peer.Put,
            };
            var row = Pairs(race, baseline, body, streams, workload, settings.Pairs)
                with { Peer = peer.Name, Keys = keyName, Workload = workload.ToString(), Threads = threads };
            row.Print();
            rows.Add(row);
        }
    }

    private static MemoryBenchRow Pairs<TKey>(
        CpuRace<TKey> race,
        Contestant<TKey> baseline,
        Action<ReadOnlySpan<TKey>> body,
        KeyStreams<TKey> streams,
        Workload workload,
        int pairs)
        where TKey : notnull
    {
        Action<ReadOnlySpan<TKey>> standard = keys => baseline.Get(keys);
        var keys = streams.For(workload);
        var standardKeys = streams.Baseline(workload);
        for (var i = 0; i < 4; i++)
        {
            race.Slice(standard, standardKeys);
            race.Slice(body, keys);
        }

        var ratios = new double[pairs];
        var (best, bestStandard, bytes) = (double.MaxValue, double.MaxValue, 0.0);
        for (var i = 0; i < pairs; i++)
        {
            var measure = race.Slice(standard, standardKeys);
            var measured = race.Slice(body, keys);
            ratios[i] = measure.Nanoseconds / measured.Nanoseconds;
            best = Math.Min(best, measured.Nanoseconds);
            bestStandard = Math.Min(bestStandard, measure.Nanoseconds);
            bytes += measured.Bytes / pairs;
        }

        Array.Sort(ratios);
        return new MemoryBenchRow
        {
            Ratio = ratios[pairs / 2],
            LowRatio = ratios[pairs / 10],
            HighRatio = ratios[pairs - 1 - (pairs / 10)],
            Nanoseconds = best,
            BaselineNanoseconds = bestStandard,
            BytesAnOperation = bytes,
        };
    }

    private static void Measure<TKey>(
        string keyName, Func<long, TKey> keyOf, Settings settings, List<MemoryBenchSize> sizes)
        where TKey : notnull
    {
        var keys = new KeyStreams<TKey>(keyOf).All;
        for (var i = 0; i < Peers<TKey>(1, settings).Length; i++)
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var peers = Peers<TKey>(KeyStreams<TKey>.Universe, settings with { Only = Peers<TKey>(1, settings)[i].Name });
            peers[0].Put(keys);
            var after = GC.GetTotalMemory(forceFullCollection: true);
            var row = new MemoryBenchSize(peers[0].Name, keyName, (after - before) / (double)keys.Length);
            GC.KeepAlive(peers);
            Console.WriteLine($"{row.Keys,-7} {row.Peer,-14} {row.BytesAnEntry,8:F1} bytes an entry");
            sizes.Add(row);
        }

        GC.KeepAlive(keys);
    }

    private sealed record Settings(int Pairs, int Slice, string? Only, string? Workload, string? Threads);
}

using System.Text.Json;
using Larder.Cache.Policy;

namespace Larder.Bench.HitRatio;

/// <summary>
/// Replays every shared trace at five capacities, in entries and in bytes, through the product and through small
/// reference policies: cold start, a miss inserts, nothing expires.
/// </summary>
internal static class HitRatioBench
{
    private const string Default = "frequency";
    private const string ProductLru = "lru";

    private static readonly int[] Percents = [1, 5, 10, 25, 50];

    private static readonly bool[] EntriesOnly = [false];

    private static readonly bool[] BothCapacities = [false, true];

    private static readonly string[] AllPolicies =
        [Default, ProductLru, "LRU", "FIFO", "SIEVE", "S3-FIFO", "WTLFU-10", "WTLFU-10AV", "GDSF"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static int Run(string[] arguments)
    {
        if (HitRatioOptions.Parse(arguments) is not { } options)
        {
            Console.Error.WriteLine(HitRatioOptions.Usage);
            return 2;
        }

        if (TraceLibrary.FindShared() is not { } shared)
        {
            Console.Error.WriteLine("The shared traces are not here: set LARDER_SHARED to their directory.");
            return 1;
        }

        string[] policies = options.Policies.Length == 0 ? AllPolicies : options.Policies;

        if (policies.FirstOrDefault(policy => !AllPolicies.Contains(policy)) is { } unknown)
        {
            Console.Error.WriteLine($"There is no policy {unknown}.\n{HitRatioOptions.Usage}");
            return 2;
        }

        ReferenceTable? reference = ReferenceTable.Read(Path.Combine(shared, "facts", "hit-ratios.md"));
        List<HitRatioRow> rows = [];

        foreach (string name in TraceLibrary.Names.Where(name => name.Contains(options.Trace, StringComparison.Ordinal)))
        {
            rows.AddRange(Replay(TraceLibrary.Load(shared, options.Scratch, name), policies, options.ThroughCache));
        }

        rows = WithBest(rows, reference);
        HitRatioReport.Print(rows, policies, reference, options.Quiet);

        if (options.Json is { } path)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(rows, Indented));
        }

        return 0;
    }

    private static HitRatioRow[] Replay(Trace trace, string[] policies, bool throughCache)
    {
        var jobs = from inBytes in trace.Sized ? BothCapacities : EntriesOnly
                   from percent in Percents
                   from policy in policies
                   where inBytes || policy is not ("WTLFU-10AV" or "GDSF")
                   select (inBytes, percent, policy);

        return jobs.AsParallel().AsOrdered()
            .Select(job => Replay(trace, job.inBytes, job.percent, job.policy, throughCache))
            .ToArray();
    }

    private static HitRatioRow Replay(Trace trace, bool inBytes, int percent, string policy, bool throughCache)
    {
        long capacity = (inBytes ? trace.UniqueBytes : trace.UniqueKeys) * percent / 100;
        SimulatedCache cache = Create(trace, inBytes, capacity, policy, throughCache);
        long misses = 0;
        long missedBytes = 0;

        for (int request = 0; request < trace.Keys.Length; request++)
        {
            uint size = trace.Sizes[request];

            if (!cache.Request(trace.Keys[request], inBytes ? size : 1))
            {
                misses++;
                missedBytes += size;
            }
        }

        cache.Check();
        return new HitRatioRow
        {
            Trace = trace.Name,
            Percent = percent,
            InBytes = inBytes,
            Capacity = capacity,
            Policy = policy,
            MissRatio = misses / (double)trace.Keys.Length,
            ByteMissRatio = missedBytes / (double)trace.RequestedBytes,
        };
    }

    private static SimulatedCache Create(Trace trace, bool inBytes, long capacity, string policy, bool throughCache)
    {
        int keys = trace.UniqueKeys;
        int expected = (int)Math.Max(10, inBytes ? capacity * keys / Math.Max(1, trace.UniqueBytes) : capacity);

        return policy switch
        {
            Default when throughCache => new BoundedCacheRun(EvictionPolicyKind.Frequency, capacity, inBytes),
            ProductLru when throughCache => new BoundedCacheRun(EvictionPolicyKind.Lru, capacity, inBytes),
            Default => new PolicyCache(EvictionPolicy.Create(EvictionPolicyKind.Frequency), keys, capacity, inBytes),
            ProductLru => new PolicyCache(EvictionPolicy.Create(EvictionPolicyKind.Lru), keys, capacity, inBytes),
            "LRU" => new LruCache(keys, capacity, hitsCount: true),
            "FIFO" => new LruCache(keys, capacity, hitsCount: false),
            "SIEVE" => new SieveCache(keys, capacity),
            "S3-FIFO" => new S3FifoCache(keys, capacity),
            "WTLFU-10" => new TinyLfuCache(keys, capacity, expected, 0.1, aggregated: false),
            "WTLFU-10AV" => new TinyLfuCache(keys, capacity, expected, 0.1, aggregated: true),
            "GDSF" => new GreedyDualCache(keys, capacity),
            _ => throw new ArgumentException($"There is no policy {policy}.", nameof(policy)),
        };
    }

    private static List<HitRatioRow> WithBest(List<HitRatioRow> rows, ReferenceTable? reference)
    {
        var best = rows.GroupBy(row => (row.InBytes, row.Trace, row.Percent)).ToDictionary(
            group => group.Key,
            group => Math.Min(
                reference?.Best(group.Key.InBytes, group.Key.Trace, group.Key.Percent) ?? 1,
                group.Where(row => row.Policy is not Default).Select(row => row.MissRatio).DefaultIfEmpty(1).Min()));
        return [.. rows.Select(row => row with { Best = best[(row.InBytes, row.Trace, row.Percent)] })];
    }
}

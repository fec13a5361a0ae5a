using System.Globalization;
using Larder.Cache.Arenas;

namespace Larder.Bench.Arena;

/// <summary>How long it takes to reserve, touch and verify a region, and what reading it at random costs afterwards.</summary>
internal static class StartBench
{
    private const long Size = 1024L * 1024 * 1024;
    private const int Rounds = 5;

    public static void Run()
    {
        Console.WriteLine($"start: 1 GiB, {Rounds} rounds, policies in turn; median");
        Console.WriteLine("| huge pages | start ms, wall (first) | start ms, CPU | huge MiB | resident | proof ms, CPU | random read ns, CPU |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var rows = Enum.GetValues<ArenaHugePages>().ToDictionary(policy => policy, _ => new List<Row>());
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var policy in rows.Keys)
            {
                rows[policy].Add(Measure(policy));
            }
        }

        foreach (var (policy, found) in rows)
        {
            double Middle(Func<Row, double> figure) => ArenaBench.Median(found.Select(figure));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {policy} | {Middle(row => row.Start):F0} ({found[0].Start:F0}) | {Middle(row => row.Processor):F0} | {Middle(row => row.Huge):F0} | {found.All(row => row.Committed)} | {Middle(row => row.Proof):F1} | {Middle(row => row.Read):F1} |"));
        }
    }

    private static Row Measure(ArenaHugePages policy)
    {
        var processor = ArenaBench.Processor;
        using var arena = new Cache.Arenas.Arena(new ArenaOptions { SizeBytes = Size, HugePages = policy });
        processor = ArenaBench.Processor - processor;
        var before = ArenaBench.Processor;
        var commitment = arena.GetCommitment();
        var proof = ArenaBench.Processor - before;
        return new Row(
            arena.GetStatistics().StartTime.TotalMilliseconds,
            processor.TotalMilliseconds,
            commitment.HugePageBytes / 1024.0 / 1024,
            commitment.IsCommitted,
            proof.TotalMilliseconds,
            ReadAtRandom(arena));
    }

    // Each address depends on the byte before, so that reads cannot overlap.
    private static unsafe double ReadAtRandom(Cache.Arenas.Arena arena)
    {
        const int Reads = 4_000_000;
        var bytes = (byte*)arena.Address;
        var state = 88172645463325252UL;
        var before = ArenaBench.Processor;
        for (var read = 0; read < Reads; read++)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state += bytes[state & (Size - 1)];
        }

        GC.KeepAlive(arena);
        return state == 0 ? 0 : (ArenaBench.Processor - before).TotalNanoseconds / Reads;
    }

    private readonly record struct Row(double Start, double Processor, double Huge, bool Committed, double Proof, double Read);
}

using System.Globalization;

namespace Larder.Bench.Wasm;

/// <summary>
/// Our engine against Node.js: <c>Larder.Bench wasm DIRECTORY NODE-RUNNER [--rounds N] [--only TEXT]</c>, which
/// bench/wasm/run.sh calls. Every program runs in a process of Node.js and in one of ours for each configuration, in
/// turns; a figure is the least processor time of all turns, and the results have to be equal.
/// </summary>
internal static class WasmBench
{
    private const int Repeats = 4;
    private const double WarmUpNanoseconds = 400e6;
    private const double BatchNanoseconds = 12e6;

    public static int Run(string[] args)
    {
        if (args.Length < 2 || args.Length % 2 != 0)
        {
            Console.Error.WriteLine(
                "usage: Larder.Bench wasm DIRECTORY NODE-RUNNER [--rounds N] [--only TEXT] [--configurations NAME,...]; bench/wasm/run.sh does it");
            return 2;
        }

        var rounds = int.Parse(Option(args, "--rounds") ?? "6", CultureInfo.InvariantCulture);
        var names = Option(args, "--configurations")?.Split(',') ?? [.. RunnerConfiguration.Names];
        RunPrograms(args[0], args[1], rounds, Option(args, "--only") ?? "", names);
        return 0;
    }

    private static string? Option(string[] args, string name) =>
        Array.IndexOf(args, name) is var index and >= 0 ? args[index + 1] : null;

    private static void RunPrograms(string directory, string nodeRunner, int rounds, string only, string[] configurations)
    {
        var programs = BenchPrograms.In(directory)
            .Where(program => only.Length == 0 || (program.Group + " " + program.Name).Contains(only, StringComparison.Ordinal))
            .ToArray();
        var runners = new List<RunnerProcess> { RunnerProcess.Node(nodeRunner) };
        runners.AddRange(configurations.Select(RunnerProcess.Larder));
        try
        {
            var counts = WarmUp(runners, programs);
            var best = Measure(runners, programs, counts, rounds);
            Report(runners, programs, best);
        }
        finally
        {
            runners.ForEach(runner => runner.Dispose());
        }
    }

    // Compiles everything, runs it until the optimised code is in use, and checks the results.
    private static int[] WarmUp(List<RunnerProcess> runners, BenchProgram[] programs)
    {
        var counts = new int[programs.Length];
        for (var index = 0; index < programs.Length; index++)
        {
            var program = programs[index];
            string? expected = null;
            foreach (var runner in runners)
            {
                runner.Add(program);
                var last = default(RunnerAnswer);
                for (var spent = 0.0; spent < WarmUpNanoseconds; spent += last.Nanoseconds)
                {
                    last = runner.Run(program, 1);
                }

                expected ??= last.Result;
                if (last.Result != expected)
                {
                    throw new InvalidOperationException(
                        $"{program.Name}: '{runner.Name}' says {last.Result}, Node.js {expected}.");
                }

                counts[index] = Math.Max(counts[index], (int)Math.Ceiling(BatchNanoseconds / last.Nanoseconds));
            }

            Console.Error.WriteLine($"{program.Name}: {expected}, {counts[index]} calls at a time");
        }

        return counts;
    }

    private static double[][] Measure(List<RunnerProcess> runners, BenchProgram[] programs, int[] counts, int rounds)
    {
        var best = programs.Select(_ => new double[runners.Count]).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var program = 0; program < programs.Length; program++)
            {
                for (var repeat = 0; repeat < Repeats; repeat++)
                {
                    for (var runner = 0; runner < runners.Count; runner++)
                    {
                        var time = runners[runner].Run(programs[program], counts[program]).Nanoseconds;
                        ref var least = ref best[program][runner];
                        least = least == 0 ? time : Math.Min(least, time);
                    }
                }
            }

            Console.Error.WriteLine($"round {round + 1} of {rounds}");
        }

        return best;
    }

    private static void Report(List<RunnerProcess> runners, BenchProgram[] programs, double[][] best)
    {
        foreach (var group in programs.Select((program, index) => (program, index)).GroupBy(pair => pair.program.Group))
        {
            var rows = group.ToArray();
            Console.WriteLine($"\n### {char.ToUpperInvariant(group.Key[0])}{group.Key[1..]}\n");
            Console.WriteLine($"| time / Node.js | {string.Join(" | ", rows.Select(row => row.program.Name))} | geometric mean |");
            Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---|", rows.Length + 1))}");
            Console.WriteLine($"| Node.js, ms | {string.Join(" | ", rows.Select(row => Text(best[row.index][0] / 1e6)))} | |");
            for (var runner = 1; runner < runners.Count; runner++)
            {
                var ratios = rows.Select(row => best[row.index][runner] / best[row.index][0]).ToArray();
                var mean = Math.Exp(ratios.Average(Math.Log));
                Console.WriteLine($"| {runners[runner].Name} | {string.Join(" | ", ratios.Select(Text))} | **{Text(mean)}** |");
            }
        }
    }

    private static string Text(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}

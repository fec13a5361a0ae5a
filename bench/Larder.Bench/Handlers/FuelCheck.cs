using System.Globalization;
using Larder.Handlers;

namespace Larder.Bench.Handlers;

/// <summary>Whether fuel is the same on every run: new instance or used one, first or later call, two runtimes, two at a time.</summary>
internal static class FuelCheck
{
    private const int Calls = 200;

    public static async Task ReportAsync(string directory)
    {
        Console.WriteLine("\n### Fuel of a call, over new and used instances, two runtimes and two clients\n");
        Console.WriteLine("| handler | calls | different figures | fuel |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var (name, source) in ((string, string)[])[("small", BenchHandlers.Small), ("busy", BenchHandlers.Busy)])
        {
            var seen = new SortedSet<long>();
            for (var runtimes = 0; runtimes < 2; runtimes++)
            {
                await using var cache = await BenchHandlers.OpenCacheAsync(Path.Combine(directory, $"fuel-{runtimes}"));
                await using var runtime = await HandlerRuntime.StartAsync(new HandlerRuntimeOptions { MaxUses = runtimes == 0 ? 0 : 3 }, cache);
                await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (number, token) =>
                {
                    var result = BenchHandlers.Check(await runtime.ExecuteAsync(source, BenchHandlers.Context($"panel {number % 7}"), cancellationToken: token));
                    lock (seen)
                    {
                        seen.Add(result.Metrics.InstructionCount);
                    }
                });
            }

            var text = string.Join(", ", seen.Take(5).Select(static fuel => fuel.ToString("N0", CultureInfo.InvariantCulture)));
            Console.WriteLine($"| {name} | {2 * Calls} | {seen.Count} | {text} |");
        }
    }
}

using System.Globalization;

namespace Larder.Bench.Handlers;

/// <summary>
/// Calls of handlers beside Node.js, and the other bars of handlers: <c>Larder.Bench handlers NODE-RUNNER [PARTS] [--short]
/// [--only PART]</c>, which bench/handlers/run.sh calls.
/// </summary>
internal static class HandlersBench
{
    private static readonly string[] Parts = ["calls", "start", "memory", "stop", "fuel"];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var isShort = arguments.Contains("--short");
        var only = Array.IndexOf(arguments, "--only") is var at and >= 0 ? arguments[at + 1].Split(',') : Parts;
        if (arguments.Length == 0 || only.Except(Parts).FirstOrDefault() is not null)
        {
            await Console.Error.WriteLineAsync($"usage: Larder.Bench handlers NODE-RUNNER [--short] [--only {string.Join(',', Parts)}]");
            return 2;
        }

        var directory = Directory.CreateTempSubdirectory("larder-bench-handlers-");
        try
        {
            foreach (var part in Parts.Where(only.Contains))
            {
                switch (part)
                {
                    case "calls":
                        Calls(arguments[0], directory.FullName, isShort);
                        break;
                    case "start":
                        StartCosts.Report(directory.FullName, isShort);
                        break;
                    case "memory":
                        await WarmMemory.ReportAsync(directory.FullName);
                        break;
                    case "stop":
                        await StopLatency.ReportAsync(directory.FullName, isShort);
                        break;
                    default:
                        await FuelCheck.ReportAsync(directory.FullName);
                        break;
                }
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return 0;
    }

    private static void Calls(string nodeRunner, string directory, bool isShort)
    {
        var (rounds, milliseconds) = isShort ? (3, 500) : (7, 2000);
        string[] configurations = ["larder", "background", "unmetered", "uncached"];
        var runners = configurations.Select(name => CallRunnerProcess.Larder(name, Path.Combine(directory, name)))
            .Concat([CallRunnerProcess.Node(nodeRunner, "kept"), CallRunnerProcess.Node(nodeRunner, "cached")])
            .ToArray();
        try
        {
            foreach (var (handler, clientCounts) in ((string, int[])[])[("small", [1, 2]), ("busy", [1])])
            {
                foreach (var clients in clientCounts)
                {
                    // The first turns warm up, with time for code that is compiled in tiers; the others are interleaved.
                    var turns = runners.ToDictionary(static runner => runner, static _ => new List<CallFigures>());
                    foreach (var runner in runners)
                    {
                        runner.Run(handler, clients, 5_000);
                    }

                    for (var round = 0; round < rounds; round++)
                    {
                        foreach (var runner in runners)
                        {
                            turns[runner].Add(runner.Run(handler, clients, milliseconds));
                        }
                    }

                    Print(handler, clients, runners.Select(runner => (runner.Name, CallFigures.Best(turns[runner]))));
                }
            }
        }
        finally
        {
            foreach (var runner in runners)
            {
                runner.Dispose();
            }
        }
    }

    private static void Print(string handler, int clients, IEnumerable<(string Name, CallFigures Figures)> rows)
    {
        Console.WriteLine($"\n### Calls of the {handler} handler, {clients} client{(clients == 1 ? "" : "s")}\n");
        Console.WriteLine("| | processor us a call | calls a second of one processor | p50 us | p99 us | max us | calls a second | calls |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var (name, figures) in rows)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {figures.Processor:F1} | {1e6 / figures.Processor:F0} | {figures.P50:F1} | {figures.P99:F1} | {figures.Max:F0} | {figures.PerSecond:F0} | {figures.Calls:F0} |"));
        }
    }
}

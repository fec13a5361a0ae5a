using System.Diagnostics;
using System.Globalization;

namespace Larder.Bench.Wasm;

/// <summary>
/// What starting, calling, stopping, trapping and resetting cost, beside Node.js:
/// <c>Larder.Bench wasm-latency DIRECTORY NODE-RUNNER</c>, which bench/wasm/run.sh calls.
/// </summary>
internal static class LatencyBench
{
    private const int Starts = 9;

    public static int Run(string[] args)
    {
        var (directory, nodeRunner) = (args[0], args[1]);
        FirstResults(directory, nodeRunner);

        var script = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(nodeRunner))!, "node-latency.mjs");
        var node = Node(script, directory);
        var own = new CallCosts(directory).Measure();
        Console.WriteLine("\n### Costs, least processor time\n");
        Console.WriteLine("| us | Larder | Node.js |");
        Console.WriteLine("|---|---|---|");
        foreach (var (name, microseconds) in own)
        {
            Console.WriteLine($"| {name} | {Text(microseconds)} | {(node.TryGetValue(name, out var theirs) ? Text(theirs) : "")} |");
        }

        InstanceMemory.Report(directory);
        InterruptLatency.Report(directory);
        return 0;
    }

    // Figures below a microsecond need their digits.
    private static string Text(double microseconds) =>
        microseconds.ToString(microseconds < 0.1 ? "F4" : "F1", CultureInfo.InvariantCulture);

    private static Dictionary<string, double> Node(string script, string directory)
    {
        using var process = Process.Start(new ProcessStartInfo("node", [script, directory]) { RedirectStandardOutput = true })!;
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Select(line => line.Split('\t'))
            .ToDictionary(words => words[0], words => double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    private static void FirstResults(string directory, string nodeRunner)
    {
        var module = Path.Combine(directory, "quickjs.wasm");
        var script = Path.Combine(directory, "javascript", "handler.js");
        var artifacts = Directory.CreateTempSubdirectory("larder-bench-wasm.");
        try
        {
            string[] Own(string kind, bool saved) =>
            [
                RunnerProcess.Self, "wasm-first", module, script, kind,
                .. saved ? [Path.Combine(Directory.CreateDirectory(Path.Combine(artifacts.FullName, kind)).FullName, FirstResult.Digest(module))] : Array.Empty<string>(),
            ];

            (string Name, string[] Command)[] ways =
            [
                ("Node.js", ["node", nodeRunner, "first", module, script]),
                ("nothing saved", Own(FirstResult.Collectible, false)),
                ("nothing saved, not unloadable", Own(FirstResult.Tiered, false)),
                ("from an artifact", Own(FirstResult.Collectible, true)),
                ("from an artifact, not unloadable", Own(FirstResult.Tiered, true)),
            ];
            var starts = ways.Select(_ => new List<ProcessStart>()).ToArray();
            for (var round = 0; round < Starts; round++)
            {
                for (var way = 0; way < ways.Length; way++)
                {
                    starts[way].Add(ProcessStart.Measure(ways[way].Command));
                }
            }

            Console.WriteLine("\n### First JavaScript result after the start of the process, ms\n");
            Console.WriteLine("| way | wall, least | wall, median | processor, least | steps of the least |");
            Console.WriteLine("|---|---|---|---|---|");
            for (var way = 0; way < ways.Length; way++)
            {
                var sorted = starts[way].OrderBy(start => start.WallMilliseconds).ToArray();
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {ways[way].Name} | {sorted[0].WallMilliseconds:F0} | {sorted[Starts / 2].WallMilliseconds:F0} | {sorted.Min(start => start.ProcessorMilliseconds):F0} | {sorted[0].Steps} |"));
            }
        }
        finally
        {
            artifacts.Delete(recursive: true);
        }
    }
}

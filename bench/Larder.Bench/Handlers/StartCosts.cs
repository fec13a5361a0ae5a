using System.Diagnostics;
using System.Globalization;
using Larder.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Bench.Handlers;

/// <summary>
/// The first call of a process, and what a handler costs that has to be compiled, that comes from the disk after a restart,
/// and that is in memory. Every figure is of new processes; those of handlers are after twenty others that came the same way.
/// </summary>
internal static class StartCosts
{
    private static readonly int[] Sizes = [300, 3_000, 30_000];

    public static void Report(string directory, bool isShort)
    {
        var rounds = isShort ? 3 : 9;
        var handlers = isShort ? 10 : 40;
        Console.WriteLine("\n### Start of a process\n");
        Console.WriteLine("| | process until result, ms | processor, ms | start of the runtime, ms | first call, ms |");
        Console.WriteLine("|---|---|---|---|---|");
        PrintFirst("nothing saved", rounds, directory, static root => Directory.CreateTempSubdirectory("first-").FullName);
        var kept = Path.Combine(directory, "start-first");
        First(kept);
        PrintFirst("engine and handler on disk", rounds, directory, _ => kept);

        Console.WriteLine("\n### A handler's first call\n");
        Console.WriteLine("| source bytes | compiled, us | from disk, us | from memory, us | disk / compiled | load of the disk alone / compiler alone |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var size in Sizes)
        {
            PrintHandlers(Path.Combine(directory, $"start-{size}"), size, handlers, rounds);
        }
    }

    /// <summary><c>Larder.Bench handlers-first DIRECTORY</c>: one call in a new process.</summary>
    public static async Task<int> FirstAsync(string directory)
    {
        var started = Stopwatch.GetTimestamp();
        await using var cache = await BenchHandlers.OpenCacheAsync(directory);
        await using var runtime = await HandlerRuntime.StartAsync(new HandlerRuntimeOptions { MinInstances = 1 }, cache);
        var start = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var called = Stopwatch.GetTimestamp();
        BenchHandlers.Check(await runtime.ExecuteAsync(BenchHandlers.Small, BenchHandlers.Context()));
        var call = Stopwatch.GetElapsedTime(called).TotalMilliseconds;
        Console.WriteLine(string.Join(
            ' ',
            ((double[])[Environment.CpuUsage.TotalTime.TotalMilliseconds, start, call]).Select(static figure => figure.ToString("F2", CultureInfo.InvariantCulture))));
        return 0;
    }

    /// <summary>
    /// <c>Larder.Bench handlers-each DIRECTORY BYTES COUNT</c>: the first and a later call of each handler; medians of the first
    /// call, its lookup, and the later call.
    /// </summary>
    public static async Task<int> EachAsync(string directory, int bytes, int count)
    {
        await using var cache = await BenchHandlers.OpenCacheAsync(directory);
        await using var runtime = await HandlerRuntime.StartAsync(
            new HandlerRuntimeOptions { MinInstances = 1, Compiler = new() { WarmBytes = 0 } }, cache);

        // What only the first calls of a process pay is measured elsewhere. These come from where the others come from: they
        // are compiled in a new directory, and on the disk after that.
        for (var warm = 0; warm < 20; warm++)
        {
            BenchHandlers.Check(await runtime.ExecuteAsync(BenchHandlers.Large(1_000_000 + warm, bytes), BenchHandlers.Context()));
        }

        var first = new List<double>();
        var lookup = new List<double>();
        var later = new List<double>();
        var origins = new HashSet<HandlerOrigin>();
        for (var number = 0; number < count; number++)
        {
            var source = BenchHandlers.Large(number, bytes);
            var result = await CallAsync(runtime, source, first);
            origins.Add(result.Metrics.Origin);
            lookup.Add((result.Metrics.CompilationTime ?? (result.Metrics.Duration - result.Metrics.RunTime - result.Metrics.QueueTime)).TotalMicroseconds);
            for (var again = 0; again < 5; again++)
            {
                await CallAsync(runtime, source, later);
            }
        }

        Console.WriteLine(string.Join(
            ' ', ((double[])[Median(first), Median(lookup), Median(later)]).Select(static figure => figure.ToString("F2", CultureInfo.InvariantCulture))) + ' ' + string.Join('+', origins));
        return 0;
    }

    private static async Task<HandlerResult> CallAsync(HandlerRuntime runtime, string source, List<double> times)
    {
        var context = BenchHandlers.Context();
        var started = Stopwatch.GetTimestamp();
        var result = BenchHandlers.Check(await runtime.ExecuteAsync(source, context));
        times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        return result;
    }

    private static void PrintFirst(string name, int rounds, string root, Func<string, string> directoryOf)
    {
        var turns = new List<double[]>();
        for (var round = 0; round < rounds; round++)
        {
            turns.Add(First(directoryOf(root)));
        }

        Console.WriteLine($"| {name} | {string.Join(" | ", Enumerable.Range(0, 4).Select(column => Text(turns.Min(turn => turn[column]))))} |");
    }

    private static double[] First(string directory)
    {
        var clock = Stopwatch.StartNew();
        var words = Child("handlers-first", directory);
        return [clock.Elapsed.TotalMilliseconds, .. words.Select(static word => double.Parse(word, CultureInfo.InvariantCulture))];
    }

    private static void PrintHandlers(string directory, int bytes, int count, int rounds)
    {
        var (compiled, disk, memory, lookup, load) = (double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue);
        string[] arguments = [bytes.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture)];
        for (var round = 0; round < rounds; round++)
        {
            var place = Path.Combine(directory, $"{round}");
            var cold = Child(["handlers-each", place, .. arguments]);
            var warm = Child(["handlers-each", place, .. arguments]);
            if (cold[3] != nameof(HandlerOrigin.Compiled) || warm[3] != nameof(HandlerOrigin.Disk))
            {
                throw new InvalidOperationException($"Handlers came from {cold[3]} first and {warm[3]} then.");
            }

            compiled = Math.Min(compiled, Number(cold[0]));
            lookup = Math.Min(lookup, Number(cold[1]));
            disk = Math.Min(disk, Number(warm[0]));
            load = Math.Min(load, Number(warm[1]));
            memory = Math.Min(memory, Number(warm[2]));
        }

        Console.WriteLine($"| {bytes} | {Text(compiled)} | {Text(disk)} | {Text(memory)} | {Text(disk / compiled, 3)} | {Text(load / lookup, 3)} |");
    }

    private static string[] Child(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? text.Trim().Split(' ')
            : throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    private static double Number(string word) => double.Parse(word, CultureInfo.InvariantCulture);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(double value, int digits = 1) => value.ToString($"F{digits}", CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Text.Json;
using Larder.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Bench.Handlers;

/// <summary>
/// What instances cost that are kept warm: each has run the small handler, so that the pages it dirties are counted. The kernel
/// says what the process holds alone (<c>/proc/self/smaps_rollup</c>).
/// </summary>
internal static class WarmMemory
{
    private const int Instances = 1000;

    public static async Task ReportAsync(string directory)
    {
        await using var cache = await BenchHandlers.OpenCacheAsync(Path.Combine(directory, "memory"));
        var options = new HandlerRuntimeOptions
        {
            MinInstances = 1,
            MaxInstances = Instances,
            MaxSuspended = 2 * Instances,
            MaxSuspendedBytes = long.MaxValue,
            SuspensionTimeout = TimeSpan.FromMinutes(10),
            IdleTimeout = Timeout.InfiniteTimeSpan,
        };
        await using var runtime = await HandlerRuntime.StartAsync(options, cache);

        // What the first calls bring into memory is not the instances'.
        const string Waits = $"await $ext.http.get('x');\n{BenchHandlers.Small}";
        for (var call = 0; call < 20; call++)
        {
            await ResumeAsync(runtime, await SuspendAsync(runtime, Waits, 0));
        }

        var before = Resident();
        var suspended = new List<Guid>();
        for (var number = 0; number < Instances; number++)
        {
            suspended.Add(await SuspendAsync(runtime, Waits, number));
        }

        var waiting = Resident();
        foreach (var id in suspended)
        {
            await ResumeAsync(runtime, id);
        }

        var idle = Resident();
        var figures = runtime.Statistics();
        Console.WriteLine($"\n### Memory of {Instances} instances\n");
        Console.WriteLine("| | of the process alone, KiB an instance | resident, KiB an instance | instances |");
        Console.WriteLine("|---|---|---|---|");
        Print("suspended in the middle of a call", waiting, before, Instances);
        Print("kept warm, after a call and a reset", idle, before, figures.AvailableInstances);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"\nThe runtime itself says {figures.TotalMemoryBytes / 1024.0 / figures.AvailableInstances:F0} KiB an instance, which is address space."));
    }

    private static async Task<Guid> SuspendAsync(HandlerRuntime runtime, string source, int number)
    {
        var result = await runtime.ExecuteAsync(source, BenchHandlers.Context($"panel {number}"));
        return result.Suspension?.Id ?? throw new InvalidOperationException($"The handler was not suspended: {result.Error}");
    }

    private static async Task ResumeAsync(HandlerRuntime runtime, Guid id) =>
        BenchHandlers.Check(await runtime.ResumeAsync(id, ResumeResult.Of(JsonElement.Parse("1"))));

    private static void Print(string name, (double Alone, double All) now, (double Alone, double All) before, int instances) =>
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {name} | {(now.Alone - before.Alone) / Instances:F0} | {(now.All - before.All) / Instances:F0} | {instances} |"));

    // In KiB.
    private static (double Alone, double All) Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var lines = File.ReadAllLines("/proc/self/smaps_rollup");
        return (Of("Private_Clean") + Of("Private_Dirty"), Of("Rss"));

        double Of(string name) => lines
            .Where(line => line.StartsWith(name + ":", StringComparison.Ordinal))
            .Sum(static line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }
}

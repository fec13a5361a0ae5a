using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Larder.Handlers;

namespace Larder.Bench.Handlers;

/// <summary>
/// A child process that calls a handler on command: <c>Larder.Bench handlers-runner CONFIGURATION DIRECTORY</c>. Lines
/// <c>run HANDLER CLIENTS MILLISECONDS</c> come in, lines of figures go out; bench/handlers/node-runner.mjs does the same.
/// </summary>
internal static class CallRunner
{
    public static async Task<int> RunAsync(string configuration, string directory)
    {
        await using var cache = await BenchHandlers.OpenCacheAsync(directory);
        await using var runtime = await HandlerRuntime.StartAsync(OptionsOf(configuration), cache);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            var source = words[1] == "busy" ? BenchHandlers.Busy : BenchHandlers.Small;
            var figures = await MeasureAsync(
                runtime, source, int.Parse(words[2], CultureInfo.InvariantCulture), int.Parse(words[3], CultureInfo.InvariantCulture));
            Console.WriteLine(figures);
        }

        return 0;
    }

    private static HandlerRuntimeOptions OptionsOf(string configuration)
    {
        var options = new HandlerRuntimeOptions { MinInstances = 2 };
        return configuration switch
        {
            "larder" => options,
            "background" => options with { ResetMode = Larder.Handlers.Pooling.InstanceResetMode.Background },
            "unmetered" => options with { Metering = false },
            "uncached" => options with
            {
                // Every call compiles, and every instance is used once.
                MinInstances = 0,
                MaxUses = 1,
                MaxHandlerImages = 0,
                Compiler = new() { CapacityBytes = 0, WarmBytes = 0 },
            },
            _ => throw new ArgumentException($"There is no configuration '{configuration}'."),
        };
    }

    private static async Task<string> MeasureAsync(HandlerRuntime runtime, string source, int clients, int milliseconds)
    {
        var version = 0;
        var latencies = new List<double>[clients];
        var process = Process.GetCurrentProcess();
        var processorBefore = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            var own = latencies[client] = [];
            var panel = $"panel {client}";
            while (clock.ElapsedMilliseconds < milliseconds)
            {
                // Without a cache in memory the disk would still have it: only a source that nobody saw is compiled.
                var text = runtime.Options.Compiler.CapacityBytes == 0 ? $"{source}\n// {Interlocked.Increment(ref version)}" : source;
                var started = Stopwatch.GetTimestamp();
                var result = BenchHandlers.Check(await runtime.ExecuteAsync(text, BenchHandlers.Context(panel)));
                Answer(result.ReturnValue);
                own.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            }
        })));
        var elapsed = clock.Elapsed;
        process.Refresh();
        var processor = process.TotalProcessorTime - processorBefore;
        var all = latencies.SelectMany(static one => one).Order().ToArray();
        return string.Join(' ', ((double[])
        [
            all.Length, processor.TotalMicroseconds / all.Length, all[all.Length / 2], all[(int)(all.Length * 0.99)], all[^1],
            all.Length / elapsed.TotalSeconds,
        ]).Select(static figure => figure.ToString("F1", CultureInfo.InvariantCulture)));
    }

    // The caller sends it on as text.
    private static void Answer(JsonElement? value)
    {
        if (value?.GetRawText() is not { Length: > 0 })
        {
            throw new InvalidOperationException("There is no answer.");
        }
    }
}

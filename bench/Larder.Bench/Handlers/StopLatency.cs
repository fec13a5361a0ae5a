using System.Diagnostics;
using System.Globalization;
using Larder.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Bench.Handlers;

/// <summary>
/// How long after its deadline an endless handler is stopped, alone and beside others that do the same; and how late a thread
/// is that only looks at the clock until the deadline is over, which is the share of the machine's scheduler.
/// </summary>
internal static class StopLatency
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(50);

    private static readonly (string Name, string Source)[] Loops =
    [
        ("empty loop", "while (true) {}"),
        ("loop that allocates", "let a = []; while (true) { a = [a.length, {}, 'x' + a.length]; }"),
        ("regular expression", "return /^(a+)+$/.test('a'.repeat(40) + 'b');"),
        ("sort", "return Array.from({ length: 3000000 }, (_, i) => i * 7919 % 1000003).sort((a, b) => a - b).length;"),
        ("host calls", "while (true) $state.items;"),
        ("string building", "let s = ''; while (true) { s += 'abcdefgh'; if (s.length > 100000) s = ''; }"),
        ("caught errors", "while (true) { try { null.x } catch {} }"),
        ("promises", "const f = async () => { while (true) await 0; }; await f();"),
    ];

    public static async Task ReportAsync(string directory, bool isShort)
    {
        var rounds = isShort ? 10 : 100;
        await using var cache = await BenchHandlers.OpenCacheAsync(Path.Combine(directory, "stop"));
        await using var runtime = await HandlerRuntime.StartAsync(new HandlerRuntimeOptions(), cache);
        Console.WriteLine($"\n### Stop of an endless handler, ms after its deadline of {Deadline.TotalMilliseconds} ms\n");
        Console.WriteLine("| | median | p99 | most | four at a time: median | p99 | most |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        await PrintAsync("a loop that looks at the clock, no handler", rounds, static () => Task.FromResult(ClockOvershoot()));
        foreach (var (name, source) in Loops)
        {
            await PrintAsync(name, rounds, () => OvershootAsync(runtime, source));
        }
    }

    private static async Task PrintAsync(string name, int rounds, Func<Task<double>> overshoot)
    {
        await overshoot();
        var alone = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            alone.Add(await overshoot());
        }

        // Four threads at once, which the thread pool of two processors would not give at first.
        var beside = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var own = new List<double>();
                for (var round = 0; round < rounds / 4 + 1; round++)
                {
                    own.Add(overshoot().GetAwaiter().GetResult());
                }

                return own;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Console.WriteLine($"| {name} | {Text(alone)} | {Text(beside.SelectMany(static own => own))} |");
    }

    private static double ClockOvershoot()
    {
        var started = Stopwatch.GetTimestamp();
        TimeSpan taken;
        do
        {
            taken = Stopwatch.GetElapsedTime(started);
        }
        while (taken < Deadline);
        return (taken - Deadline).TotalMilliseconds;
    }

    private static async Task<double> OvershootAsync(HandlerRuntime runtime, string source)
    {
        var limits = new ExecutionLimits { Timeout = Deadline, HostCalls = int.MaxValue, OutputBytes = int.MaxValue };
        var context = BenchHandlers.Context($"panel {Environment.CurrentManagedThreadId}");
        var started = Stopwatch.GetTimestamp();
        var result = await runtime.ExecuteAsync(source, context, limits);
        var taken = Stopwatch.GetElapsedTime(started);
        return result.Error?.Code == HandlerErrorCode.Timeout
            ? (taken - Deadline).TotalMilliseconds
            : throw new InvalidOperationException($"It should have been stopped, but: {result.Error} {result.ReturnValue}");
    }

    private static string Text(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return string.Create(
            CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:F2} | {sorted[(int)(sorted.Length * 0.99)]:F2} | {sorted[^1]:F2}");
    }
}

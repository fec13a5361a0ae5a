using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Larder.Handlers;
using Larder.Handlers.Contract;
using Larder.Handlers.Diagnostics;

namespace Larder.Bench.Handlers;

/// <summary>
/// Many calls of many handlers, failures of every sort among them: <c>Larder.Bench handlers-soak [CALLS] [HANDLERS]</c>.
/// Memory must stay flat, no instance may be lost, and statistics must balance.
/// </summary>
internal static class HandlersSoak
{
    private const int Workers = 4;
    private const int Parts = 20;

    // Recursion without end is stopped by the engine's limit or the host's, whichever comes first.
    private const string Recursion = "const f = n => n + f(n + 1); return f(0)";

    // What a handler does, by its number; most succeed.
    private static readonly (string Source, HandlerErrorCode? Error)[] Sorts =
    [
        (BenchHandlers.Small, null),
        ("const n = ($state.n ?? 0) + 1; $state.n = n; $log('n', n); return n", null),
        ("const parts = []; for (const [k, v] of Object.entries($args)) parts.push(`${k}:${v}`); return parts.join()", null),
        ("$emit('a', {x: 1}); $emit('b'); return [...'text'].map(c => c.codePointAt(0))", null),
        ("class P { #x = 1; get x() { return this.#x } } return new P().x + Number(2n ** 40n % 7n)", null),
        ("const r = await Promise.all([1, 2, 3].map(async x => x * 2)); return r", null),
        (BenchHandlers.Small, null),
        ("return 'x'.repeat(2000).replace(/x/g, 'y').length", null),
        ("throw new TypeError('as meant')", HandlerErrorCode.ExecutionError),
        ("$state.secret = 1; await $ext.http.get('u'); return 'resumed'", null),
        ("globalThis.leak = new Array(1000).fill('left'); Object.prototype.leak = 1; return 1", null),
        ("throw null", HandlerErrorCode.ExecutionError),
        ("const self = {}; self.self = self; return self", HandlerErrorCode.SerializationError),
        (Recursion, null),
        ("const a = []; while (true) a.push(new Array(10000).fill(a.length))", HandlerErrorCode.MemoryLimit),
        ("while (true) {}", HandlerErrorCode.Timeout),
        ("await $ext.nothing.get()", HandlerErrorCode.ExtensionNotFound),
        ("return 1 +", HandlerErrorCode.CompilationError),
        ("for (let i = 0; i < 200; i++) $emit('e', i)", HandlerErrorCode.ResourceLimit),
        ("return typeof leak === 'undefined' && !('leak' in {}) ? 'clean' : 'dirty'", null),
    ];

    // Only what is endless has a short deadline: on a machine that does other things too, the others would meet it.
    private static readonly ExecutionLimits Short = new() { Timeout = TimeSpan.FromMilliseconds(20) };

    public static async Task<int> RunAsync(string[] arguments)
    {
        var calls = arguments.Length > 0 ? long.Parse(arguments[0], CultureInfo.InvariantCulture) : 1_000_000;
        var handlers = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 200;
        var directory = Directory.CreateTempSubdirectory("larder-bench-soak-");
        try
        {
            return await RunAsync(directory.FullName, calls, handlers);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<int> RunAsync(string directory, long calls, int handlers)
    {
        await using var cache = await BenchHandlers.OpenCacheAsync(directory);
        var options = new HandlerRuntimeOptions
        {
            MaxInstances = 6,
            MemoryLimitBytes = 16 * 1024 * 1024,
            Limits = new ExecutionLimits { Timeout = TimeSpan.FromMinutes(1) },
            SuspensionTimeout = TimeSpan.FromSeconds(2),
            AcquireTimeout = TimeSpan.FromMinutes(1),
        };
        var runtime = await HandlerRuntime.StartAsync(options, cache);
        var soak = new Soak(runtime, [.. Enumerable.Range(0, handlers).Select(number => $"{Sorts[number % Sorts.Length].Source}\n// handler {number}")]);
        Console.WriteLine($"\n### Soak: {calls:N0} calls of {handlers} handlers by {Workers} clients\n");
        Console.WriteLine("| calls | seconds | resident MiB | of it the heap, MiB | active | idle | suspended | made | destroyed | wrong answers |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        var clock = Stopwatch.StartNew();
        var memory = new List<double>();
        for (var part = 1; part <= Parts; part++)
        {
            var until = calls * part / Parts;
            await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => soak.WorkAsync(new Random((part * 100) + worker), until))));
            memory.Add(Print(soak.Done, clock.Elapsed, runtime.Statistics(), soak.Wrong));
        }

        // What is suspended and forgotten expires.
        await Task.Delay(options.SuspensionTimeout + TimeSpan.FromSeconds(2));
        runtime.Pool.CheckIntegrity();
        var end = runtime.Statistics();
        var handlersEnd = runtime.HandlerStatistics();
        await runtime.DisposeAsync();
        runtime.Pool.CheckIntegrity();
        var pool = runtime.Pool.GetStatistics();

        // The second half against the part before it: the first half is for the runtime to come to rest.
        var growth = memory.Skip(Parts / 2).Max() / memory.Take(Parts / 2).Max();
        (string Rule, bool Holds)[] rules =
        [
            ($"no wrong answer ({soak.Wrong})", soak.Wrong == 0),
            ($"executions and suspensions are the calls ({end.TotalExecutions} + {end.Suspensions} of {soak.Results})", end.TotalExecutions + end.Suspensions == soak.Results),
            ("executions = successes + failures = successes + errors of all codes", end.TotalExecutions == end.SuccessfulExecutions + end.FailedExecutions && end.FailedExecutions == end.Errors.Values.Sum()),
            ("handlers add up to the whole", handlersEnd.Sum(static handler => handler.Executions) == end.TotalExecutions),
            ($"suspensions = resumptions + expiries ({end.Suspensions} = {end.Resumptions} + {end.ExpiredSuspensions})", end.Suspensions == end.Resumptions + end.ExpiredSuspensions),
            ("at rest nothing is active, suspended or waiting", (end.ActiveInstances, end.SuspendedInstances, end.Pool.Waiting) == (0, 0, 0)),
            ($"every instance was destroyed ({pool.Created} made, {pool.Destroyed} destroyed)", pool.Created == pool.Destroyed && pool.Idle + pool.Active + pool.Suspended == 0),
            ("requests for instances were all answered", pool.Requests + pool.Retries == pool.Answered),
            (string.Create(CultureInfo.InvariantCulture, $"memory is flat (second half / first half: {growth:F3})"), growth < 1.1),
        ];
        Console.WriteLine();
        foreach (var (rule, holds) in rules)
        {
            Console.WriteLine($"- {(holds ? "holds" : "**broken**")}: {rule}");
        }

        Console.WriteLine($"\nErrors: {string.Join(", ", end.Errors.Select(static error => $"{error.Key} {error.Value}"))}; p50 {end.P50ExecutionTime.TotalMicroseconds:F0} us, p99 {end.P99ExecutionTime.TotalMicroseconds:F0} us.");
        return rules.All(static rule => rule.Holds) ? 0 : 1;
    }

    // The dear ones come seldom: an endless loop takes its whole deadline, and endless recursion the whole stack.
    private static bool IsDear((string Source, HandlerErrorCode? Error) sort) =>
        sort.Error is HandlerErrorCode.Timeout or HandlerErrorCode.MemoryLimit || sort.Source == Recursion;

    private static double Print(long done, TimeSpan elapsed, RuntimeStatistics figures, long wrong)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var resident = Environment.WorkingSet / 1048576.0;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {done} | {elapsed.TotalSeconds:F0} | {resident:F0} | {GC.GetTotalMemory(false) / 1048576.0:F0} | {figures.ActiveInstances} | {figures.AvailableInstances} | {figures.SuspendedInstances} | {figures.InstancesCreated} | {figures.Pool.Destroyed} | {wrong} |"));
        return resident;
    }

    /// <summary>The calls and what came of them.</summary>
    private sealed class Soak(HandlerRuntime runtime, string[] sources)
    {
        private long _begun;
        private long _done;
        private long _results;
        private long _wrong;

        public long Done => Volatile.Read(ref _done);

        /// <summary>Results that the runtime gave, of calls and of resumptions.</summary>
        public long Results => Volatile.Read(ref _results);

        public long Wrong => Volatile.Read(ref _wrong);

        public async Task WorkAsync(Random random, long until)
        {
            while (Interlocked.Increment(ref _begun) <= until)
            {
                var number = random.Next(sources.Length);
                if (IsDear(Sorts[number % Sorts.Length]) && random.Next(50) > 0)
                {
                    number = (number + Sorts.Length - (number % Sorts.Length)) % sources.Length;
                }

                await CallAsync(number, random);
                Interlocked.Increment(ref _done);
            }

            Interlocked.Decrement(ref _begun);
        }

        private async Task CallAsync(int number, Random random)
        {
            var (_, error) = Sorts[number % Sorts.Length];
            var result = await runtime.ExecuteAsync(sources[number], BenchHandlers.Context($"panel {random.Next(20)}"), error == HandlerErrorCode.Timeout ? Short : null);
            Interlocked.Increment(ref _results);

            // One in ten is left to expire.
            if (result.Suspension is { } suspension)
            {
                if (random.Next(10) == 0)
                {
                    return;
                }

                result = await runtime.ResumeAsync(suspension.Id, ResumeResult.Of(JsonElement.Parse("1")));
                Interlocked.Increment(ref _results);
            }

            var isRight = Sorts[number % Sorts.Length].Source == Recursion
                ? result.Status == HandlerStatus.Error
                : result.Error?.Code == error && (result.ReturnValue is null || !result.ReturnValue.Value.GetRawText().Contains("dirty", StringComparison.Ordinal));
            if (!isRight && Interlocked.Increment(ref _wrong) <= 10)
            {
                await Console.Error.WriteLineAsync($"wrong: {sources[number]}: {result.Error} {result.ReturnValue}");
            }
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>How long a guest that loops runs on after it is told to stop from another thread.</summary>
internal static class InterruptLatency
{
    private const int Stops = 60;

    public static void Report(string directory)
    {
        using var store = new Store();
        var module = CompiledModule.Compile(File.ReadAllBytes(Path.Combine(directory, "calls.wasm")));
        var callback = new WasmFunction(store, new FunctionType([WasmType.I32], [WasmType.I32]), (_, _, _) => { });
        var spin = store.Instantiate(module, new Imports().Add("env", "callback", callback)).Function("spin")!;
        var quickJs = CompiledModule.Compile(File.ReadAllBytes(Path.Combine(directory, "quickjs.wasm")));

        Console.WriteLine("\n### From the interrupt to the end of the call, us of wall time\n");
        Console.WriteLine("| guest | least | median | greatest |");
        Console.WriteLine("|---|---|---|---|");
        Row("a loop", Measure(store, () => spin.Call([], [])));
        Row("JavaScript: for (;;) {}", Measure(store, () => Loop(store, quickJs)));
    }

    private static Trap? Loop(Store store, CompiledModule module)
    {
        // After a trap the engine's state is unknown: each turn has an instance of its own.
        var guest = new QuickJsGuest(store, module);
        return guest.TryEvaluate("for (;;) {}");
    }

    private static List<double> Measure(Store store, Func<Trap?> call)
    {
        var times = new List<double>();
        for (var stop = 0; stop < Stops; stop++)
        {
            long told = 0;
            var thread = new Thread(() =>
            {
                Thread.Sleep(stop == 0 ? 500 : 30);
                told = Stopwatch.GetTimestamp();
                store.Interrupt();
            });
            thread.Start();
            var trap = call();
            var ended = Stopwatch.GetTimestamp();
            thread.Join();
            store.ClearInterrupt();
            if (trap?.Kind != TrapKind.Interrupted)
            {
                throw new InvalidOperationException($"The guest ended with {trap?.ToString() ?? "a result"}.");
            }

            times.Add(Stopwatch.GetElapsedTime(told, ended).TotalMicroseconds);
        }

        times.RemoveAt(0);
        times.Sort();
        return times;
    }

    private static void Row(string name, List<double> times) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"| {name} | {times[0]:F0} | {times[times.Count / 2]:F0} | {times[^1]:F0} |"));
}

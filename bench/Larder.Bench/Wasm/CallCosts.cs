using System.Globalization;
using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>Processor time of calls, traps, instantiation and resets, in microseconds.</summary>
internal sealed class CallCosts(string directory)
{
    private const string Request =
        """{"method":"POST","path":"/items/item-42/quote","body":{"quantities":[1,2,3,5,8]}}""";

    private readonly List<(string Name, double Microseconds)> _found = [];

    public IReadOnlyList<(string Name, double Microseconds)> Measure()
    {
        var calls = CompiledModule.Compile(File.ReadAllBytes(Path.Combine(directory, "calls.wasm")));
        var quickJs = CompiledModule.Compile(File.ReadAllBytes(Path.Combine(directory, "quickjs.wasm")));
        Starts(calls, quickJs);
        Calls(calls);
        Handler(quickJs);
        return _found;
    }

    private static WasmFunction Callback(Store store) => new(
        store,
        new FunctionType([WasmType.I32], [WasmType.I32]),
        (_, arguments, results) => results[0] = arguments[0].I32 | 1);

    // The least processor time of one turn, over batches.
    private void Add(string name, int batches, int turns, Action action)
    {
        var best = double.MaxValue;
        for (var batch = 0; batch < batches; batch++)
        {
            var before = Environment.CpuUsage.TotalTime;
            for (var turn = 0; turn < turns; turn++)
            {
                action();
            }

            best = Math.Min(best, (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / turns);
        }

        _found.Add((name, best));
    }

    private void Starts(CompiledModule calls, CompiledModule quickJs)
    {
        Add("store, small instance, dispose", 20, 50, () =>
        {
            using var store = new Store();
            store.Instantiate(calls, new Imports().Add("env", "callback", Callback(store)));
        });
        Add("store, QuickJS instance, dispose", 20, 50, () =>
        {
            using var store = new Store();
            store.Instantiate(quickJs, QuickJsGuest.ImportsFor(store, quickJs.Module));
        });
        Add("start", 20, 50, () =>
        {
            using var store = new Store();
            _ = new QuickJsGuest(store, quickJs);
        });
    }

    private void Calls(CompiledModule module)
    {
        using var store = new Store();
        var instance = store.Instantiate(module, new Imports().Add("env", "callback", Callback(store)));
        var add = instance.Function("add")!;
        Add("host to guest", 20, 200_000, () =>
        {
            WasmValue result = default;
            add.Call([1, 2], new Span<WasmValue>(ref result));
        });
        Add("host to guest, typed", 20, 200_000, () => add.Invoke(1, 2, out int _));
        GuestToHost("guest to host", instance);
        var typed = WasmFunction.From(store, (Instance _, int number) => number | 1);
        GuestToHost("guest to host, typed", store.Instantiate(module, new Imports().Add("env", "callback", typed)));
        Trap("trap: division by zero", 500, instance.Function("divide")!, 1, 0);
        Trap("trap: memory", 500, instance.Function("load")!, -16);
        Trap("trap: unreachable", 500, instance.Function("fail")!);
        Trap("trap: stack", 5, instance.Function("deep")!, 0, -1);
    }

    private void GuestToHost(string name, Instance instance)
    {
        var callHost = instance.Function("call_host")!;
        Add(name, 20, 1, () => GuestCalls.Number(callHost, 200_000));
        _found[^1] = (name, _found[^1].Microseconds / 200_000);
    }

    private void Trap(string name, int turns, WasmFunction function, params WasmValue[] arguments)
    {
        var results = new WasmValue[function.Type.Results.Length];
        Add(name, 10, turns, () =>
        {
            if (function.Call(arguments, results) is null)
            {
                throw new InvalidOperationException("There was no trap.");
            }
        });
    }

    private void Handler(CompiledModule quickJs)
    {
        using var store = new Store();
        var guest = new QuickJsGuest(store, quickJs);
        guest.Evaluate(File.ReadAllText(Path.Combine(directory, "javascript", "handler.js")));
        var handler = guest.Global("handle");
        using var snapshot = guest.Instance.Snapshot();
        var expected = guest.Call(handler, Request);
        if (!expected.StartsWith("""{"status":200,""", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("The handler answered " + expected);
        }

        Add("handler", 20, 500, () => guest.Call(handler, Request));
        var size = string.Create(CultureInfo.InvariantCulture, $"reset of {snapshot.ByteLength / 1024} KiB");
        Add(size, 20, 500, () => guest.Instance.Restore(snapshot));
        Add("reset and handler", 20, 500, () =>
        {
            guest.Instance.Restore(snapshot);
            if (guest.Call(handler, Request) != expected)
            {
                throw new InvalidOperationException("The handler's answer changed.");
            }
        });
        Add("new store and instance from the snapshot, handler", 20, 50, () =>
        {
            using var another = new Store();
            var fresh = new QuickJsGuest(another, snapshot);
            if (fresh.Call(handler, Request) != expected)
            {
                throw new InvalidOperationException("The handler's answer changed.");
            }
        });
    }
}

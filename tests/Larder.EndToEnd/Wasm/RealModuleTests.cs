using System.Globalization;
using Larder.Bench.Wasm;
using Larder.EndToEnd.Harness;
using Larder.Wasm;

namespace Larder.EndToEnd.Wasm;

/// <summary>
/// Real modules do here what they do in Node.js, down to the last byte of their memory: QuickJS running JavaScript, and
/// what the AssemblyScript compiler makes.
/// </summary>
public sealed class RealModuleTests
{
    // A call in JavaScript takes some 3.5 KiB of stack with explicit checks and fuel, and one of the scripts nests 150.
    private static readonly StoreOptions QuickJsLimits = new() { StackBytes = 768 * 1024 };

    private static readonly string[] Scripts =
    [
        "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } fib(18)",
        "let list = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 2003); list.sort((a, b) => a - b); list.slice(0, 50).join() + list.length",
        "JSON.stringify(JSON.parse('{\"a\":[1,2.5,-3e10,\"x\\\\u00e9\",null,true],\"b\":{\"c\":{}}}'), null, 1)",
        "'The quick brown fox 2026-11-20 jumps'.replace(/(\\d+)-(\\d+)-(\\d+)/, '$3.$2.$1').split(/\\s+/).map(w => w.toUpperCase()).reverse().join(' ')",
        "class A { #x = 1; get x() { return this.#x } static of(...v) { return v.map(x => Object.assign(new this(), { y: x })) } } A.of(1, 2, 3).map(a => a.x + a.y).join()",
        "function* gen() { let a = 0, b = 1; for (;;) { yield a; [a, b] = [b, a + b] } } let out = []; for (const v of gen()) { if (v > 1e6) break; out.push(v) } out.join()",
        "let f = 1n; for (let i = 1n; i <= 60n; i++) f *= i; f.toString() + (f % 1000000007n) + (-f >> 13n)",
        "let s = 0; for (let i = 0; i < 3000; i++) s += Math.sin(i) * Math.exp(-i / 500) + Math.atan2(i, 3) + Math.cbrt(i) - Math.log1p(i) + i ** 0.3; s.toString() + (0.1 + 0.2).toFixed(18) + (1e21 / 7).toPrecision(17)",
        "let m = new Map(), w = new Set(); for (let i = 0; i < 3000; i++) { m.set('k' + i % 701, (m.get('k' + i % 701) ?? 0) + i); w.add(i % 97) } [...m].slice(0, 20).join('|') + w.size",
        "let u = new Float64Array([1.5, NaN, -0, Infinity]), d = new DataView(u.buffer); new Uint8Array(u.buffer).join() + d.getFloat32(2) + new Float32Array([0.1, 1e40])",
        "try { null.x } catch (e) { e instanceof TypeError ? e.message : 'no' }",
        "(function f(n) { return n ? 1 + f(n - 1) : 0 })(150) + [3, 1, 2].map(function g(n) { return n ? n + g(n - 1) : 0 }).join()",
        "throw new RangeError('on purpose')",
        "new Date(0).toISOString() + new Date(2026, 10, 20).getTime() + Date.now()",
        "let t = ''; for (let i = 0; i < 2000; i++) t += String.fromCodePoint(0x1F600 + i % 70); t.length + encodeURIComponent(t.slice(0, 20)) + t.normalize('NFD').length",
        "let log = []; Promise.resolve(1).then(v => log.push(v)); (async () => { for (const x of [1, 2]) log.push(await x) })(); let p = new Proxy({}, { get: (_, k) => k + '!' }); p.hello + Reflect.ownKeys({ b: 1, a: 2, [Symbol.iterator]: 3 }).length",
        "let x = []; for (let i = 0; i < 30000; i++) x.push({ i, s: 'n' + i }); x = x.filter(o => o.i % 3).map(o => o.s); x.length + x[777]",
        "eval('var q = 1; q + Math.random() + Math.random()')",
    ];

    [Fact]
    public async Task QuickJs_runs_scripts_as_in_node()
    {
        var expected = await NodeModules.InNodeAsync("quickjs", NodeModules.QuickJs, Scripts);
        var bytes = await File.ReadAllBytesAsync(NodeModules.QuickJs, TestContext.Current.CancellationToken);
        foreach (var (name, options, isSaved) in NodeModules.Ways)
        {
            using var store = new Store(QuickJsLimits);
            var guest = new QuickJsGuest(store, NodeModules.Compile(bytes, options, isSaved));

            Equal(name, expected, [.. Scripts.Select(script => Evaluate(guest, script)), NodeModules.HashOf(guest.Instance.Memory("memory")!)]);
        }
    }

    [Fact]
    public async Task QuickJs_goes_on_from_a_snapshot_as_if_nothing_had_happened()
    {
        var expected = await NodeModules.InNodeAsync("quickjs", NodeModules.QuickJs, Scripts);
        using var store = new Store();
        var module = CompiledModule.Compile(await File.ReadAllBytesAsync(NodeModules.QuickJs, TestContext.Current.CancellationToken));
        var first = new QuickJsGuest(store, module);
        var snapshot = first.Instance.Snapshot();
        for (var round = 0; round < 3; round++)
        {
            Equal($"round {round}", expected[..^1], [.. Scripts.Select(script => Evaluate(first, script))]);
            first.Instance.Restore(snapshot);
        }

        using var other = new Store();
        var second = new QuickJsGuest(other, snapshot);
        Equal("another store", expected[..^1], [.. Scripts.Select(script => Evaluate(second, script))]);
    }

    [Theory]
    [InlineData("--runtime", "stub", "-O3")]
    [InlineData("--runtime", "incremental", "-O1")]
    [InlineData("--runtime", "minimal", "--debug")]
    public async Task AssemblyScript_programs_run_as_in_node(params string[] compilerOptions)
    {
        using var directory = new TemporaryDirectory();
        object[][] calls =
        [
            ["transfers", 20_000], ["text", 500], ["waves", 5_000], ["bytes", 9_000], ["divide", 7, 2], ["divide", 7, 0],
            ["outside", 2], ["outside", 3], ["transfers", 1_000],
        ];
        var module = await NodeModules.AssemblyScriptAsync(directory, "balances", compilerOptions);
        var expected = await NodeModules.InNodeAsync("assemblyscript", module, calls);
        var bytes = await File.ReadAllBytesAsync(module, TestContext.Current.CancellationToken);
        foreach (var (name, options, isSaved) in NodeModules.Ways)
        {
            using var store = new Store();
            var compiled = NodeModules.Compile(bytes, options, isSaved);
            var imports = new Imports();
            foreach (var import in compiled.Module.Imports)
            {
                imports.Add(import.Module, import.Name, new WasmFunction(store, import.Function!, (_, _, _) => throw new OperationCanceledException()));
            }

            var instance = store.Instantiate(compiled, imports);

            Equal(name, expected, [.. calls.Select(call => Call(instance, call)), NodeModules.HashOf(instance.Memory("memory")!)]);
        }
    }

    private static string Evaluate(QuickJsGuest guest, string script)
    {
        try
        {
            return guest.Evaluate(script);
        }
        catch (InvalidOperationException exception)
        {
            return "error " + exception.Message;
        }
    }

    private static string Call(Instance instance, object[] call)
    {
        var name = (string)call[0];
        try
        {
            WasmValue[] arguments = [.. call.Skip(1).Select(static value => WasmValue.FromI32((int)value))];
            var trap = instance.Function(name)!.TryCall(out var results, arguments); // The programs export what is called.
            return trap is not null ? $"{name} trap" : $"{name} {Text(results![0])}";
        }
        catch (OperationCanceledException)
        {
            return $"{name} abort";
        }
    }

    private static string Text(WasmValue value) => value.Type == WasmType.F64
        ? value.F64.ToString("R", CultureInfo.InvariantCulture)
        : value.I32.ToString(CultureInfo.InvariantCulture);

    private static void Equal(string way, string[] expected, string[] actual)
    {
        for (var index = 0; index < expected.Length; index++)
        {
            Assert.True(expected[index] == actual[index], $"{way}, {index}:\n{expected[index]}\n{actual[index]}");
        }
    }
}

using System.Globalization;
using System.Security.Cryptography;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Generation;

/// <summary>Runs generated modules in this engine and writes what could be seen as the runner for Node.js does.</summary>
internal sealed class EngineRunner : IDisposable
{
    public const int Budget = 1500;

    private readonly ModuleShape _shape;
    private readonly Store _store = new(new StoreOptions { CallDepth = 4_000_000, StackBytes = 32 << 20 });
    private readonly Dictionary<string, string> _texts = [];
    private readonly Dictionary<WasmFunction, string> _names = [];
    private readonly Instance _instance;
    private int _log;

    private EngineRunner(ModuleShape shape, CompiledModule compiled)
    {
        _shape = shape;
        var imports = new Imports();
        imports.Add("h", "mix", new WasmFunction(_store, ModuleShape.Host[0].Type, Mix));
        imports.Add("h", "pair", new WasmFunction(_store, ModuleShape.Host[1].Type, Pair));
        imports.Add("h", "pick", new WasmFunction(_store, ModuleShape.Host[2].Type, Choose));
        _instance = _store.Instantiate(compiled, imports);
        for (var index = 0; index < shape.Functions.Count; index++)
        {
            _names.TryAdd(_instance.Function($"f{index}")!, $"f{index}"); // Every function is exported.
        }
    }

    /// <summary>What a module did, a line for each call, and the fuel that each call took.</summary>
    public static (string[] Lines, long[] Fuel) Run(GeneratedModule module, CompiledModule compiled)
    {
        using var runner = new EngineRunner(module.Shape, compiled);
        var lines = new string[module.Calls.Count];
        var fuel = new long[lines.Length];
        for (var index = 0; index < lines.Length; index++)
        {
            var before = runner._instance.Fuel;
            lines[index] = runner.Call(module.Calls[index]);
            fuel[index] = before - runner._instance.Fuel;
        }

        return (lines, fuel);
    }

    public void Dispose() => _store.Dispose();

    private string Call(GeneratedCall call)
    {
        var name = $"f{call.Function}";
        var type = _shape.TypeOf(call.Function);
        _instance.Global("g0")!.Value = Budget; // Every module has it.
        var arguments = call.Arguments.Select((text, index) => Parse(type.Parameters[index], text)).ToArray();
        var trap = _instance.Function(name)!.TryCall(out var results, arguments);

        // What calls took of the depth came back, whichever way they ended.
        Assert.Equal(_store.Options.CallDepth, _instance.DepthLeft);
        var outcome = trap is null ? Join(results!) : "trap " + Describe(trap.Kind);
        var memory = _instance.Memory("m")!; // So is this.
        var hash = Convert.ToHexStringLower(SHA256.HashData(memory.Span(0, (int)memory.ByteLength)))[..16];
        var globals = Enumerable.Range(0, _shape.Globals.Count)
            .Where(index => _shape.Globals[index].Type != WasmType.V128)
            .Select(index => _instance.Global($"g{index}")!.Value);
        return $"{name} {string.Join(' ', call.Arguments)}: {outcome}; memory {memory.Pages} {hash}; "
            + $"globals {Join(globals)}; functions {Contents("t0")}; objects {Contents("t1")}; log {_log}";
    }

    private string Contents(string name)
    {
        var table = _instance.Table(name)!; // Every module has both.
        return Join(Enumerable.Range(0, (int)table.Length).Select(index => table[(ulong)index]));
    }

    private string Join(IEnumerable<WasmValue> values) => string.Join(' ', values.Select(Describe));

    private string Describe(WasmValue value) => value.Type switch
    {
        WasmType.I32 => value.I32.ToString(CultureInfo.InvariantCulture),
        WasmType.I64 => value.I64.ToString(CultureInfo.InvariantCulture),
        WasmType.F32 => float.IsNaN(value.F32) ? "nan" : $"{(uint)value.Bits:x8}",
        WasmType.F64 => double.IsNaN(value.F64) ? "nan" : $"{(ulong)value.Bits:x16}",
        WasmType.FuncRef => value.Function is { } function ? _names[function] : "null",
        _ => (string?)value.Extern ?? "null",
    };

    private WasmValue Parse(WasmType type, string text) => type switch
    {
        WasmType.I32 => int.Parse(text, CultureInfo.InvariantCulture),
        WasmType.I64 => long.Parse(text, CultureInfo.InvariantCulture),
        WasmType.F32 or WasmType.F64 => WasmValue.FromBits(type, ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        WasmType.ExternRef => WasmValue.FromExtern(text == "null" ? null : Text(text)),
        _ => WasmValue.FromFunction(null),
    };

    private string Text(string text) => _texts.TryGetValue(text, out var known) ? known : _texts[text] = text;

    private static string Describe(TrapKind kind) => kind switch
    {
        TrapKind.Unreachable => "unreachable",
        TrapKind.MemoryOutOfBounds => "memory",
        TrapKind.TableOutOfBounds or TrapKind.UndefinedElement => "table",
        TrapKind.UninitializedElement or TrapKind.IndirectCallTypeMismatch => "signature",
        TrapKind.DivideByZero => "zero",
        TrapKind.IntegerOverflow or TrapKind.InvalidConversion => "overflow",
        TrapKind.StackOverflow => "stack",
        _ => kind.ToString(),
    };

    private void Note(int number) => _log = unchecked((_log * 31) + number);

    private void Mix(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        var bits = (long)(ulong)arguments[1].Bits;
        Note(arguments[0].I32);
        Note(double.IsNaN(arguments[1].F64) ? 7 : (int)(bits >> 32) ^ (int)bits);
        results[0] = unchecked(_log * (long)0x9E3779B97F4A7C15);
    }

    private void Pair(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        Note(arguments[0].I32);
        results[0] = unchecked((arguments[0].I32 * 31) + 1);
        results[1] = arguments[1].I64 ^ 0x5555;
    }

    private void Choose(Instance caller, ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        var number = arguments[1].I32;
        Note(number);
        results[0] = (number & 1) == 1 ? arguments[0] : WasmValue.FromExtern(Text($"h{number & 7}"));
    }
}

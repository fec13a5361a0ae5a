using System.Buffers.Binary;
using System.Text;
using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>QuickJS with the host functions that a script without modules or host objects needs.</summary>
internal sealed class QuickJsGuest
{
    private const int NotSupported = 52;

    private readonly WasmMemory _memory;
    private readonly WasmFunction _allocate;
    private readonly WasmFunction _free;
    private readonly WasmFunction _evaluate;
    private readonly WasmFunction _isException;
    private readonly WasmFunction _exception;
    private readonly WasmFunction _string;
    private readonly WasmFunction _freeString;
    private readonly WasmFunction _freeValue;

    /// <summary>Instantiates the module and starts the engine in it.</summary>
    public QuickJsGuest(Store store, CompiledModule module)
    {
        Instance = store.Instantiate(module, ImportsFor(store, module.Module));
        _memory = Instance.Memory("memory")!;
        _allocate = Function("wasm_malloc");
        _free = Function("wasm_free");
        _evaluate = Function("qjs_eval");
        _isException = Function("qjs_is_exception");
        _exception = Function("qjs_get_exception");
        _string = Function("qjs_get_string");
        _freeString = Function("qjs_free_cstring");
        _freeValue = Function("qjs_free_value");
        GuestCalls.Run(Function("_initialize"));
        if (GuestCalls.Number(Function("qjs_init")) != 0)
        {
            throw new InvalidOperationException("QuickJS cannot start.");
        }
    }

    /// <summary>The instance.</summary>
    public Instance Instance { get; }

    /// <summary>Evaluates a script and returns what its last expression is as a string.</summary>
    public string Evaluate(string source)
    {
        var (code, length) = Write(source);
        var (name, _) = Write("program.js");
        var value = GuestCalls.Number(_evaluate, code, length, name, 0);
        GuestCalls.Run(_free, code);
        GuestCalls.Run(_free, name);
        return GuestCalls.Number(_isException, value) == 0
            ? Text(value)
            : throw new InvalidOperationException(Text(GuestCalls.Number(_exception)));
    }

    private static Imports ImportsFor(Store store, WasmModule module)
    {
        var imports = new Imports();
        foreach (var import in module.Imports)
        {
            imports.Add(import.Module, import.Name, new WasmFunction(store, import.Function!, Callback(import.Name)));
        }

        return imports;
    }

    private static HostCallback Callback(string name) => name switch
    {
        "clock_time_get" => (caller, arguments, results) => BinaryPrimitives.WriteUInt64LittleEndian(
            caller.Memory("memory")!.Span((uint)arguments[2].I32, 8), 1_700_000_000_000_000_000),
        "random_get" => (caller, arguments, results) =>
            caller.Memory("memory")!.Span((uint)arguments[0].I32, arguments[1].I32).Fill(7),
        "fd_write" or "fd_close" or "fd_seek" or "fd_fdstat_get" => (_, _, results) => results[0] = NotSupported,
        _ => (_, _, _) => { },
    };

    private (int Address, int Length) Write(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text + "\0");
        var address = GuestCalls.Number(_allocate, bytes.Length);
        bytes.CopyTo(_memory.Span((uint)address, bytes.Length));
        return (address, bytes.Length - 1);
    }

    private string Text(int value)
    {
        var address = GuestCalls.Number(_string, value);
        var rest = _memory.Span((uint)address, (int)(_memory.ByteLength - (uint)address));
        var text = Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
        GuestCalls.Run(_freeString, address);
        GuestCalls.Run(_freeValue, value);
        return text;
    }

    private WasmFunction Function(string name) =>
        Instance.Function(name) ?? throw new InvalidOperationException($"The module does not export {name}.");
}

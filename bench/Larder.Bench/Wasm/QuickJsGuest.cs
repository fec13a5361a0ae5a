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
    private readonly WasmFunction _newString;
    private readonly WasmFunction _call;
    private readonly WasmFunction _isJobPending;
    private readonly WasmFunction _executeJob;
    private readonly WasmFunction _promiseResult;
    private readonly int _nothing;

    /// <summary>Instantiates the module and starts the engine in it.</summary>
    public QuickJsGuest(Store store, CompiledModule module)
        : this(store.Instantiate(module, ImportsFor(store, module.Module)))
    {
        GuestCalls.Run(Function("_initialize"));
        if (GuestCalls.Number(Function("qjs_init")) != 0)
        {
            throw new InvalidOperationException("QuickJS cannot start.");
        }

        _nothing = GuestCalls.Number(Function("qjs_get_undefined"));
    }

    /// <summary>Makes another guest that goes on where the snapshot was taken.</summary>
    public QuickJsGuest(Store store, InstanceSnapshot snapshot)
        : this(store.Instantiate(snapshot, ImportsFor(store, snapshot.Module.Module))) =>
        _nothing = GuestCalls.Number(Function("qjs_get_undefined"));

    private QuickJsGuest(Instance instance)
    {
        Instance = instance;
        _memory = Instance.Memory("memory")!;
        _allocate = Function("wasm_malloc");
        _free = Function("wasm_free");
        _evaluate = Function("qjs_eval");
        _isException = Function("qjs_is_exception");
        _exception = Function("qjs_get_exception");
        _string = Function("qjs_get_string");
        _freeString = Function("qjs_free_cstring");
        _freeValue = Function("qjs_free_value");
        _newString = Function("qjs_new_string");
        _call = Function("qjs_call");
        _isJobPending = Function("qjs_is_job_pending");
        _executeJob = Function("qjs_execute_pending_job");
        _promiseResult = Function("qjs_promise_result");
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

    /// <summary>Evaluates a script that is expected to trap.</summary>
    public Trap? TryEvaluate(string source)
    {
        var (code, length) = Write(source);
        var (name, _) = Write("program.js");
        WasmValue result = default;
        return _evaluate.Call([code, length, name, 0], new Span<WasmValue>(ref result));
    }

    /// <summary>The value of a global variable; it is never freed.</summary>
    public int Global(string name) => GuestCalls.Number(
        Function("qjs_get_prop_string"), GuestCalls.Number(Function("qjs_get_global")), Write(name).Address);

    /// <summary>Calls an async function with a string and returns what its promise becomes.</summary>
    public string Call(int callee, string text)
    {
        var (address, length) = Write(text);
        var argument = GuestCalls.Number(_newString, address, length);
        var list = GuestCalls.Number(_allocate, 4);
        BinaryPrimitives.WriteInt32LittleEndian(_memory.Span((uint)list, 4), argument);
        var promise = GuestCalls.Number(_call, callee, _nothing, 1, list);
        while (GuestCalls.Number(_isJobPending) != 0)
        {
            GuestCalls.Run(_executeJob);
        }

        var result = Text(GuestCalls.Number(_promiseResult, promise));
        GuestCalls.Run(_freeValue, promise);
        GuestCalls.Run(_freeValue, argument);
        GuestCalls.Run(_free, address);
        GuestCalls.Run(_free, list);
        return result;
    }

    /// <summary>The host functions.</summary>
    public static Imports ImportsFor(Store store, WasmModule module)
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

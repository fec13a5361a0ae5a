using System.Buffers.Binary;
using Larder.Tests.Wasm.Generation;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Indexer.Guests;

/// <summary>Builds guests: every function of the host is imported, in the order of the constants.</summary>
internal sealed class GuestBuilder
{
    public const int HostLen = 0;
    public const int LoadInput = 1;
    public const int GetLen = 2;
    public const int Get = 3;
    public const int Flush = 4;
    public const int Log = 5;
    public const int Abort = 6;
    public const int IsDryRun = 7;

    private readonly List<byte[]> _types = [];
    private readonly List<byte[]> _imports = [];
    private readonly List<byte[]> _functions = [];
    private readonly List<byte[]> _exports = [];
    private readonly List<byte[]> _bodies = [];
    private readonly List<byte[]> _data = [];
    private readonly List<byte[]> _globals = [];
    private readonly List<byte[]> _custom = [];
    private int _imported;
    private int _start = -1;

    public GuestBuilder()
    {
        Import("env", "__host_len", [], [I32]);
        Import("env", "__load_input", [I32], []);
        Import("env", "__get_len", [I32], [I32]);
        Import("env", "__get", [I32, I32], []);
        Import("env", "__flush", [I32], []);
        Import("env", "__log", [I32], []);
        Import("env", "abort", [I32, I32, I32, I32], []);
        Import("env", "__is_dry_run", [], [I32]);
    }

    public uint Minimum { get; init; } = 1;

    public uint? Maximum { get; init; }

    public bool ExportsMemory { get; init; } = true;

    public bool ImportsMemory { get; init; }

    /// <summary>Index of the function that is added next.</summary>
    public int Next => _imported + _functions.Count;

    public GuestBuilder Import(string module, string name, byte[] parameters, byte[] results)
    {
        Assert.Empty(_functions);
        _imports.Add([.. Name(module), .. Name(name), 0, .. U32(TypeIndex(parameters, results))]);
        _imported++;
        return this;
    }

    public GuestBuilder ImportOther(string module, string name, params byte[] description)
    {
        _imports.Add([.. Name(module), .. Name(name), .. description]);
        return this;
    }

    /// <summary>Adds a function; what it declares are i32.</summary>
    public GuestBuilder Function(
        string? export, byte[] parameters, byte[] results, Action<WasmCode> write, int locals = 0)
    {
        if (export is not null)
        {
            _exports.Add([.. Name(export), 0, .. U32((uint)Next)]);
        }

        var code = new WasmCode();
        write(code);
        _functions.Add(U32(TypeIndex(parameters, results)));
        byte[] declared = locals == 0 ? [0] : [1, .. U32((uint)locals), I32];
        _bodies.Add(RawBody([.. declared, .. code.ToArray(), End]));
        return this;
    }

    public GuestBuilder Block(Action<WasmCode> write, int locals = 0) => Function("_start", [], [], write, locals);

    public GuestBuilder View(string name, Action<WasmCode> write, int locals = 0) => Function(name, [], [I32], write, locals);

    public GuestBuilder Start(Action<WasmCode> write)
    {
        _start = Next;
        return Function(null, [], [], write);
    }

    /// <summary>Puts bytes at an address and their length before it.</summary>
    public GuestBuilder Buffer(int address, params byte[] bytes)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        return Data(address - 4, [.. length, .. bytes]);
    }

    public GuestBuilder Data(int address, params byte[] bytes)
    {
        var code = new WasmCode();
        code.I32(address);
        _data.Add([0, .. code.ToArray(), End, .. U32((uint)bytes.Length), .. bytes]);
        return this;
    }

    public GuestBuilder Global(bool isMutable, int value, string? export = null)
    {
        if (export is not null)
        {
            _exports.Add([.. Name(export), 3, .. U32((uint)_globals.Count)]);
        }

        var code = new WasmCode();
        code.I32(value);
        _globals.Add([I32, isMutable ? (byte)1 : (byte)0, .. code.ToArray(), End]);
        return this;
    }

    /// <summary>Adds a name section with names of globals.</summary>
    public GuestBuilder GlobalName(int index, string name)
    {
        byte[] names = Vector([[.. U32((uint)index), .. Name(name)]]);
        _custom.Add(Section(0, [.. Name("name"), 7, .. U32((uint)names.Length), .. names]));
        return this;
    }

    public byte[] Build()
    {
        byte[] limits = Maximum is { } maximum ? [1, .. U32(Minimum), .. U32(maximum)] : [0, .. U32(Minimum)];
        if (ImportsMemory)
        {
            _imports.Add([.. Name("env"), .. Name("memory"), 2, .. limits]);
        }

        if (ExportsMemory)
        {
            _exports.Add([.. Name("memory"), 2, 0]);
        }

        byte[][] sections =
        [
            List(1, [.. _types]),
            List(2, [.. _imports]),
            List(3, [.. _functions]),
            ImportsMemory ? [] : List(5, limits),
            _globals.Count == 0 ? [] : List(6, [.. _globals]),
            List(7, [.. _exports]),
            _start < 0 ? [] : Section(8, U32((uint)_start)),
            List(10, [.. _bodies]),
            _data.Count == 0 ? [] : List(11, [.. _data]),
            .. _custom,
        ];
        return Module(sections);
    }

    private uint TypeIndex(byte[] parameters, byte[] results)
    {
        byte[] type = Type(parameters, results);
        var index = _types.FindIndex(known => known.AsSpan().SequenceEqual(type));
        if (index < 0)
        {
            index = _types.Count;
            _types.Add(type);
        }

        return (uint)index;
    }
}

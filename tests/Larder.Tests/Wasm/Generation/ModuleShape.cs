using System.Text;

namespace Larder.Tests.Wasm.Generation;

/// <summary>The declarations of a module that is being generated, and its binary form.</summary>
internal sealed class ModuleShape
{
    public const int MemoryPages = 1;
    public const int MaximumPages = 3;
    public const int TableLength = 24;
    public const int MaximumTableLength = 40;

    /// <summary>The first global: what a call has left of the loops and calls that it may enter.</summary>
    public const int BudgetGlobal = 0;

    public List<FunctionType> Types { get; } = [];

    /// <summary>Type of each function; the host's come first.</summary>
    public List<int> Functions { get; } = [];

    public List<GlobalType> Globals { get; } = [new(WasmType.I32, true)];

    /// <summary>Initial values of the globals, as code without its end.</summary>
    public List<byte[]> GlobalValues { get; } = [[0x41, 0]];

    /// <summary>Contents of the first, active table segment; the second one is passive and has the same.</summary>
    public List<int> Elements { get; } = [];

    public byte[] Data { get; set; } = [];

    public List<byte[]> Bodies { get; } = [];

    public static IReadOnlyList<(string Name, FunctionType Type)> Host { get; } =
    [
        ("mix", new([WasmType.I32, WasmType.F64], [WasmType.I64])),
        ("pair", new([WasmType.I32, WasmType.I64], [WasmType.I32, WasmType.I64])),
        ("pick", new([WasmType.ExternRef, WasmType.I32], [WasmType.ExternRef])),
    ];

    public FunctionType TypeOf(int function) => Types[Functions[function]];

    public int TypeIndex(FunctionType type)
    {
        var index = Types.IndexOf(type);
        if (index < 0)
        {
            index = Types.Count;
            Types.Add(type);
        }

        return index;
    }

    public byte[] Encode()
    {
        byte[][] imports = [.. Host.Select((host, index) => (byte[])[.. ModuleBytes.Name("h"), .. ModuleBytes.Name(host.Name), 0, .. ModuleBytes.U32((uint)Functions[index])])];
        byte[][] functions = [.. Functions.Skip(Host.Count).Select(static type => ModuleBytes.U32((uint)type))];
        byte[][] globals = [.. Globals.Select((global, index) => (byte[])[(byte)global.Type, (byte)(global.IsMutable ? 1 : 0), .. GlobalValues[index], ModuleBytes.End])];
        byte[] items = ModuleBytes.Vector([.. Elements.Select(static function => ModuleBytes.U32((uint)function))]);
        byte[] data = [.. ModuleBytes.U32((uint)Data.Length), .. Data];
        return ModuleBytes.Module(
            ModuleBytes.List(1, [.. Types.Select(static type => ModuleBytes.Type(Bytes(type.Parameters.AsSpan()), Bytes(type.Results.AsSpan())))]),
            ModuleBytes.List(2, imports),
            ModuleBytes.List(3, functions),
            ModuleBytes.List(4, [ModuleBytes.FuncRef, 1, TableLength, MaximumTableLength], [ModuleBytes.ExternRef, 1, TableLength, MaximumTableLength]),
            ModuleBytes.List(5, [1, MemoryPages, MaximumPages]),
            ModuleBytes.List(6, globals),
            ModuleBytes.List(7, Exports()),
            ModuleBytes.List(9, [0, 0x41, 2, ModuleBytes.End, .. items], [1, 0, .. items]),
            ModuleBytes.Section(12, 2),
            ModuleBytes.List(10, [.. Bodies]),
            ModuleBytes.List(11, [0, 0x41, 16, ModuleBytes.End, .. data], [1, .. data]));
    }

    private byte[][] Exports()
    {
        var exports = new List<byte[]>
        {
            Export("m", ExternKind.Memory, 0),
            Export("t0", ExternKind.Table, 0),
            Export("t1", ExternKind.Table, 1),
        };
        exports.AddRange(Enumerable.Range(0, Functions.Count).Select(static index => Export($"f{index}", ExternKind.Function, index)));

        // The host's language has no vectors.
        exports.AddRange(Enumerable.Range(0, Globals.Count)
            .Where(index => Globals[index].Type != WasmType.V128)
            .Select(static index => Export($"g{index}", ExternKind.Global, index)));
        return [.. exports];
    }

    private static byte[] Export(string name, ExternKind kind, int index) =>
        [.. ModuleBytes.U32((uint)Encoding.UTF8.GetByteCount(name)), .. Encoding.UTF8.GetBytes(name), (byte)kind, .. ModuleBytes.U32((uint)index)];

    private static byte[] Bytes(ReadOnlySpan<WasmType> types)
    {
        var bytes = new byte[types.Length];
        for (var index = 0; index < types.Length; index++)
        {
            bytes[index] = (byte)types[index];
        }

        return bytes;
    }
}

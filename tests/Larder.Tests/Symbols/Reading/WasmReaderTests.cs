using Larder.Symbols.Modules;
using Larder.Symbols.Tables;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Symbols.Reading;

/// <summary>Symbols of WebAssembly modules.</summary>
public sealed class WasmReaderTests
{
    [Fact]
    public void Every_part_has_its_name_kind_and_type()
    {
        using var table = Read(Everything());

        Assert.Equal("wonder", table.ModuleName);
        Assert.Equal(["env"], table.References);
        Assert.Equal(
            [
                "A:wonder Module Plain Public | ",
                "T:type[0] Type Delegate Internal | (i32) -> (i32)",
                "T:type[1] Type Delegate Internal | () -> ()",
                "M:env.log Function Method Internal | (i32) -> (i32)",
                "M:run Function Method Public | () -> ()",
                "M:helper Function Method Internal | () -> ()",
                "M:function[3] Function Method Internal | () -> ()",
                "F:counter Field Global Public | i32",
                "F:global[1] Constant Global Internal | i64 = -5",
                "F:memory Field Memory Public | memory",
                "F:table[0] Field Table Internal | funcref",
                "M:again Function Method Public | () -> ()",
            ],
            Enumerable.Range(0, table.Count).Select(symbol => Describe(table, symbol)));
    }

    [Fact]
    public void A_module_without_names_has_that_of_its_file()
    {
        using var table = Read(Module());

        Assert.Equal("module", table.ModuleName);
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void Equal_names_are_told_apart()
    {
        // The name section calls two functions the same.
        using var table = Read(Module(
            List(1, Type([], [])),
            List(3, [0], [0]),
            List(10, Body(), Body()),
            Custom("name", [1, .. Sized(Vector([0, .. Name("twin")], [1, .. Name("twin")]))])));

        var first = table.Find("M:twin"u8);
        var second = table.Find("M:twin#2"u8);

        Assert.Equal((0u, 1u), (table[first].Token, table[second].Token));
        Assert.Equal("M:twin#2", table.IdentifierOf(second));
        Assert.Equal(-1, table.Find("M:twin#3"u8));
    }

    /// <summary>A module with one of everything that has a name.</summary>
    internal static byte[] Everything() => Module(
        List(1, Type([I32], [I32]), Type([], [])),
        List(2, [.. Name("env"), .. Name("log"), 0, 0]),
        List(3, [1], [1], [1]),
        List(4, [FuncRef, 0, 1]),
        List(5, [0, 1]),
        List(6, [I32, 1, 0x41, 0, End], [I64, 0, 0x42, 0x7B, End]),
        List(7, [.. Name("run"), 0, 1], [.. Name("counter"), 3, 0], [.. Name("memory"), 2, 0], [.. Name("again"), 0, 1]),
        List(10, Body(), Body(), Body()),
        Custom("name", [0, .. Sized(Name("wonder")), 1, .. Sized(Vector([1, .. Name("inner")], [2, .. Name("helper")]))]));

    private static byte[] Custom(string name, byte[] content) => Section(0, [.. Name(name), .. content]);

    private static byte[] Sized(byte[] content) => [.. U32((uint)content.Length), .. content];

    private static string Describe(SymbolTable table, int symbol)
    {
        ref readonly var record = ref table[symbol];
        var value = table.TextString(record.Value);
        return $"{table.IdentifierOf(symbol)} {record.Kind} {record.Form} {record.Visibility} | {table.TextString(record.Type)}{(value.Length > 0 ? " = " + value : "")}";
    }

    private static SymbolTable Read(byte[] module)
    {
        using var bytes = new ModuleBytes(module);
        return SymbolTable.Open(TableMemory.Copy(ModuleReader.MakeTable(bytes, "/some/module.wasm", ModuleReader.Digest(bytes))));
    }
}

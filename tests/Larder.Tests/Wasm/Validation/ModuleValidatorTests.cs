using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Validation;

public sealed class ModuleValidatorTests
{
    private static readonly byte[] NoType = List(1, Type([], []));
    private static readonly byte[] Zero = [0x41, 0, End];

    public static TheoryData<string, string, byte[]> Invalid => new()
    {
        { "unknown type 0", "import", Module(List(2, [0, 0, 0, 0])) },
        { "unknown type 1", "function", Module(NoType, List(3, [1]), List(10, Body())) },
        { "size minimum must not be greater than maximum", "table", Module(List(4, [FuncRef, 1, 2, 1])) },
        { "size minimum must not be greater than maximum", "memory", Module(List(5, [1, 2, 1])) },
        { "size minimum must not be greater than maximum", "import", Module(List(2, [0, 0, 2, 1, 2, 1])) },
        { "memory size must be at most 65536 pages (4GiB)", "memory", Module(List(5, [0, 0x81, 0x80, 4])) },
        { "memory size must be at most 65536 pages (4GiB)", "memory", Module(List(5, [1, 0, 0x81, 0x80, 4])) },
        { "type mismatch: i32 is expected but the expression has i64", "global", Module(List(6, [I32, 0, 0x42, 0, End])) },
        { "type mismatch: a constant expression leaves one value", "global", Module(List(6, [I32, 0, End])) },
        { "type mismatch: a constant expression leaves one value", "global", Module(List(6, [I32, 0, 0x41, 0, 0x41, 0, End])) },
        { "type mismatch: i32 is expected but the stack is empty", "global", Module(List(6, [I32, 0, 0x6A, End])) },
        { "constant expression required: i32.eqz", "global", Module(List(6, [I32, 0, 0x41, 0, 0x45, End])) },
        { "constant expression required: global 0 is mutable", "global", Module(List(6, [I32, 1, .. Zero], [I32, 0, 0x23, 0, End])) },
        { "unknown global 0", "global", Module(List(6, [I32, 0, 0x23, 0, End])) },
        { "unknown function 0", "global", Module(List(6, [FuncRef, 0, 0xD2, 0, End])) },
        { "unknown global 0", "table", Module(List(4, [0x40, 0, FuncRef, 0, 0, 0x23, 0, End])) },
        { "unknown function 0", "export", Module(List(7, [0, 0, 0])) },
        { "unknown table 0", "export", Module(List(7, [0, 1, 0])) },
        { "unknown memory 0", "export", Module(List(7, [0, 2, 0])) },
        { "unknown global 0", "export", Module(List(7, [0, 3, 0])) },
        { "duplicate export name \"a\"", "export", Module(List(5, [0, 0]), List(7, [.. Name("a"), 2, 0], [.. Name("a"), 2, 0])) },
        { "unknown function 4", "start", Module(Section(8, 4)) },
        { "start function", "start", Module(List(1, Type([I32], [])), List(3, [0]), Section(8, 0), List(10, Body())) },
        { "unknown table 0", "element", Module(List(9, [0, .. Zero, 0])) },
        { "unknown function 3", "element", Module(List(9, [1, 0, 1, 3])) },
        { "type mismatch: a segment of externref", "element", Module(List(4, [FuncRef, 0, 0]), List(9, [6, 0, .. Zero, ExternRef, 0])) },
        { "type mismatch", "element", Module(List(9, [5, FuncRef, 1, 0xD0, ExternRef, End])) },
        { "type mismatch", "element", Module(List(4, [FuncRef, 0, 0]), List(9, [0, 0x42, 0, End, 0])) },
        { "unknown memory 0", "data", Module(List(11, [0, .. Zero, 0])) },
        { "type mismatch", "data", Module(List(5, [0, 0]), List(11, [0, 0x42, 0, End, 0])) },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Invalid_modules_are_refused_with_their_section(string message, string section, byte[] bytes)
    {
        var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes));

        Assert.Equal(WasmErrorKind.Invalid, exception.Kind);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Equal(section, exception.Location.Section);
        Assert.InRange(exception.Location.Offset, HeaderLength, bytes.Length);
        Assert.Equal(-1, exception.Location.Function);
    }

    [Fact]
    public void Constant_expressions_read_earlier_globals_only_with_extended_constants()
    {
        var own = Module(List(6, [I32, 0, .. Zero], [I32, 0, 0x23, 0, 0x41, 1, 0x6A, End]));
        var read = Module(List(6, [I32, 0, .. Zero], [I32, 0, 0x23, 0, End]));
        var imported = Module(List(2, [0, 0, 3, I32, 0]), List(6, [I32, 0, 0x23, 0, End]));
        const WasmFeatures Version2 = WasmFeatures.Version2;

        WasmModule.Parse(own);
        WasmModule.Parse(read);
        WasmModule.Parse(imported, features: Version2);

        Assert.Throws<WasmException>(() => WasmModule.Parse(read, features: Version2));
    }

    [Fact]
    public void Several_memories_and_tables_need_their_features()
    {
        var memories = Module(List(5, [0, 0], [0, 0]));
        var tables = Module(List(4, [FuncRef, 0, 0], [FuncRef, 0, 0]));

        WasmModule.Parse(memories);
        WasmModule.Parse(tables);

        var exception = Assert.Throws<WasmException>(
            () => WasmModule.Parse(memories, features: WasmFeatures.Version2));
        Assert.Contains("multiple memories", exception.Message, StringComparison.Ordinal);
        exception = Assert.Throws<WasmException>(() => WasmModule.Parse(tables, features: WasmFeatures.Core));
        Assert.Contains("multiple tables", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Functions_are_declared_by_exports_globals_tables_and_segments_but_not_by_the_start()
    {
        byte[] Make(byte[]? tables = null, byte[]? globals = null, byte[]? exports = null, byte[]? start = null, byte[]? elements = null) =>
            Module(
                NoType, List(3, [0]), tables ?? [], globals ?? [], exports ?? [], start ?? [], elements ?? [],
                List(10, Body(0xD2, 0, 0x1A)));

        WasmModule.Parse(Make(tables: List(4, [0x40, 0, FuncRef, 0, 1, 0xD2, 0, End])));
        WasmModule.Parse(Make(globals: List(6, [FuncRef, 0, 0xD2, 0, End])));
        WasmModule.Parse(Make(exports: List(7, [0, 0, 0])));
        WasmModule.Parse(Make(elements: List(9, [3, 0, 1, 0])));
        WasmModule.Parse(Make(elements: List(9, [5, FuncRef, 1, 0xD2, 0, End])));

        foreach (var bytes in new[] { Make(), Make(start: Section(8, 0)) })
        {
            var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes));
            Assert.Contains("undeclared function reference", exception.Message, StringComparison.Ordinal);
        }
    }
}

using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Decoding;

public sealed class ModuleDecoderTests
{
    public static TheoryData<string, string, int, byte[]> Malformed => new()
    {
        { "unexpected end", "", 0, [] },
        { "magic header not detected", "", 0, [1, 2, 3, 4, 1, 0, 0, 0] },
        { "unexpected end", "", 4, [0, 0x61, 0x73, 0x6D, 1] },
        { "unknown binary version", "", 4, [0, 0x61, 0x73, 0x6D, 2, 0, 0, 0] },
        { "a component", "", 4, [0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0] },
        { "malformed section id 14", "", 8, Module(Section(14)) },
        { "unexpected end", "", 9, [.. Header, 1] },
        { "length out of bounds", "", 10, [.. Header, 1, 5, 0] },
        { "unexpected content after last section", "", 11, Module(List(3), List(1)) },
        { "unexpected content after last section", "", 11, Module(List(1), List(1)) },
        { "section size mismatch", "type", 11, Module(Section(1, 0, 0)) },
        { "unexpected end of section or function", "type", 10, Module(Section(1, 1)) },
        { "malformed definition type 0x61", "type", 11, Module(Section(1, 1, 0x61, 0, 0)) },
        { "malformed value type 0x05", "type", 13, Module(Section(1, 1, 0x60, 1, 5, 0)) },
        { "malformed UTF-8 encoding", "custom", 10, Module(Section(0, 1, 0xFF)) },
        { "unexpected end", "custom", 10, Module(Section(0)) },
        { "malformed import kind 0x05", "import", 13, Module(Section(2, 1, 0, 0, 5, 0)) },
        { "malformed export kind 0x09", "export", 12, Module(Section(7, 1, 0, 9, 0)) },
        { "malformed reference type 0x7f", "table", 11, Module(Section(4, 1, I32, 0, 0)) },
        { "zero byte expected", "table", 12, Module(Section(4, 1, 0x40, 1, FuncRef, 0, 0)) },
        { "malformed limits flags 0x08", "memory", 11, Module(Section(5, 1, 8, 0)) },
        { "malformed mutability 0x02", "global", 12, Module(Section(6, 1, I32, 2, 0x41, 0, End)) },
        { "unexpected end of section or function", "global", 15, Module(Section(6, 1, I32, 0, 0x41, 0)) },
        { "illegal opcode ff", "global", 13, Module(Section(6, 1, I32, 0, 0xFF, End)) },
        { "malformed elements segment kind 8", "element", 11, Module(Section(9, 1, 8, 0, 0)) },
        { "malformed element kind", "element", 12, Module(Section(9, 1, 1, 1, 0)) },
        { "malformed data segment kind 3", "data", 11, Module(Section(11, 1, 3, 0)) },
        { "function and code section have inconsistent lengths", "", 18, Module(List(1, Type([], [])), List(3, [0])) },
        { "function and code section have inconsistent lengths", "code", 10, Module(List(10, Body())) },
        { "data count and data section have inconsistent lengths", "data", 13, Module(Section(12, 1), List(11)) },
        { "data count and data section have inconsistent lengths", "", 11, Module(Section(12, 1)) },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Malformed_modules_are_refused_with_their_place(string message, string section, int offset, byte[] bytes)
    {
        var exception = Assert.Throws<WasmException>(() => WasmModule.Decode(bytes));

        Assert.Equal(WasmErrorKind.Malformed, exception.Kind);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Equal(section, exception.Location.Section ?? "");
        Assert.Equal(offset, exception.Location.Offset);
    }

    [Fact]
    public void Too_many_locals_are_malformed()
    {
        var body = RawBody(2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, I32, 1, I64, End);
        var bytes = FunctionWithBody([], [], body);

        var exception = Assert.Throws<WasmException>(() => WasmModule.Decode(bytes));

        Assert.Equal(WasmErrorKind.Malformed, exception.Kind);
        Assert.Contains("too many locals", exception.Message, StringComparison.Ordinal);
        Assert.Equal("code", exception.Location.Section);
        Assert.Equal(1, exception.Location.Function);
    }

    [Fact]
    public void All_parts_are_decoded()
    {
        byte[] code = [0x41, 1, 0x1A];
        var bytes = Function([I32], [], code);

        var module = WasmModule.Decode(bytes);

        Assert.Equal(bytes.Length, module.ByteLength);
        Assert.Equal(3, module.Types.Length);
        Assert.Equal("(i32 i64) -> (f32)", module.Types[2].ToString());
        Assert.Equal([0, 1], module.FunctionTypes);
        Assert.Equal(1, module.ImportedFunctionCount);
        Assert.Equal(new ModuleImport("m", "f", ExternKind.Function) { Function = module.Types[0] }, module.Imports[0]);
        Assert.Equal(new TableType(WasmType.FuncRef, new Limits(1, null)), Assert.Single(module.Tables));
        Assert.Equal(new MemoryType(new Limits(1, null)), Assert.Single(module.Memories));
        Assert.Equal([true, false], module.Globals.Select(static g => g.IsMutable));
        Assert.Equal(Opcode.I32Const, module.DefinedGlobals[0].Initial.Kind);
        Assert.Equal(new ModuleExport("g", ExternKind.Global, 0), Assert.Single(module.Exports));
        Assert.Equal(SegmentMode.Passive, Assert.Single(module.Elements).Mode);
        Assert.Equal(1, module.DataCount);
        Assert.Equal([0xAA], Assert.Single(module.Data).Bytes.ToArray());
        var body = Assert.Single(module.Bodies);
        Assert.Equal([.. code, End], body.Code.ToArray());
        Assert.Equal(CodeOffset(bytes, code), body.Offset);
        Assert.Equal(-1, module.StartFunction);
    }

    [Fact]
    public void Single_constants_are_values_and_others_are_code()
    {
        var bytes = Module(List(
            6,
            [I32, 0, 0x41, 0x7F, End],
            [I64, 0, 0x42, 0x7F, End],
            [F32, 0, 0x43, 0, 0, 0x80, 0x3F, End],
            [I32, 0, 0x41, 1, 0x41, 2, 0x6A, End],
            [ExternRef, 0, 0xD0, ExternRef, End]));

        var globals = WasmModule.Parse(bytes).DefinedGlobals;

        Assert.Equal(
            [
                (Opcode.I32Const, 0xFFFF_FFFFUL), (Opcode.I64Const, ulong.MaxValue), (Opcode.F32Const, 0x3F80_0000UL),
                (Opcode.End, 0UL), (Opcode.RefNull, (ulong)WasmType.ExternRef),
            ],
            globals.Select(static g => (g.Initial.Kind, g.Initial.Value)));
        Assert.Equal([0x41, 1, 0x41, 2, 0x6A, End], globals[3].Initial.Code.ToArray());
    }

    [Fact]
    public void Features_that_are_off_are_unsupported()
    {
        (WasmFeatures Feature, byte[] Bytes)[] cases =
        [
            (WasmFeatures.Memory64, Module(Section(5, 1, 4, 0))),
            (WasmFeatures.Memory64, Module(Section(4, 1, FuncRef, 4, 0))),
            (WasmFeatures.Simd, Module(List(1, Type([V128], [])))),
            (WasmFeatures.ReferenceTypes, Module(List(1, Type([ExternRef], [])))),
            (WasmFeatures.BulkMemory, Module(Section(12, 0))),
            (WasmFeatures.BulkMemory, Module(List(11, [1, 0]))),
            (WasmFeatures.ExtendedConstants, Module(List(6, [I32, 0, 0x41, 1, 0x41, 2, 0x6A, End]))),
        ];

        foreach (var (feature, bytes) in cases)
        {
            const WasmFeatures All = WasmFeatures.Default | WasmFeatures.Memory64;
            WasmModule.Parse(bytes, features: All);

            var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes, features: All & ~feature));
            Assert.Equal(
                feature == WasmFeatures.ExtendedConstants ? WasmErrorKind.Invalid : WasmErrorKind.Unsupported,
                exception.Kind);
        }
    }

    [Fact]
    public void Features_that_the_engine_lacks_are_unsupported_rather_than_malformed()
    {
        byte[][] cases =
        [
            Module(Section(13, 0)), // A tag.
            Module(Section(1, 1, 0x5F, 0, 0)), // A structure.
            Module(Section(5, 1, 3, 0, 1)), // A shared memory.
            Module(Section(1, 1, 0x60, 1, 0x64, FuncRef, 0)), // A reference that is never null.
        ];

        foreach (var bytes in cases)
        {
            Assert.Equal(WasmErrorKind.Unsupported, Assert.Throws<WasmException>(() => WasmModule.Decode(bytes)).Kind);
        }
    }
}

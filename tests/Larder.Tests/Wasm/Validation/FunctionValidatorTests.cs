using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Validation;

public sealed class FunctionValidatorTests
{
    // Expected message, offset of the instruction to blame from the start of the code, the code.
    public static TheoryData<string, int, byte[]> Invalid => new()
    {
        { "type mismatch: i32.add expects i32 but the stack has f32", 7, [0x41, 0, 0x43, 0, 0, 0, 0, 0x6A, 0x1A] },
        { "type mismatch: i32.add expects i32 but the stack of its block is empty", 2, [0x41, 0, 0x6A] },
        { "type mismatch: drop expects a value", 0, [0x1A] },
        { "type mismatch: end expects no more values but the stack has i64", 2, [0x42, 0] },
        { "type mismatch: end expects i32", 2, [0x02, I32, End, 0x1A] },
        { "type mismatch: i64.load32_u expects i32 but the stack has i64", 2, [0x42, 0, 0x35, 2, 0, 0x1A] },
        { "type mismatch: i32.store8 expects i32 but the stack has f64", 11, [0x41, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x3A, 0, 0] },
        { "type mismatch: if expects i32", 0, [0x04, Empty, End] },
        { "type mismatch: an if without else must leave the types that it takes", 6, [0x41, 0, 0x04, I32, 0x41, 0, End, 0x1A] },
        { "type mismatch: br expects i32", 2, [0x02, I32, 0x0C, 0, End, 0x1A] },
        { "type mismatch: br_if expects i32 but the stack has i64", 2, [0x42, 0, 0x0D, 0] },
        { "type mismatch: labels of a br_table carry 0 and 1 values", 4, [0x02, I32, 0x41, 0, 0x0E, 1, 1, 0, End, 0x1A] },
        { "type mismatch: select has i32 and i64", 6, [0x41, 0, 0x42, 0, 0x41, 0, 0x1B, 0x1A] },
        { "type mismatch: select without a type takes no references", 6, [0xD0, FuncRef, 0xD0, FuncRef, 0x41, 0, 0x1B, 0x1A] },
        { "type mismatch: ref.is_null expects a reference but the stack has i32", 2, [0x41, 0, 0xD1, 0x1A] },
        { "type mismatch: table.set expects funcref but the stack has externref", 4, [0x41, 0, 0xD0, ExternRef, 0x26, 0] },
        { "type mismatch: memory.fill expects i32 but the stack has i64", 6, [0x41, 0, 0x41, 0, 0x42, 0, 0xFC, 0x0B, 0] },
        { "type mismatch: i32.trunc_sat_f32_s expects f32 but the stack has i32", 2, [0x41, 0, 0xFC, 0, 0x1A] },
        { "type mismatch: call_indirect expects i64 but the stack has i32", 4, [0x41, 0, 0x41, 0, 0x11, 2, 0, 0x1A] },
        { "type mismatch: return_call_indirect of (i32 i64) -> (f32)", 6, [0x41, 0, 0x42, 0, 0x41, 0, 0x13, 2, 0] },
        { "invalid result arity", 6, [0x41, 0, 0x41, 0, 0x41, 0, 0x1C, 0, 0x1A] },
        { "unknown local 0", 0, [0x20, 0, 0x1A] },
        { "unknown global 2", 0, [0x23, 2, 0x1A] },
        { "immutable global", 2, [0x41, 0, 0x24, 1] },
        { "unknown function 2", 0, [0x10, 2] },
        { "unknown label 1", 0, [0x0C, 1] },
        { "unknown type 3", 2, [0x41, 0, 0x11, 3, 0] },
        { "unknown type 9", 0, [0x02, 9, End] },
        { "unknown table 1", 0, [0xFC, 0x10, 1, 0x1A] },
        { "unknown memory 1", 0, [0x3F, 1, 0x1A] },
        { "unknown elem segment 1", 0, [0xFC, 0x0D, 1] },
        { "unknown data segment 1", 0, [0xFC, 0x09, 1] },
        { "alignment must not be larger than natural", 2, [0x41, 0, 0x28, 3, 0, 0x1A] },
        { "offset out of range", 2, [0x41, 0, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1A] },
        { "undeclared function reference", 0, [0xD2, 1, 0x1A] },
    };

    // Code of a function without parameters and results.
    private static readonly byte[][] Valid =
    [
        [],
        [0x01],
        [0x41, 0, 0x1A],
        [0x02, Empty, 0x0C, 0, 0x6A, 0x1A, End], // What follows a branch can pop anything.
        [0x00, 0x1B, 0x1A],
        [0x00, 0x0E, 1, 0, 0],
        [0x02, I32, 0x00, 0x0D, 0, End, 0x1A],
        [0x02, I32, 0x41, 0, 0x41, 0, 0x0E, 2, 0, 0, 0, End, 0x1A],
        [0x41, 0, 0x04, I32, 0x41, 1, 0x05, 0x41, 2, End, 0x1A],
        [0x41, 0, 0x42, 0, 0x02, 2, 0x1A, 0x1A, 0x43, 0, 0, 0, 0, End, 0x1A], // A block with parameters.
        [0x41, 0, 0x42, 0, 0x03, 2, 0x0C, 0, End, 0x1A],
        [0xD2, 0, 0x1A], // Function 0 is declared by an element segment.
        [0xD0, FuncRef, 0xD0, FuncRef, 0x41, 0, 0x1C, 1, FuncRef, 0xD1, 0x1A],
        [0x12, 0],
        [0x41, 0, 0x13, 0, 0],
        [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 0x08, 0, 0],
        [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 0x0A, 0, 0],
        [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 0x0C, 0, 0],
        [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 0x0E, 0, 0],
        [0xD0, FuncRef, 0x41, 0, 0xFC, 0x0F, 0, 0x1A],
        [0x41, 0, 0x28, 0x42, 0, 0, 0x1A], // Memory 0 by its index.
    ];

    public static TheoryData<string, byte[]> MalformedCode => new()
    {
        { "illegal opcode ff", [0xFF] },
        { "illegal opcode 27", [0x27] },
        { "illegal opcode fc", [0xFC, 0x20] },
        { "malformed memop flags", [0x41, 0, 0x28, 0x80, 1, 0, 0x1A] },
        { "END opcode expected", [End] },
        { "END opcode expected", [0x05] },
        { "integer representation too long", [0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x1A] },
        { "malformed block type", [0x02, 0xC0, 0x7F, End] },
        { "END opcode expected", [0x02, Empty] },
        { "unexpected end", [0x43, 0] },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Invalid_code_is_refused_with_its_place(string message, int instruction, byte[] code)
    {
        var bytes = Function([], [], code);

        var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes));

        Assert.Equal(WasmErrorKind.Invalid, exception.Kind);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Equal(
            new ModuleLocation("code", CodeOffset(bytes, code) + instruction, 1), exception.Location);
    }

    [Fact]
    public void Valid_code_is_taken()
    {
        foreach (var code in Valid)
        {
            var refusal = Record.Exception(() => WasmModule.Parse(Function([], [], code)));
            Assert.True(refusal is null, $"{Convert.ToHexString(code)}: {refusal?.Message}");
        }
    }

    [Theory]
    [MemberData(nameof(MalformedCode))]
    public void Malformed_code_is_refused(string message, byte[] code)
    {
        var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(Function([], [], code)));

        Assert.Equal(WasmErrorKind.Malformed, exception.Kind);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Equal(("code", 1), (exception.Location.Section, exception.Location.Function));
    }

    [Fact]
    public void Data_instructions_need_the_data_count_section()
    {
        var bytes = Module(
            List(1, Type([], [])), List(3, [0]), List(10, Body(0xFC, 0x09, 0)), List(11, [1, 1, 0xAA]));

        var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes));

        Assert.Equal(WasmErrorKind.Malformed, exception.Kind);
        Assert.Contains("data count section required", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parameters_and_locals_share_an_index_space()
    {
        // Locals: one i32 parameter, two i64, one f32.
        byte[] body = RawBody(2, 2, I64, 1, F32, 0x20, 0, 0x1A, 0x20, 2, 0x50, 0x1A, 0x20, 3, 0x8B, 0x1A, End);
        byte[] wrong = RawBody(2, 2, I64, 1, F32, 0x20, 2, 0x8B, 0x1A, End);

        WasmModule.Parse(FunctionWithBody([I32], [], body));

        Assert.Throws<WasmException>(() => WasmModule.Parse(FunctionWithBody([I32], [], wrong)));
    }

    [Fact]
    public void Instructions_of_features_that_are_off_are_unsupported()
    {
        (WasmFeatures Feature, byte[] Code)[] cases =
        [
            (WasmFeatures.TailCalls, [0x12, 0]),
            (WasmFeatures.Simd, [0x00, 0x02, V128, 0x00, End, 0x1A]),
        ];

        foreach (var (feature, code) in cases)
        {
            var bytes = Function([], [], code);
            WasmModule.Parse(bytes);

            var exception = Assert.Throws<WasmException>(
                () => WasmModule.Parse(bytes, features: WasmFeatures.Default & ~feature));
            Assert.Equal(WasmErrorKind.Unsupported, exception.Kind);
        }
    }

    [Fact]
    public void Addresses_of_64_bit_memories_are_64_bit()
    {
        byte[] Make(params byte[] code) =>
            Module(List(1, Type([], [])), List(3, [0]), List(5, [4, 1]), List(10, Body(code)));
        const WasmFeatures Features = WasmFeatures.Default | WasmFeatures.Memory64;

        WasmModule.Parse(Make(0x42, 0, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1A), features: Features);
        WasmModule.Parse(Make(0x3F, 0, 0x50, 0x1A), features: Features);

        Assert.Throws<WasmException>(() => WasmModule.Parse(Make(0x41, 0, 0x28, 2, 0, 0x1A), features: Features));
    }

    [Fact]
    public void The_first_error_is_reported_whatever_the_number_of_threads()
    {
        // Enough code for several threads; functions 700, 1500 and 1501 are wrong.
        byte[] good = Body([.. Enumerable.Repeat(new byte[] { 0x41, 0, 0x1A }, 100).SelectMany(static c => c)]);
        var bodies = Enumerable.Repeat(good, 2_000).ToArray();
        bodies[700] = Body(0x1A);
        bodies[1_500] = Body(0x6A);
        bodies[1_501] = Body(0xFF);
        var types = Enumerable.Repeat(new byte[] { 0 }, bodies.Length).ToArray();
        var bytes = Module(List(1, Type([], [])), List(3, types), List(10, bodies));

        for (var threads = 1; threads <= 4; threads++)
        {
            var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes, threads: threads));
            Assert.Equal(700, exception.Location.Function);
        }
    }
}

using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Decoding;

/// <summary>Modules that announce more than they have, or ask for more than they may.</summary>
public sealed class HostileModuleTests
{
    private static readonly byte[] Huge = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];

    [Fact]
    public void Huge_counts_in_small_modules_allocate_nothing()
    {
        var modules = new List<byte[]>();
        foreach (var id in new[] { 1, 2, 3, 4, 5, 6, 7, 9, 10, 11 })
        {
            modules.Add(Module(Section(id, Huge)));
            modules.Add(Module(Section(id, [.. Huge, .. new byte[16]])));
        }

        modules.Add(Module(Section(1, [1, 0x60, .. Huge, I32])));
        modules.Add(Module(Section(2, [1, .. Huge, 0x61])));
        modules.Add(Module(Section(9, [1, 1, 0, .. Huge, 0])));
        modules.Add(Module(Section(11, [1, 1, .. Huge, 0])));
        modules.Add(FunctionWithBody([], [], RawBody([.. Huge, I32, End])));
        modules.Add(FunctionWithBody([], [], RawBody([1, .. Huge, I32, End])));
        modules.Add(Function([], [], [0x0E, .. Huge, 0]));
        foreach (var module in modules)
        {
            Refused(module);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var module in modules)
        {
            Refused(module);
        }

        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / modules.Count;
        Assert.InRange(each, 0, 32 * 1024);
    }

    public static TheoryData<string, byte[]> BeyondLimits => new()
    {
        { "Types", Module(List(1, Repeat(11, Type([], [])))) },
        { "Imports", Module(List(1, Type([], [])), List(2, Repeat(11, [0, 0, 0, 0]))) },
        { "Functions", Module(List(1, Type([], [])), List(2, Repeat(6, [0, 0, 0, 0])), List(3, Repeat(5, [0]))) },
        { "Tables", Module(List(4, Repeat(11, [FuncRef, 0, 0]))) },
        { "Memories", Module(List(5, Repeat(11, [0, 0]))) },
        { "Globals", Module(List(6, Repeat(11, [I32, 0, 0x41, 0, End]))) },
        { "Exports", Module(List(7, Repeat(11, [0, 0, 0]))) },
        { "ElementSegments", Module(List(9, Repeat(11, [1, 0, 0]))) },
        { "ElementItems", Module(List(9, [1, 0, .. Vector(Repeat(6, [0]))], [1, 0, .. Vector(Repeat(5, [0]))])) },
        { "DataSegments", Module(List(11, Repeat(11, [1, 0]))) },
        { "DataSegments", Module(Section(12, 11)) },
        { "CustomSections", Module(Repeat(11, Section(0, 0))) },
        { "Parameters", Module(List(1, Type([.. Enumerable.Repeat(I32, 11)], []))) },
        { "Results", Module(List(1, Type([], [.. Enumerable.Repeat(I32, 11)]))) },
        { "Locals", FunctionWithBody([I32], [], RawBody(1, 10, I32, End)) },
        { "NameBytes", Module(List(7, [.. Name("more than ten"), 0, 0])) },
        { "FunctionBytes", Function([], [], [.. Enumerable.Repeat((byte)1, 10)]) },
        { "BlockDepth", Function([], [], Nested(11)) },
        { "OperandDepth", Function([], [], [.. Enumerable.Repeat(new byte[] { 0x41, 0 }, 11).SelectMany(static c => c)]) },
        { "BranchTableLabels", Function([], [], [0x41, 0, 0x0E, 11, .. new byte[12]]) },
    };

    [Theory]
    [MemberData(nameof(BeyondLimits))]
    public void Every_limit_refuses_one_more_than_it_allows(string limit, byte[] bytes)
    {
        WasmErrorKind? WithLimit(int value)
        {
            var limits = new ModuleLimits();
            typeof(ModuleLimits).GetProperty(limit)!.SetValue(limits, value); // The theory names existing properties.
            try
            {
                WasmModule.Parse(bytes, limits);
                return null;
            }
            catch (WasmException exception)
            {
                return exception.Kind;
            }
        }

        Assert.Equal(WasmErrorKind.LimitExceeded, WithLimit(10));
        Assert.NotEqual(WasmErrorKind.LimitExceeded, WithLimit(13));
    }

    [Fact]
    public void The_length_of_a_module_is_limited()
    {
        var bytes = Module();

        Assert.Equal(
            WasmErrorKind.LimitExceeded,
            Assert.Throws<WasmException>(() => WasmModule.Decode(bytes, new ModuleLimits { ModuleBytes = 7 })).Kind);
        WasmModule.Parse(bytes, new ModuleLimits { ModuleBytes = 8 });
    }

    [Fact]
    public void Hundred_thousand_nested_blocks_do_not_need_the_stack()
    {
        const int Depth = 100_000;
        var bytes = Function([], [], Nested(Depth));

        var refused = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes));
        WasmModule.Parse(bytes, new ModuleLimits { BlockDepth = Depth });

        Assert.Equal(WasmErrorKind.LimitExceeded, refused.Kind);
    }

    [Fact]
    public void Long_constant_expressions_are_bounded()
    {
        const int Length = 100_000;
        byte[] sum =
        [
            I32, 0, .. Enumerable.Repeat(new byte[] { 0x41, 1 }, Length).SelectMany(static c => c),
            .. Enumerable.Repeat((byte)0x6A, Length - 1), End,
        ];
        var bytes = Module(List(6, sum));

        Assert.Equal(WasmErrorKind.LimitExceeded, Assert.Throws<WasmException>(() => WasmModule.Parse(bytes)).Kind);
        WasmModule.Parse(bytes, new ModuleLimits { OperandDepth = Length });
    }

    [Fact]
    public void Wide_types_do_not_make_validation_slow()
    {
        // A million calls in code that is never reached, each of which pops and pushes a thousand values.
        var types = Enumerable.Repeat(I32, 1_000).ToArray();
        byte[] code =
        [
            0x00, .. Enumerable.Repeat(new byte[] { 0x10, 0 }, 1_000_000).SelectMany(static c => c), 0x00,
        ];
        var bytes = Module(List(1, Type(types, types)), List(3, [0]), List(10, Body(code)));

        var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(bytes));

        Assert.Equal(WasmErrorKind.LimitExceeded, exception.Kind);
        Assert.Contains("for each byte", exception.Message, StringComparison.Ordinal);
    }

    private static void Refused(byte[] module)
    {
        var exception = Assert.Throws<WasmException>(() => WasmModule.Parse(module));
        Assert.True(exception.Kind is WasmErrorKind.Malformed or WasmErrorKind.LimitExceeded, exception.Message);
    }

    private static byte[] Nested(int depth) =>
    [
        .. Enumerable.Repeat(new byte[] { 0x02, Empty }, depth).SelectMany(static b => b),
        .. Enumerable.Repeat(End, depth),
    ];

    private static byte[][] Repeat(int count, byte[] entry) => [.. Enumerable.Repeat(entry, count)];
}

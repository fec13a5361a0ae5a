using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Compilation;

/// <summary>Values of one and two bytes, where the JIT compiler looks through the load or the cast.</summary>
public sealed class NarrowValueTests
{
    private static readonly byte[] Bytes = [0x11, 0x92, 0x33, 0xC4, 0x55, 0xF6, 0x77, 0x88];

    public static TheoryData<string, byte[], int> Values => new()
    {
        { "load8_s", [0x20, 0, 0x2C, 0, 1], -110 },
        { "load8_u", [0x20, 0, 0x2D, 0, 1], 0x92 },
        { "load16_s", [0x20, 0, 0x2E, 0, 3], 0x55C4 },
        { "load16_u", [0x20, 0, 0x2F, 0, 0], 0x9211 },
        { "load8_s through a local", [0x20, 0, 0x2C, 0, 1, 0x21, 0, 0x20, 0], -110 },
        { "load8_s and tee", [0x20, 0, 0x2C, 0, 1, 0x22, 0], -110 },
        { "load8_s through a block", [0x02, I32, 0x20, 0, 0x2C, 0, 1, 0x20, 0, 0x0D, 0, End], -110 },
        { "load and extend8_s", [0x20, 0, 0x28, 0, 1, 0xC0], -110 },
        { "load and mask", [0x20, 0, 0x28, 0, 1, 0x41, 0xFF, 1, 0x71], 0x92 },
        { "i64.load and wrap", [0x20, 0, 0x29, 0, 0, 0xA7], unchecked((int)0xC4339211) },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Reinterpreting_a_narrow_value_keeps_its_bits(string name, byte[] value, int expected)
    {
        foreach (var options in new CompileOptions[] { new(), new() { MemoryChecks = MemoryChecks.Explicit } })
        {
            // To a float, stored and read as an integer; and back at once.
            byte[] stored = [0x41, 32, .. value, 0xBE, 0x38, 0, 0, 0x41, 32, 0x28, 0, 0];
            byte[] back = [.. value, 0xBE, 0xBC];

            Assert.True(Run(stored, options) == expected, name);
            Assert.True(Run(back, options) == expected, name);
        }
    }

    private static int Run(byte[] code, CompileOptions options)
    {
        var module = Module(
            List(1, Type([I32], [I32])),
            List(3, [0]),
            List(5, [0, 1]),
            List(7, [.. Name("f"), 0, 0]),
            List(10, Body(code)),
            List(11, [0, 0x41, 0, End, .. U32((uint)Bytes.Length), .. Bytes]));
        using var store = new Store();
        var function = store.Instantiate(CompiledModule.Compile(module, options)).Function("f")!; // The module exports it.
        Assert.Null(function.TryCall(out var results, 0));
        return results![0].I32;
    }
}

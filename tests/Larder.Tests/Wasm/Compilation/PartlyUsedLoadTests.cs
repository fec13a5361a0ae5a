using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Compilation;

/// <summary>
/// Loads that straddle the end of a memory and of which less is used than is loaded: the JIT compiler would read only what
/// is used, and guard pages would not be met.
/// </summary>
public sealed class PartlyUsedLoadTests
{
    private const int MemoryBytes = 65_536;

    // Program, bytes of its access, the type of the result or none, the code behind the address.
    public static TheoryData<string, int, byte[], byte[]> Programs => new()
    {
        { "i32.load16_u, drop", 2, [], [0x2F, 0, 0, 0x1A] },
        { "i32.load, drop", 4, [], [0x28, 0, 0, 0x1A] },
        { "i64.load, drop", 8, [], [0x29, 0, 0, 0x1A] },
        { "f64.load, drop", 8, [], [0x2B, 0, 0, 0x1A] },
        { "v128.load, drop", 16, [], [0xFD, 0, 0, 0, 0x1A] },
        { "v128.load64_zero, drop", 8, [], [0xFD, 0x5D, 0, 0, 0x1A] },
        { "i64.load, i32.wrap_i64", 8, [I32], [0x29, 0, 0, 0xA7] },
        { "i64.load, i64.extend32_s", 8, [I64], [0x29, 0, 0, 0xC4] },
        { "i32.load, i32.extend8_s", 4, [I32], [0x28, 0, 0, 0xC0] },
        { "i32.load, i32.const 255, i32.and", 4, [I32], [0x28, 0, 0, 0x41, 0xFF, 1, 0x71] },
        { "i32.load, i32.const 65535, i32.and", 4, [I32], [0x28, 0, 0, 0x41, 0xFF, 0xFF, 3, 0x71] },
        { "i32.load16_u, i32.const 255, i32.and", 2, [I32], [0x2F, 0, 0, 0x41, 0xFF, 1, 0x71] },
        { "v128.load, i32x4.extract_lane 0", 16, [I32], [0xFD, 0, 0, 0, 0xFD, 0x1B, 0] },
        { "v128.load, i8x16.extract_lane_s 0", 16, [I32], [0xFD, 0, 0, 0, 0xFD, 0x15, 0] },
        { "v128.load, i16x8.extend_low_i8x16_s", 16, [V128], [0xFD, 0, 0, 0, 0xFD, 0x87, 1] },
        { "v128.load, f64x2.promote_low_f32x4", 16, [V128], [0xFD, 0, 0, 0, 0xFD, 0x5F] },
    };

    [Theory]
    [MemberData(nameof(Programs))]
    public void Straddling_the_end_is_a_trap(string program, int bytes, byte[] results, byte[] code)
    {
        var module = Module(
            List(1, Type([I32], results)),
            List(3, [0]),
            List(5, [0, 1]),
            List(7, [.. Name("f"), 0, 0]),
            List(10, Body([0x20, 0, .. code])));

        foreach (var checks in new[] { MemoryChecks.Auto, MemoryChecks.Explicit })
        {
            using var store = new Store();
            var compiled = CompiledModule.Compile(module, new CompileOptions { MemoryChecks = checks });
            var function = store.Instantiate(compiled).Function("f")!; // Exported above.

            Assert.Null(function.TryCall(out _, MemoryBytes - bytes));
            for (var beyond = 1; beyond < bytes; beyond++)
            {
                var trap = function.TryCall(out _, MemoryBytes - bytes + beyond);
                Assert.True(trap?.Kind == TrapKind.MemoryOutOfBounds, $"{program} with {checks}: {beyond} bytes beyond");
            }
        }
    }
}

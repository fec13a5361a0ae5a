using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Compilation;

/// <summary>
/// Rotated values that are compared with zero: the JIT compiler believes that a rotation sets the zero flag and would leave
/// the comparison out.
/// </summary>
public sealed class RotationTests
{
    private const byte WrapI64 = 0xA7;
    private const byte I64Eqz = 0x50;
    private const byte I32Eqz = 0x45;

    // Rotates the parameter by 7, in all the ways that the JIT compiler knows for one.
    private static readonly byte[] RotateLeft = [0x20, 0, 0x42, 7, 0x89];
    private static readonly byte[] ShiftLeft = [0x20, 0, 0x42, 7, 0x86];
    private static readonly byte[] ShiftRight = [0x20, 0, 0x42, 57, 0x88];

    // Programs that answer 1 for 0, and 0 for everything else. Local 1 is an i64, local 2 an i64, local 3 an i32.
    public static TheoryData<string, byte[]> Programs => new()
    {
        { "rotl, eqz", [.. RotateLeft, I64Eqz] },
        { "rotr, const 0, eq", [0x20, 0, 0x42, 1, 0x8A, 0x42, 0, 0x51] },
        { "const 0, rotl, eq", [0x42, 0, .. RotateLeft, 0x51] },
        { "i32.rotl, eqz", [0x20, 0, WrapI64, 0x41, 9, 0x77, I32Eqz] },
        { "i32.rotr, extend, eqz", [0x20, 0, WrapI64, 0x41, 9, 0x78, 0xAD, I64Eqz] },
        { "i32.rotl, if", [0x20, 0, WrapI64, 0x41, 9, 0x77, 0x04, I32, 0x41, 0, 0x05, 0x41, 1, End] },
        { "i32.rotl, br_if", [0x02, I32, 0x41, 0, 0x20, 0, WrapI64, 0x41, 9, 0x77, 0x0D, 0, 0x1A, 0x41, 1, End] },
        { "i32.rotl, select", [0x41, 0, 0x41, 1, 0x20, 0, WrapI64, 0x41, 9, 0x77, 0x1B] },
        { "rotl, eqz, if", [.. RotateLeft, I64Eqz, 0x04, I32, 0x41, 1, 0x05, 0x41, 0, End] },
        { "rotl, local.set, eqz", [.. RotateLeft, 0x21, 1, 0x20, 1, I64Eqz] },
        { "rotl, local.tee, eqz", [.. RotateLeft, 0x22, 1, I64Eqz] },
        { "rotl by a local, eqz", [0x42, 7, 0x21, 1, 0x20, 0, 0x20, 1, 0x89, I64Eqz] },
        { "rotl, xor 0, eqz", [.. RotateLeft, 0x42, 0, 0x85, I64Eqz] },
        { "rotl, and -1, eqz", [.. RotateLeft, 0x42, 0x7F, 0x83, I64Eqz] },
        { "rotl, add a local that is 0, eqz", [.. RotateLeft, 0x20, 1, 0x7C, I64Eqz] },
        { "rotl, multiplied by a comparison that holds, eqz", [.. RotateLeft, 0x42, 1, 0x7E, I64Eqz] },
        { "shl, shr_u, or, eqz", [.. ShiftLeft, .. ShiftRight, 0x84, I64Eqz] },
        { "shr_u, shl, xor, eqz", [.. ShiftRight, .. ShiftLeft, 0x85, I64Eqz] },
        { "mul, shr_u, or, eqz", [0x20, 0, 0x42, 0x80, 1, 0x7E, .. ShiftRight, 0x84, I64Eqz] },
        { "shifts through locals, or, eqz", [.. ShiftLeft, 0x21, 1, .. ShiftRight, 0x21, 2, 0x20, 1, 0x20, 2, 0x84, I64Eqz] },
        { "a function that rotates, eqz", [0x20, 0, 0x10, 1, I64Eqz] },
        { "rotl, a function that compares", [.. RotateLeft, 0x10, 2] },
        { "a block that rotates, eqz", [0x02, I64, .. RotateLeft, End, I64Eqz] },
    };

    [Theory]
    [MemberData(nameof(Programs))]
    public void What_was_rotated_compares_with_zero(string program, byte[] code)
    {
        var module = Module(
            List(1, Type([I64], [I32]), Type([I64], [I64])),
            List(3, [0], [1], [0]),
            List(7, [.. Name("f"), 0, 0]),
            List(10, RawBody([2, 2, I64, 1, I32, .. code, End]), Body(RotateLeft), Body(0x20, 0, I64Eqz)));

        foreach (var options in new CompileOptions[] { new(), new() { MemoryChecks = MemoryChecks.Explicit, Fuel = true } })
        {
            using var store = new Store();
            var function = store.Instantiate(CompiledModule.Compile(module, options)).Function("f")!; // Exported above.

            foreach (var value in new[] { 0L, 1, 5, 0, long.MaxValue, 0 })
            {
                Assert.Null(function.TryCall(out var results, value));
                Assert.True((value == 0 ? 1 : 0) == results![0].I32, $"{program} of {value}");
            }
        }
    }
}

using System.Reflection;
using System.Runtime.Intrinsics;
using Larder.Tests.Wasm.Runtime;
using Larder.Wasm.Runtime;
using Larder.Wasm.Validation;

namespace Larder.Tests.Wasm.Validation;

public sealed class SimdInstructionsTests
{
    private static readonly int[] Unassigned =
    [
        0x9A, 0xA2, 0xA5, 0xA6, 0xAF, 0xB0, 0xB2, 0xB3, 0xB4, 0xBB,
        0xC2, 0xC5, 0xC6, 0xCF, 0xD0, 0xD2, 0xD3, 0xD4, 0xE2, 0xEE,
    ];

    private static SimdInstruction[] All =>
        [.. Enumerable.Range(0, 256).Select(SimdInstructions.Find).Where(instruction => instruction is not null)!];

    [Fact]
    public void All_236_instructions_are_there_and_nothing_else()
    {
        Assert.Equal(236, All.Length);
        Assert.Equal(236, All.Select(instruction => instruction.Name).Distinct().Count());
        Assert.All(All, instruction => Assert.Same(instruction, SimdInstructions.Find(instruction.Code)));
        Assert.All(Unassigned, code => Assert.Null(SimdInstructions.Find(code)));
        Assert.Null(SimdInstructions.Find(256));
        Assert.Null(SimdInstructions.Find(int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => SimdInstructions.Find(-1));
    }

    [Fact]
    public void Every_method_has_exactly_the_signature_of_its_instruction()
    {
        foreach (var instruction in All)
        {
            if (instruction.Immediate is SimdImmediate.Constant or SimdImmediate.Shuffle)
            {
                Assert.Null(instruction.Method);
                continue;
            }

            List<Type> expected = [.. instruction.Parameters.Select(Clr)];
            if (instruction.Immediate is SimdImmediate.Memory or SimdImmediate.MemoryLane)
            {
                Assert.Equal(WasmType.I32, instruction.Parameters[0]);
                Assert.True(instruction.AccessBytes is 1 or 2 or 4 or 8 or 16, instruction.Name);
                expected[0] = typeof(byte*);
            }
            else
            {
                Assert.Equal(0, instruction.AccessBytes);
            }

            if (instruction.Immediate is SimdImmediate.Lane or SimdImmediate.MemoryLane)
            {
                Assert.True(instruction.Lanes is 2 or 4 or 8 or 16, instruction.Name);
                expected.Add(typeof(int));
            }
            else
            {
                Assert.Equal(0, instruction.Lanes);
            }

            Assert.Equal(expected, instruction.Method!.GetParameters().Select(parameter => parameter.ParameterType));
            Assert.Equal(Clr(instruction.Result), instruction.Method.ReturnType);
            Assert.True(instruction.Method.MethodImplementationFlags.HasFlag(MethodImplAttributes.AggressiveInlining));
            Assert.Same(typeof(Simd), instruction.Method.DeclaringType);
        }

        Assert.Equal(234, All.Select(instruction => instruction.Method).OfType<MethodInfo>().Distinct().Count());
    }

    [Fact]
    public void Every_instruction_without_memory_and_lane_is_tested_against_a_reference()
    {
        string[] elsewhere = ["v128.const", "i8x16.shuffle"];
        var plain = All
            .Where(instruction => instruction.Immediate == SimdImmediate.None)
            .Select(instruction => instruction.Name)
            .Where(name => !name.EndsWith(".splat", StringComparison.Ordinal));
        var tested = SimdReference.Vectors.Keys
            .Concat(SimdReference.Shifts.Keys)
            .Concat(SimdReference.Tests.Keys);

        Assert.Equal(tested.Order(StringComparer.Ordinal), plain.Order(StringComparer.Ordinal));
        Assert.All(elsewhere, name => Assert.Single(All, instruction => instruction.Name == name));
    }

    [Theory]
    [InlineData(0x00, "v128.load", 16, 0)]
    [InlineData(0x06, "v128.load32x2_u", 8, 0)]
    [InlineData(0x0B, "v128.store", 16, 0)]
    [InlineData(0x22, "f64x2.replace_lane", 0, 2)]
    [InlineData(0x4C, "f64x2.ge", 0, 0)]
    [InlineData(0x55, "v128.load16_lane", 2, 8)]
    [InlineData(0x5B, "v128.store64_lane", 8, 2)]
    [InlineData(0x5C, "v128.load32_zero", 4, 0)]
    [InlineData(0x82, "i16x8.q15mulr_sat_s", 0, 0)]
    [InlineData(0xBA, "i32x4.dot_i16x8_s", 0, 0)]
    [InlineData(0xDB, "i64x2.ge_s", 0, 0)]
    [InlineData(0xFF, "f64x2.convert_low_i32x4_u", 0, 0)]
    public void Numbers_are_those_of_the_binary_format(int code, string name, int accessBytes, int lanes)
    {
        var instruction = SimdInstructions.Find(code)!;

        Assert.Equal((name, accessBytes, lanes), (instruction.Name, instruction.AccessBytes, instruction.Lanes));
    }

    private static Type Clr(WasmType type) => type switch
    {
        WasmType.I32 => typeof(int),
        WasmType.I64 => typeof(long),
        WasmType.F32 => typeof(float),
        WasmType.F64 => typeof(double),
        WasmType.V128 => typeof(Vector128<byte>),
        _ => typeof(void),
    };
}

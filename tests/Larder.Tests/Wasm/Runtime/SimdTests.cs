using System.Runtime.Intrinsics;
using Larder.Wasm.Runtime;
using Larder.Wasm.Validation;

namespace Larder.Tests.Wasm.Runtime;

public sealed unsafe class SimdTests
{
    private const int Seed = 20261120;
    private const int Rounds = 800;

    public static TheoryData<string> VectorNames => [.. SimdReference.Vectors.Keys];

    public static TheoryData<string> ShiftNames => [.. SimdReference.Shifts.Keys];

    public static TheoryData<string> TestNames => [.. SimdReference.Tests.Keys];

    [Theory]
    [MemberData(nameof(VectorNames))]
    public void Vectors_equal_the_reference(string name)
    {
        var (reference, exactness) = SimdReference.Vectors[name];
        var instruction = Instruction(name);
        var code = instruction.Method!.MethodHandle.GetFunctionPointer();
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            var a = VectorSamples.Next(random);
            var b = VectorSamples.Next(random);
            var c = VectorSamples.Next(random);

            var actual = instruction.Parameters.Length switch
            {
                1 => ((delegate*<Vector128<byte>, Vector128<byte>>)code)(a),
                2 => ((delegate*<Vector128<byte>, Vector128<byte>, Vector128<byte>>)code)(a, b),
                _ => ((delegate*<Vector128<byte>, Vector128<byte>, Vector128<byte>, Vector128<byte>>)code)(a, b, c),
            };

            byte[][] operands = [SimdReference.Bytes(a), SimdReference.Bytes(b), SimdReference.Bytes(c)];
            var expected = reference(operands);
            Assert.True(
                Matches(exactness, expected, SimdReference.Bytes(actual), Payloads(name, operands, instruction)),
                $"{name}({a}, {b}, {c}) is {actual}, not {Vector128.Create(expected)} (seed {Seed}, round {round})");
        }
    }

    [Theory]
    [MemberData(nameof(ShiftNames))]
    public void Shifts_are_modulo_the_lane_width(string name)
    {
        var code = (delegate*<Vector128<byte>, int, Vector128<byte>>)Code(name);
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            var v = VectorSamples.Next(random);
            var count = round < 300 ? round - 20 : (int)VectorSamples.Integer(random, 32);

            var actual = code(v, count);

            Assert.Equal(SimdReference.Shifts[name](SimdReference.Bytes(v), count), SimdReference.Bytes(actual));
        }
    }

    [Theory]
    [MemberData(nameof(TestNames))]
    public void Tests_see_every_lane(string name)
    {
        var code = (delegate*<Vector128<byte>, int>)Code(name);
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            // Single bits, and all but one byte.
            var v = round < 128 ? default(Vector128<byte>).WithElement(round / 8, (byte)(1 << (round % 8)))
                : round < 144 ? Vector128<byte>.AllBitsSet.WithElement(round - 128, (byte)0)
                : round == 144 ? default : VectorSamples.Next(random);

            Assert.Equal(SimdReference.Tests[name](SimdReference.Bytes(v)), code(v));
        }
    }

    [Fact]
    public void Shuffles_take_bytes_of_both_vectors()
    {
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            var a = VectorSamples.Next(random);
            var b = VectorSamples.Next(random);
            var lanes = new byte[16];
            random.NextBytes(lanes);
            lanes = [.. lanes.Select(lane => (byte)(lane & 31))];
            byte[] both = [.. SimdReference.Bytes(a), .. SimdReference.Bytes(b)];

            var two = Simd.Shuffle(a, b, Vector128.Create(lanes));
            var one = Simd.ShuffleOne(a, Vector128.Create(lanes) & Vector128.Create((byte)15));

            Assert.Equal(lanes.Select(lane => both[lane]), SimdReference.Bytes(two));
            Assert.Equal(lanes.Select(lane => both[lane & 15]), SimdReference.Bytes(one));
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Integer_lanes_are_filled_read_and_replaced(int width)
    {
        var prefix = $"i{width}x{128 / width}.";
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            var v = VectorSamples.Next(random);
            var bytes = SimdReference.Bytes(v);
            var value = VectorSamples.Integer(random, width);

            for (var lane = 0; lane < 128 / width; lane++)
            {
                var filled = SimdReference.Bytes(Splat(value));
                var replaced = SimdReference.Bytes(Replace(v, value, lane));

                Assert.Equal(
                    SimdReference.Lane(BitConverter.GetBytes(value), width, 0, false),
                    SimdReference.Lane(filled, width, lane, false));
                var expected = (byte[])bytes.Clone();
                SimdReference.SetLane(expected, width, lane, value);
                Assert.Equal(expected, replaced);
                if (width < 32)
                {
                    Assert.Equal(SimdReference.Lane(bytes, width, lane, true), Extract("extract_lane_s", v, lane));
                    Assert.Equal(SimdReference.Lane(bytes, width, lane, false), Extract("extract_lane_u", v, lane));
                }
                else
                {
                    Assert.Equal(SimdReference.Lane(bytes, width, lane, true), Extract("extract_lane", v, lane));
                }
            }
        }

        Vector128<byte> Splat(long value) => width == 64
            ? ((delegate*<long, Vector128<byte>>)Code(prefix + "splat"))(value)
            : ((delegate*<int, Vector128<byte>>)Code(prefix + "splat"))((int)value);

        Vector128<byte> Replace(Vector128<byte> v, long value, int lane) => width == 64
            ? ((delegate*<Vector128<byte>, long, int, Vector128<byte>>)Code(prefix + "replace_lane"))(v, value, lane)
            : ((delegate*<Vector128<byte>, int, int, Vector128<byte>>)Code(prefix + "replace_lane"))(
                v, (int)value, lane);

        long Extract(string name, Vector128<byte> v, int lane) => width == 64
            ? ((delegate*<Vector128<byte>, int, long>)Code(prefix + name))(v, lane)
            : ((delegate*<Vector128<byte>, int, int>)Code(prefix + name))(v, lane);
    }

    [Fact]
    public void Float_lanes_keep_their_bits()
    {
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            var v = VectorSamples.Next(random);
            var single = BitConverter.UInt32BitsToSingle(VectorSamples.Single(random));
            var number = BitConverter.UInt64BitsToDouble(VectorSamples.Double(random));
            var singleBits = BitConverter.SingleToUInt32Bits(single);
            var numberBits = BitConverter.DoubleToUInt64Bits(number);

            Assert.Equal(Vector128.Create(singleBits), Simd.F32x4Splat(single).AsUInt32());
            Assert.Equal(Vector128.Create(numberBits), Simd.F64x2Splat(number).AsUInt64());
            for (var lane = 0; lane < 4; lane++)
            {
                Assert.Equal(v.AsUInt32()[lane], BitConverter.SingleToUInt32Bits(Simd.F32x4ExtractLane(v, lane)));
                Assert.Equal(
                    v.AsUInt32().WithElement(lane, singleBits), Simd.F32x4ReplaceLane(v, single, lane).AsUInt32());
            }

            for (var lane = 0; lane < 2; lane++)
            {
                Assert.Equal(v.AsUInt64()[lane], BitConverter.DoubleToUInt64Bits(Simd.F64x2ExtractLane(v, lane)));
                Assert.Equal(
                    v.AsUInt64().WithElement(lane, numberBits), Simd.F64x2ReplaceLane(v, number, lane).AsUInt64());
            }
        }
    }

    private static SimdInstruction Instruction(string name) => Enumerable.Range(0, 256)
        .Select(SimdInstructions.Find)
        .Single(instruction => instruction?.Name == name)!;

    /// <summary>The vectors whose NaNs may show in the result, at the result's lane width.</summary>
    private static byte[][] Payloads(string name, byte[][] operands, SimdInstruction instruction) => name switch
    {
        "f32x4.demote_f64x2_zero" => [[.. operands[0].Select(_ => (byte)0xFF)]],
        "f64x2.promote_low_f32x4" => [[.. operands[0].Select(_ => (byte)0xFF)]],
        _ => operands[..instruction.Parameters.Length],
    };

    private static void* Code(string name) => (void*)Instruction(name).Method!.MethodHandle.GetFunctionPointer();

    /// <summary>Equal, or the NaN of a lane is one of those that the specification allows for these operands.</summary>
    private static bool Matches(Exactness exactness, byte[] expected, byte[] actual, byte[][] operands)
    {
        if (exactness == Exactness.Bits)
        {
            return expected.AsSpan().SequenceEqual(actual);
        }

        var width = exactness == Exactness.F32 ? 32 : 64;
        var canonical = exactness == Exactness.F32 ? (Int128)0x7FC00000 : (Int128)0x7FF8000000000000;
        var quietBit = canonical & -canonical;
        for (var lane = 0; lane < 128 / width; lane++)
        {
            if (!IsNaN(Magnitude(expected, lane)))
            {
                if (SimdReference.Lane(expected, width, lane, false) != SimdReference.Lane(actual, width, lane, false))
                {
                    return false;
                }

                continue;
            }

            // A payload may only come from an operand that has one.
            var payload = operands
                .Select(operand => Magnitude(operand, lane))
                .Any(magnitude => IsNaN(magnitude) && magnitude != canonical);
            var found = Magnitude(actual, lane);
            if (!IsNaN(found) || (payload ? (found & quietBit) == 0 : found != canonical))
            {
                return false;
            }
        }

        return true;

        Int128 Magnitude(byte[] vector, int lane) =>
            SimdReference.Lane(vector, width, lane, false) & ((Int128.One << (width - 1)) - 1);

        bool IsNaN(Int128 magnitude) => magnitude > canonical - quietBit;
    }
}

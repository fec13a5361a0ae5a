using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Larder.Wasm;
using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

public sealed class NumericsTests
{
    private const int Seed = 20261120;
    private const int Rounds = 20_000;

    private static readonly ulong[] Signalling = [0x7F800001, 0x7FF0000000000001];

    [Fact]
    public void Signed_remainder_has_no_overflow()
    {
        Assert.Equal(0, Numerics.I32RemS(int.MinValue, -1));
        Assert.Equal(0, Numerics.I64RemS(long.MinValue, -1));
        Assert.Equal(-1, Numerics.I32RemS(-7, 2));
        Assert.Equal(1, Numerics.I64RemS(7, -2));
        Assert.Throws<DivideByZeroException>(() => Numerics.I32RemS(1, 0));
        Assert.Throws<DivideByZeroException>(() => Numerics.I64RemS(long.MinValue, 0));
    }

    [Fact]
    public void Bit_counts_and_rotations_are_modulo_the_width()
    {
        foreach (var value in FloatSamples.Integers(new Random(Seed), Rounds))
        {
            var narrow = (int)value;
            Assert.Equal(32 - (int)new BigInteger((uint)narrow).GetBitLength(), Numerics.I32Clz(narrow));
            Assert.Equal(64 - new BigInteger((ulong)value).GetBitLength(), Numerics.I64Clz(value));
            Assert.Equal(Bits((uint)narrow, 32).TakeWhile(bit => !bit).Count(), Numerics.I32Ctz(narrow));
            Assert.Equal(Bits((ulong)value, 64).TakeWhile(bit => !bit).Count(), Numerics.I64Ctz(value));
            Assert.Equal(Bits((uint)narrow, 32).Count(bit => bit), Numerics.I32Popcnt(narrow));
            Assert.Equal(Bits((ulong)value, 64).Count(bit => bit), Numerics.I64Popcnt(value));

            var count = (int)(value >> 7);
            var wide = new BigInteger((uint)narrow) << (count & 31);
            Assert.Equal((uint)((wide & uint.MaxValue) | (wide >> 32)), (uint)Numerics.I32Rotl(narrow, count));
            Assert.Equal(narrow, Numerics.I32Rotr(Numerics.I32Rotl(narrow, count), count + 32));
            wide = new BigInteger((ulong)value) << (count & 63);
            Assert.Equal((ulong)((wide & ulong.MaxValue) | (wide >> 64)), (ulong)Numerics.I64Rotl(value, count));
            Assert.Equal(value, Numerics.I64Rotr(Numerics.I64Rotl(value, count), count + 64L));
        }
    }

    [Fact]
    public void Trapping_truncation_is_exact_at_every_border()
    {
        foreach (var value in FloatSamples.Singles(new Random(Seed), Rounds / 10))
        {
            Check(value, int.MinValue, int.MaxValue, () => Numerics.I32TruncF32S(value));
            Check(value, 0, uint.MaxValue, () => (uint)Numerics.I32TruncF32U(value));
            Check(value, long.MinValue, long.MaxValue, () => Numerics.I64TruncF32S(value));
            Check(value, 0, ulong.MaxValue, () => (ulong)Numerics.I64TruncF32U(value));
        }

        foreach (var value in FloatSamples.Doubles(new Random(Seed), Rounds / 10))
        {
            Check(value, int.MinValue, int.MaxValue, () => Numerics.I32TruncF64S(value));
            Check(value, 0, uint.MaxValue, () => (uint)Numerics.I32TruncF64U(value));
            Check(value, long.MinValue, long.MaxValue, () => Numerics.I64TruncF64S(value));
            Check(value, 0, ulong.MaxValue, () => (ulong)Numerics.I64TruncF64U(value));
        }

        static void Check(double value, BigInteger lowest, BigInteger highest, Func<BigInteger> run)
        {
            var expected = NumericsReference.Truncate(value, lowest, highest);
            if (expected is { } number)
            {
                Assert.Equal(number, run());
                return;
            }

            var trap = Assert.Throws<TrapException>(() => run());
            Assert.Equal(double.IsNaN(value) ? TrapKind.InvalidConversion : TrapKind.IntegerOverflow, trap.Kind);
        }
    }

    [Fact]
    public void Saturating_truncation_stops_at_the_ends_of_the_range()
    {
        foreach (var value in FloatSamples.Singles(new Random(Seed), Rounds))
        {
            Assert.Equal(
                NumericsReference.Saturate(value, int.MinValue, int.MaxValue), Numerics.I32TruncSatF32S(value));
            Assert.Equal(NumericsReference.Saturate(value, 0, uint.MaxValue), (uint)Numerics.I32TruncSatF32U(value));
            Assert.Equal(
                NumericsReference.Saturate(value, long.MinValue, long.MaxValue), Numerics.I64TruncSatF32S(value));
            Assert.Equal(NumericsReference.Saturate(value, 0, ulong.MaxValue), (ulong)Numerics.I64TruncSatF32U(value));
        }

        foreach (var value in FloatSamples.Doubles(new Random(Seed), Rounds))
        {
            Assert.Equal(
                NumericsReference.Saturate(value, int.MinValue, int.MaxValue), Numerics.I32TruncSatF64S(value));
            Assert.Equal(NumericsReference.Saturate(value, 0, uint.MaxValue), (uint)Numerics.I32TruncSatF64U(value));
            Assert.Equal(
                NumericsReference.Saturate(value, long.MinValue, long.MaxValue), Numerics.I64TruncSatF64S(value));
            Assert.Equal(NumericsReference.Saturate(value, 0, ulong.MaxValue), (ulong)Numerics.I64TruncSatF64U(value));
        }
    }

    [Fact]
    public void Integers_become_floats_with_one_rounding()
    {
        foreach (var value in FloatSamples.Integers(new Random(Seed), Rounds))
        {
            Same((float)NumericsReference.Nearest(value, 24), Numerics.F32ConvertI64S(value));
            Same((float)NumericsReference.Nearest((ulong)value, 24), Numerics.F32ConvertI64U(value));
            Same((float)NumericsReference.Nearest((uint)value, 24), Numerics.F32ConvertI32U((int)value));
            Same(NumericsReference.Nearest((ulong)value, 53), Numerics.F64ConvertI64U(value));
            Same(NumericsReference.Nearest((uint)value, 53), Numerics.F64ConvertI32U((int)value));
        }
    }

    [Fact]
    public void Demotion_and_promotion_round_and_quiet()
    {
        foreach (var value in FloatSamples.Doubles(new Random(Seed), Rounds))
        {
            SameOrQuiet(NumericsReference.Demote(value), Numerics.F32DemoteF64(value));
        }

        foreach (var value in FloatSamples.Singles(new Random(Seed), Rounds))
        {
            SameOrQuiet(value, Numerics.F64PromoteF32(value));
            Assert.True(!float.IsNaN(value) || !IsSignalling(RoundTrip(value)), $"{Bits(value):x8}");
        }
    }

    [Fact]
    public void Minimum_and_maximum_order_zeros_and_spread_NaN()
    {
        var random = new Random(Seed);
        float[] singles = [.. FloatSamples.Singles(random, 200)];
        double[] doubles = [.. FloatSamples.Doubles(random, 200)];
        foreach (var left in singles)
        {
            foreach (var right in singles)
            {
                SameOrQuiet((float)NumericsReference.Min(left, right), Numerics.F32Min(left, right));
                SameOrQuiet((float)NumericsReference.Max(left, right), Numerics.F32Max(left, right));
            }
        }

        foreach (var left in doubles)
        {
            foreach (var right in doubles)
            {
                SameOrQuiet(NumericsReference.Min(left, right), Numerics.F64Min(left, right));
                SameOrQuiet(NumericsReference.Max(left, right), Numerics.F64Max(left, right));
            }
        }
    }

    [Fact]
    public void Rounding_keeps_the_sign_of_zero_and_quiets()
    {
        foreach (var value in FloatSamples.Singles(new Random(Seed), Rounds))
        {
            SameOrQuiet((float)NumericsReference.Round(value, -1), Numerics.F32Floor(value));
            SameOrQuiet((float)NumericsReference.Round(value, 1), Numerics.F32Ceil(value));
            SameOrQuiet((float)NumericsReference.Round(value, 0), Numerics.F32Trunc(value));
            SameOrQuiet((float)NumericsReference.Round(value, 2), Numerics.F32Nearest(value));
        }

        foreach (var value in FloatSamples.Doubles(new Random(Seed), Rounds))
        {
            SameOrQuiet(NumericsReference.Round(value, -1), Numerics.F64Floor(value));
            SameOrQuiet(NumericsReference.Round(value, 1), Numerics.F64Ceil(value));
            SameOrQuiet(NumericsReference.Round(value, 0), Numerics.F64Trunc(value));
            SameOrQuiet(NumericsReference.Round(value, 2), Numerics.F64Nearest(value));
        }
    }

    [Fact]
    public void Sign_operations_touch_the_sign_bit_only()
    {
        float[] singles = [.. FloatSamples.Singles(new Random(Seed), 200)];
        double[] doubles = [.. FloatSamples.Doubles(new Random(Seed), 200)];
        foreach (var value in singles)
        {
            Assert.Equal(Bits(value) & 0x7FFFFFFF, Bits(Numerics.F32Abs(value)));
            Assert.Equal(Bits(value) ^ 0x80000000, Bits(Numerics.F32Neg(value)));
            foreach (var sign in singles)
            {
                var expected = (Bits(value) & 0x7FFFFFFF) | (Bits(sign) & 0x80000000);
                Assert.Equal(expected, Bits(Numerics.F32Copysign(value, sign)));
            }
        }

        foreach (var value in doubles)
        {
            Assert.Equal(Bits(value) & 0x7FFFFFFFFFFFFFFF, Bits(Numerics.F64Abs(value)));
            Assert.Equal(Bits(value) ^ 0x8000000000000000, Bits(Numerics.F64Neg(value)));
            foreach (var sign in doubles)
            {
                var expected = (Bits(value) & 0x7FFFFFFFFFFFFFFF) | (Bits(sign) & 0x8000000000000000);
                Assert.Equal(expected, Bits(Numerics.F64Copysign(value, sign)));
            }
        }
    }

    [Fact]
    public void Canonical_forms_replace_every_NaN_and_nothing_else()
    {
        foreach (var value in FloatSamples.Singles(new Random(Seed), Rounds))
        {
            var expected = float.IsNaN(value) ? 0x7FC00000 : Bits(value);
            Assert.Equal(expected, Bits(Numerics.CanonF32(value)));
            Assert.Equal(
                Vector128.Create(expected, Bits(1f), expected, expected),
                Numerics.CanonF32x4(Vector128.Create(value, 1f, value, value).AsByte()).AsUInt32());
        }

        foreach (var value in FloatSamples.Doubles(new Random(Seed), Rounds))
        {
            var expected = double.IsNaN(value) ? 0x7FF8000000000000 : Bits(value);
            Assert.Equal(expected, Bits(Numerics.CanonF64(value)));
            Assert.Equal(
                Vector128.Create(Bits(-0.0), expected),
                Numerics.CanonF64x2(Vector128.Create(-0.0, value).AsByte()).AsUInt64());
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(-1, true)]
    [InlineData(2, true)]
    [InlineData(int.MinValue, true)]
    public void Select_takes_the_first_unless_the_condition_is_zero(int condition, bool first)
    {
        Assert.Equal(first ? int.MinValue : 7, Numerics.Select(int.MinValue, 7, condition));
        Assert.Equal(first ? long.MinValue : 7, Numerics.Select(long.MinValue, 7, condition));
        Assert.Equal(first ? 0x7F800001 : Bits(-0f), Bits(Numerics.Select(SignallingF32(), -0f, condition)));
        Assert.Equal(first ? 0x7FF0000000000001u : Bits(-0.0), Bits(Numerics.Select(SignallingF64(), -0.0, condition)));
        Assert.Equal(
            Vector128.Create(first ? (byte)1 : (byte)2),
            Numerics.Select(Vector128.Create((byte)1), Vector128.Create((byte)2), condition));
    }

    /// <summary>Optimised at once, so that folding of the two conversions would show.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float RoundTrip(float value) => Numerics.F32DemoteF64(Numerics.F64PromoteF32(value));

    /// <summary>From memory: the compiler would make a literal quiet.</summary>
    private static float SignallingF32() => BitConverter.UInt32BitsToSingle((uint)Signalling[0]);

    private static double SignallingF64() => BitConverter.UInt64BitsToDouble(Signalling[1]);

    private static void Same(double expected, double actual) => Assert.Equal(Bits(expected), Bits(actual));

    /// <summary>The same bits; or any quiet NaN for a NaN.</summary>
    private static void SameOrQuiet(float expected, float actual)
    {
        if (float.IsNaN(expected))
        {
            Assert.True(float.IsNaN(actual) && !IsSignalling(actual), $"{Bits(actual):x8}");
        }
        else
        {
            Assert.Equal(Bits(expected), Bits(actual));
        }
    }

    private static void SameOrQuiet(double expected, double actual)
    {
        if (double.IsNaN(expected))
        {
            Assert.True(double.IsNaN(actual) && (Bits(actual) & 0x0008000000000000) != 0, $"{Bits(actual):x16}");
        }
        else
        {
            Assert.Equal(Bits(expected), Bits(actual));
        }
    }

    private static bool IsSignalling(float value) => float.IsNaN(value) && (Bits(value) & 0x00400000) == 0;

    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static IEnumerable<bool> Bits(ulong value, int width) =>
        Enumerable.Range(0, width).Select(bit => ((value >> bit) & 1) != 0);
}

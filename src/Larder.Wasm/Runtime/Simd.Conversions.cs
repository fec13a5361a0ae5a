using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Wasm.Runtime;

/// <content>Between integers and floats, with saturation and zero for NaN; between float widths.</content>
internal static partial class Simd
{
    /// <summary>Truncation to signed integers, held within the range; 0 for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4TruncSatF32x4S(Vector128<byte> v)
    {
        if (!Sse2.IsSupported)
        {
            return Vector128.ConvertToInt32(v.AsSingle()).AsByte();
        }

        // The machine answers the smallest integer for everything out of range; inverted, it is the greatest.
        var numbers = v.AsSingle() & Sse.CompareOrdered(v.AsSingle(), v.AsSingle());
        var above = Vector128.GreaterThanOrEqual(numbers, Vector128.Create(2147483648f));
        return (Sse2.ConvertToVector128Int32WithTruncation(numbers) ^ above.AsInt32()).AsByte();
    }

    /// <summary>Truncation to unsigned integers, held within the range; 0 for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4TruncSatF32x4U(Vector128<byte> v)
    {
        if (!Sse41.IsSupported)
        {
            return Vector128.ConvertToUInt32(v.AsSingle()).AsByte();
        }

        // Of a NaN and zero, the machine's maximum is its second operand.
        var positive = Sse.Max(v.AsSingle(), Vector128<float>.Zero);
        if (Avx512F.VL.IsSupported)
        {
            return Avx512F.VL.ConvertToVector128UInt32WithTruncation(positive).AsByte();
        }

        // Below 2^31 the conversion is right and nothing is beyond; above, it is 2^31, and what is beyond is added, at
        // most 2^31 - 1.
        var two31 = Vector128.Create(2147483648f);
        var rest = positive - two31;
        var beyond = Sse2.ConvertToVector128Int32WithTruncation(rest) ^
            Vector128.GreaterThanOrEqual(rest, two31).AsInt32();
        return (Sse2.ConvertToVector128Int32WithTruncation(positive) +
            Sse41.Max(beyond, Vector128<int>.Zero)).AsByte();
    }

    /// <summary>Truncation to signed integers in the lower half, held within range; 0 for NaN and above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4TruncSatF64x2SZero(Vector128<byte> v)
    {
        if (!Sse2.IsSupported)
        {
            return Vector128.Create(
                Numerics.I32TruncSatF64S(v.AsDouble().GetElement(0)),
                Numerics.I32TruncSatF64S(v.AsDouble().GetElement(1)),
                0,
                0).AsByte();
        }

        // The limit is zero where the lane is NaN, and the machine's minimum is then its second operand.
        var limit = Sse2.CompareOrdered(v.AsDouble(), v.AsDouble()) & Vector128.Create(2147483647.0);
        return Sse2.ConvertToVector128Int32WithTruncation(Sse2.Min(v.AsDouble(), limit)).AsByte();
    }

    /// <summary>Truncation to unsigned integers in the lower half, held within range; 0 for NaN and above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4TruncSatF64x2UZero(Vector128<byte> v)
    {
        if (!Sse41.IsSupported)
        {
            return Vector128.Create(
                Numerics.I32TruncSatF64U(v.AsDouble().GetElement(0)),
                Numerics.I32TruncSatF64U(v.AsDouble().GetElement(1)),
                0,
                0).AsByte();
        }

        var positive = Sse2.Max(v.AsDouble(), Vector128<double>.Zero);
        if (Avx512F.VL.IsSupported)
        {
            return Avx512F.VL.ConvertToVector128UInt32WithTruncation(positive).AsByte();
        }

        // Added to 2^52, an integer lies in the lowest bits of the mantissa.
        var whole = Sse41.RoundToZero(Sse2.Min(positive, Vector128.Create(4294967295.0)));
        var shifted = (whole + Vector128.Create(4503599627370496.0)).AsSingle();
        return Sse.Shuffle(shifted, Vector128<float>.Zero, 0x88).AsByte();
    }

    /// <summary>The nearest floats of signed integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4ConvertI32x4S(Vector128<byte> v) =>
        Vector128.ConvertToSingle(v.AsInt32()).AsByte();

    /// <summary>The nearest floats of unsigned integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4ConvertI32x4U(Vector128<byte> v)
    {
        if (Avx512F.VL.IsSupported)
        {
            return Avx512F.VL.ConvertToVector128Single(v.AsUInt32()).AsByte();
        }

        // Both halves are exact as floats, and so is the upper one doubled; the sum rounds once.
        var lower = v.AsUInt32() & Vector128.Create(0xFFFFu);
        var upper = Vector128.ConvertToSingle(((v.AsUInt32() ^ lower) >>> 1).AsInt32());
        return (upper + upper + Vector128.ConvertToSingle(lower.AsInt32())).AsByte();
    }

    /// <summary>The lower two signed integers as floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2ConvertLowI32x4S(Vector128<byte> v) => Sse2.IsSupported
        ? Sse2.ConvertToVector128Double(v.AsInt32()).AsByte()
        : Vector128.Create((double)v.AsInt32().GetElement(0), v.AsInt32().GetElement(1)).AsByte();

    /// <summary>The lower two unsigned integers as floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2ConvertLowI32x4U(Vector128<byte> v)
    {
        if (Avx512F.VL.IsSupported)
        {
            return Avx512F.VL.ConvertToVector128Double(v.AsUInt32()).AsByte();
        }

        // As the lowest bits of the mantissa of 2^52, which is then taken off.
        var two52 = Vector128.Create(4503599627370496.0);
        return ((Vector128.WidenLower(v.AsUInt32()) | two52.AsUInt64()).AsDouble() - two52).AsByte();
    }

    /// <summary>The nearest 32-bit floats in the lower half, zero above; NaNs become quiet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4DemoteF64x2Zero(Vector128<byte> v) => Sse2.IsSupported
        ? Sse2.ConvertToVector128Single(v.AsDouble()).AsByte()
        : QuietF32x4(Vector128.Narrow(v.AsDouble(), Vector128<double>.Zero).AsByte());

    /// <summary>The lower two numbers as 64-bit floats; NaNs become quiet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2PromoteLowF32x4(Vector128<byte> v) => Sse2.IsSupported
        ? Sse2.ConvertToVector128Double(v.AsSingle()).AsByte()
        : QuietF64x2(Vector128.WidenLower(v.AsSingle()).AsByte());
}

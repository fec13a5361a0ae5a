using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Wasm.Runtime;

/// <content>Float arithmetic beyond the four operations. NaN results that are made here are canonical.</content>
internal static partial class Numerics
{
    private const uint CanonicalF32 = 0x7FC00000;
    private const uint QuietBitF32 = 0x00400000;
    private const ulong CanonicalF64 = 0x7FF8000000000000;
    private const ulong QuietBitF64 = 0x0008000000000000;

    /// <summary>The value, or the canonical NaN for any NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float CanonF32(float value) =>
        float.IsNaN(value) ? BitConverter.UInt32BitsToSingle(CanonicalF32) : value;

    /// <inheritdoc cref="CanonF32"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double CanonF64(double value) =>
        double.IsNaN(value) ? BitConverter.UInt64BitsToDouble(CanonicalF64) : value;

    /// <summary>Every lane, or the canonical NaN for any NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> CanonF32x4(Vector128<byte> value)
    {
        var lanes = value.AsSingle();
        return Vector128.ConditionalSelect(
            Vector128.Equals(lanes, lanes), lanes, Vector128.Create(CanonicalF32).AsSingle()).AsByte();
    }

    /// <inheritdoc cref="CanonF32x4"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> CanonF64x2(Vector128<byte> value)
    {
        var lanes = value.AsDouble();
        return Vector128.ConditionalSelect(
            Vector128.Equals(lanes, lanes), lanes, Vector128.Create(CanonicalF64).AsDouble()).AsByte();
    }

    /// <summary>The smaller number; -0 is below +0; NaN if one is NaN.</summary>
    /// <remarks>
    /// The machine's instruction answers its second operand for equal numbers, so both orders together hold both
    /// zeros, and for all other numbers they agree.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Min(float left, float right)
    {
        if (Sse.IsSupported)
        {
            var a = Vector128.CreateScalarUnsafe(left);
            var b = Vector128.CreateScalarUnsafe(right);
            var number = Sse.MinScalar(a, b) | Sse.MinScalar(b, a);
            return Vector128.ConditionalSelect(
                Sse.CompareScalarOrdered(a, b), number, Vector128.CreateScalarUnsafe(F32Canonical())).ToScalar();
        }

        return CanonF32(Math.Min(left, right));
    }

    /// <inheritdoc cref="F32Min"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Min(double left, double right)
    {
        if (Sse2.IsSupported)
        {
            var a = Vector128.CreateScalarUnsafe(left);
            var b = Vector128.CreateScalarUnsafe(right);
            var number = Sse2.MinScalar(a, b) | Sse2.MinScalar(b, a);
            return Vector128.ConditionalSelect(
                Sse2.CompareScalarOrdered(a, b), number, Vector128.CreateScalarUnsafe(F64Canonical())).ToScalar();
        }

        return CanonF64(Math.Min(left, right));
    }

    /// <summary>The greater number; +0 is above -0; NaN if one is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Max(float left, float right)
    {
        if (Sse.IsSupported)
        {
            var a = Vector128.CreateScalarUnsafe(left);
            var b = Vector128.CreateScalarUnsafe(right);
            var number = Sse.MaxScalar(a, b) & Sse.MaxScalar(b, a);
            return Vector128.ConditionalSelect(
                Sse.CompareScalarOrdered(a, b), number, Vector128.CreateScalarUnsafe(F32Canonical())).ToScalar();
        }

        return CanonF32(Math.Max(left, right));
    }

    /// <inheritdoc cref="F32Max"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Max(double left, double right)
    {
        if (Sse2.IsSupported)
        {
            var a = Vector128.CreateScalarUnsafe(left);
            var b = Vector128.CreateScalarUnsafe(right);
            var number = Sse2.MaxScalar(a, b) & Sse2.MaxScalar(b, a);
            return Vector128.ConditionalSelect(
                Sse2.CompareScalarOrdered(a, b), number, Vector128.CreateScalarUnsafe(F64Canonical())).ToScalar();
        }

        return CanonF64(Math.Max(left, right));
    }

    /// <summary>The nearest integer, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Nearest(float value) => Sse41.IsSupported
        ? Sse41.RoundToNearestIntegerScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(MathF.Round(value));

    /// <inheritdoc cref="F32Nearest"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Nearest(double value) => Sse41.IsSupported
        ? Sse41.RoundToNearestIntegerScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(Math.Round(value));

    /// <summary>The smallest integer that is not below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Ceil(float value) => Sse41.IsSupported
        ? Sse41.RoundToPositiveInfinityScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(MathF.Ceiling(value));

    /// <inheritdoc cref="F32Ceil"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Ceil(double value) => Sse41.IsSupported
        ? Sse41.RoundToPositiveInfinityScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(Math.Ceiling(value));

    /// <summary>The greatest integer that is not above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Floor(float value) => Sse41.IsSupported
        ? Sse41.RoundToNegativeInfinityScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(MathF.Floor(value));

    /// <inheritdoc cref="F32Floor"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Floor(double value) => Sse41.IsSupported
        ? Sse41.RoundToNegativeInfinityScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(Math.Floor(value));

    /// <summary>The integer part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Trunc(float value) => Sse41.IsSupported
        ? Sse41.RoundToZeroScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(MathF.Truncate(value));

    /// <inheritdoc cref="F32Trunc"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Trunc(double value) => Sse41.IsSupported
        ? Sse41.RoundToZeroScalar(Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet(Math.Truncate(value));

    /// <summary>The value without its sign, also of a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Abs(float value) =>
        Vector128.AndNot(Vector128.CreateScalarUnsafe(value), Vector128.Create(int.MinValue).AsSingle()).ToScalar();

    /// <inheritdoc cref="F32Abs"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Abs(double value) =>
        Vector128.AndNot(Vector128.CreateScalarUnsafe(value), Vector128.Create(long.MinValue).AsDouble()).ToScalar();

    /// <summary>The value with the other sign, also of a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Neg(float value) =>
        (Vector128.CreateScalarUnsafe(value) ^ Vector128.Create(int.MinValue).AsSingle()).ToScalar();

    /// <inheritdoc cref="F32Neg"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Neg(double value) =>
        (Vector128.CreateScalarUnsafe(value) ^ Vector128.Create(long.MinValue).AsDouble()).ToScalar();

    /// <summary>The first value with the sign of the second, also of NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32Copysign(float value, float sign) => Vector128.ConditionalSelect(
        Vector128.Create(int.MinValue).AsSingle(),
        Vector128.CreateScalarUnsafe(sign),
        Vector128.CreateScalarUnsafe(value)).ToScalar();

    /// <inheritdoc cref="F32Copysign"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64Copysign(double value, double sign) => Vector128.ConditionalSelect(
        Vector128.Create(long.MinValue).AsDouble(),
        Vector128.CreateScalarUnsafe(sign),
        Vector128.CreateScalarUnsafe(value)).ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float F32Canonical() => BitConverter.UInt32BitsToSingle(CanonicalF32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double F64Canonical() => BitConverter.UInt64BitsToDouble(CanonicalF64);

    private static float Quiet(float value) => float.IsNaN(value)
        ? BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) | QuietBitF32)
        : value;

    private static double Quiet(double value) => double.IsNaN(value)
        ? BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(value) | QuietBitF64)
        : value;
}

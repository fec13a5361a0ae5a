using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Wasm.Runtime;

/// <content>Float arithmetic. Where an operand is a NaN, the result is a quiet one, or as pmin and pmax say.</content>
internal static partial class Simd
{
    /// <summary>Without signs, also of NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Abs(Vector128<byte> v) =>
        Vector128.AndNot(v, Vector128.Create(int.MinValue).AsByte());

    /// <summary>With the other signs, also of NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Neg(Vector128<byte> v) => v ^ Vector128.Create(int.MinValue).AsByte();

    /// <summary>Square roots.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Sqrt(Vector128<byte> v) => Vector128.Sqrt(v.AsSingle()).AsByte();

    /// <summary>Sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Add(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsSingle() + b.AsSingle()).AsByte();

    /// <summary>Differences.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Sub(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsSingle() - b.AsSingle()).AsByte();

    /// <summary>Products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Mul(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsSingle() * b.AsSingle()).AsByte();

    /// <summary>Quotients.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Div(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsSingle() / b.AsSingle()).AsByte();

    /// <summary>Smaller numbers; -0 is below +0; the canonical NaN if one is NaN.</summary>
    /// <remarks>
    /// The machine's instruction answers its second operand for equal numbers, so both orders together hold both
    /// zeros, and for all other numbers they agree.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Min(Vector128<byte> a, Vector128<byte> b)
    {
        if (!Sse.IsSupported)
        {
            return Numerics.CanonF32x4(Vector128.Min(a.AsSingle(), b.AsSingle()).AsByte());
        }

        var number = Sse.Min(a.AsSingle(), b.AsSingle()) | Sse.Min(b.AsSingle(), a.AsSingle());
        var ordered = Sse.CompareOrdered(a.AsSingle(), b.AsSingle());
        return Vector128.ConditionalSelect(ordered, number, CanonicalF32x4.AsSingle()).AsByte();
    }

    /// <summary>Greater numbers; +0 is above -0; the canonical NaN if one is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Max(Vector128<byte> a, Vector128<byte> b)
    {
        if (!Sse.IsSupported)
        {
            return Numerics.CanonF32x4(Vector128.Max(a.AsSingle(), b.AsSingle()).AsByte());
        }

        var number = Sse.Max(a.AsSingle(), b.AsSingle()) & Sse.Max(b.AsSingle(), a.AsSingle());
        var ordered = Sse.CompareOrdered(a.AsSingle(), b.AsSingle());
        return Vector128.ConditionalSelect(ordered, number, CanonicalF32x4.AsSingle()).AsByte();
    }

    /// <summary>The second where it is below the first, else the first, bit by bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Pmin(Vector128<byte> a, Vector128<byte> b) =>
        Sse.IsSupported
        ? Sse.Min(b.AsSingle(), a.AsSingle()).AsByte()
        : Vector128.ConditionalSelect(Vector128.LessThan(b.AsSingle(), a.AsSingle()).AsByte(), b, a);

    /// <summary>The second where it is above the first, else the first, bit by bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Pmax(Vector128<byte> a, Vector128<byte> b) =>
        Sse.IsSupported
        ? Sse.Max(b.AsSingle(), a.AsSingle()).AsByte()
        : Vector128.ConditionalSelect(Vector128.LessThan(a.AsSingle(), b.AsSingle()).AsByte(), b, a);

    /// <summary>The smallest integers that are not below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Ceil(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToPositiveInfinity(v.AsSingle()).AsByte()
        : QuietF32x4(Vector128.Ceiling(v.AsSingle()).AsByte());

    /// <summary>The greatest integers that are not above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Floor(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToNegativeInfinity(v.AsSingle()).AsByte()
        : QuietF32x4(Vector128.Floor(v.AsSingle()).AsByte());

    /// <summary>The integer parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Trunc(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToZero(v.AsSingle()).AsByte()
        : QuietF32x4(Vector128.Truncate(v.AsSingle()).AsByte());

    /// <summary>The nearest integers, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Nearest(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToNearestInteger(v.AsSingle()).AsByte()
        : QuietF32x4(Vector128.Round(v.AsSingle()).AsByte());

    /// <inheritdoc cref="F32x4Abs"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Abs(Vector128<byte> v) =>
        Vector128.AndNot(v, Vector128.Create(long.MinValue).AsByte());

    /// <inheritdoc cref="F32x4Neg"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Neg(Vector128<byte> v) => v ^ Vector128.Create(long.MinValue).AsByte();

    /// <inheritdoc cref="F32x4Sqrt"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Sqrt(Vector128<byte> v) => Vector128.Sqrt(v.AsDouble()).AsByte();

    /// <inheritdoc cref="F32x4Add"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Add(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsDouble() + b.AsDouble()).AsByte();

    /// <inheritdoc cref="F32x4Sub"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Sub(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsDouble() - b.AsDouble()).AsByte();

    /// <inheritdoc cref="F32x4Mul"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Mul(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsDouble() * b.AsDouble()).AsByte();

    /// <inheritdoc cref="F32x4Div"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Div(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsDouble() / b.AsDouble()).AsByte();

    /// <inheritdoc cref="F32x4Min"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Min(Vector128<byte> a, Vector128<byte> b)
    {
        if (!Sse2.IsSupported)
        {
            return Numerics.CanonF64x2(Vector128.Min(a.AsDouble(), b.AsDouble()).AsByte());
        }

        var number = Sse2.Min(a.AsDouble(), b.AsDouble()) | Sse2.Min(b.AsDouble(), a.AsDouble());
        var ordered = Sse2.CompareOrdered(a.AsDouble(), b.AsDouble());
        return Vector128.ConditionalSelect(ordered, number, CanonicalF64x2.AsDouble()).AsByte();
    }

    /// <inheritdoc cref="F32x4Max"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Max(Vector128<byte> a, Vector128<byte> b)
    {
        if (!Sse2.IsSupported)
        {
            return Numerics.CanonF64x2(Vector128.Max(a.AsDouble(), b.AsDouble()).AsByte());
        }

        var number = Sse2.Max(a.AsDouble(), b.AsDouble()) & Sse2.Max(b.AsDouble(), a.AsDouble());
        var ordered = Sse2.CompareOrdered(a.AsDouble(), b.AsDouble());
        return Vector128.ConditionalSelect(ordered, number, CanonicalF64x2.AsDouble()).AsByte();
    }

    /// <inheritdoc cref="F32x4Pmin"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Pmin(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.Min(b.AsDouble(), a.AsDouble()).AsByte()
        : Vector128.ConditionalSelect(Vector128.LessThan(b.AsDouble(), a.AsDouble()).AsByte(), b, a);

    /// <inheritdoc cref="F32x4Pmax"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Pmax(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.Max(b.AsDouble(), a.AsDouble()).AsByte()
        : Vector128.ConditionalSelect(Vector128.LessThan(a.AsDouble(), b.AsDouble()).AsByte(), b, a);

    /// <inheritdoc cref="F32x4Ceil"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Ceil(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToPositiveInfinity(v.AsDouble()).AsByte()
        : QuietF64x2(Vector128.Ceiling(v.AsDouble()).AsByte());

    /// <inheritdoc cref="F32x4Floor"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Floor(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToNegativeInfinity(v.AsDouble()).AsByte()
        : QuietF64x2(Vector128.Floor(v.AsDouble()).AsByte());

    /// <inheritdoc cref="F32x4Trunc"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Trunc(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToZero(v.AsDouble()).AsByte()
        : QuietF64x2(Vector128.Truncate(v.AsDouble()).AsByte());

    /// <inheritdoc cref="F32x4Nearest"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Nearest(Vector128<byte> v) =>
        Sse41.IsSupported
        ? Sse41.RoundToNearestInteger(v.AsDouble()).AsByte()
        : QuietF64x2(Vector128.Round(v.AsDouble()).AsByte());

    private static Vector128<byte> CanonicalF32x4
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create(0x7FC00000u).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> QuietF32x4(Vector128<byte> v) => Vector128.ConditionalSelect(
        Vector128.Equals(v.AsSingle(), v.AsSingle()).AsByte(), v, v | Vector128.Create(0x00400000u).AsByte());

    private static Vector128<byte> CanonicalF64x2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create(0x7FF8000000000000ul).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> QuietF64x2(Vector128<byte> v) => Vector128.ConditionalSelect(
        Vector128.Equals(v.AsDouble(), v.AsDouble()).AsByte(), v, v | Vector128.Create(0x0008000000000000ul).AsByte());
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Wasm.Runtime;

/// <content>Between lane widths: narrowing with saturation, widening, products and sums of widened lanes.</content>
internal static partial class Simd
{
    /// <summary>Both vectors' lanes as bytes, signed, held within the range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16NarrowI16x8S(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported
        ? Sse2.PackSignedSaturate(a.AsInt16(), b.AsInt16()).AsByte()
        : Vector128.Narrow(
            Clamp(a.AsInt16(), sbyte.MinValue, sbyte.MaxValue),
            Clamp(b.AsInt16(), sbyte.MinValue, sbyte.MaxValue)).AsByte();

    /// <summary>Both vectors' signed lanes as unsigned bytes, held within the range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16NarrowI16x8U(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported
        ? Sse2.PackUnsignedSaturate(a.AsInt16(), b.AsInt16())
        : Vector128.Narrow(
            Clamp(a.AsInt16(), 0, byte.MaxValue), Clamp(b.AsInt16(), 0, byte.MaxValue)).AsByte();

    /// <summary>Both vectors' lanes as 16 bits, signed, held within the range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8NarrowI32x4S(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported
        ? Sse2.PackSignedSaturate(a.AsInt32(), b.AsInt32()).AsByte()
        : Vector128.Narrow(
            Clamp(a.AsInt32(), short.MinValue, short.MaxValue),
            Clamp(b.AsInt32(), short.MinValue, short.MaxValue)).AsByte();

    /// <summary>Both vectors' signed lanes as unsigned 16 bits, held within the range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8NarrowI32x4U(Vector128<byte> a, Vector128<byte> b) => Sse41.IsSupported
        ? Sse41.PackUnsignedSaturate(a.AsInt32(), b.AsInt32()).AsByte()
        : Vector128.Narrow(
            Clamp(a.AsInt32(), 0, ushort.MaxValue), Clamp(b.AsInt32(), 0, ushort.MaxValue)).AsByte();

    /// <summary>The lower half of the lanes at twice their width, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtendLowI8x16S(Vector128<byte> v) =>
        Vector128.WidenLower(v.AsSByte()).AsByte();

    /// <summary>The upper half of the lanes at twice their width, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtendHighI8x16S(Vector128<byte> v) =>
        Vector128.WidenUpper(v.AsSByte()).AsByte();

    /// <summary>The lower half of the lanes at twice their width, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtendLowI8x16U(Vector128<byte> v) => Vector128.WidenLower(v).AsByte();

    /// <summary>The upper half of the lanes at twice their width, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtendHighI8x16U(Vector128<byte> v) => Vector128.WidenUpper(v).AsByte();

    /// <inheritdoc cref="I16x8ExtendLowI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtendLowI16x8S(Vector128<byte> v) =>
        Vector128.WidenLower(v.AsInt16()).AsByte();

    /// <inheritdoc cref="I16x8ExtendHighI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtendHighI16x8S(Vector128<byte> v) =>
        Vector128.WidenUpper(v.AsInt16()).AsByte();

    /// <inheritdoc cref="I16x8ExtendLowI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtendLowI16x8U(Vector128<byte> v) =>
        Vector128.WidenLower(v.AsUInt16()).AsByte();

    /// <inheritdoc cref="I16x8ExtendHighI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtendHighI16x8U(Vector128<byte> v) =>
        Vector128.WidenUpper(v.AsUInt16()).AsByte();

    /// <inheritdoc cref="I16x8ExtendLowI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtendLowI32x4S(Vector128<byte> v) =>
        Vector128.WidenLower(v.AsInt32()).AsByte();

    /// <inheritdoc cref="I16x8ExtendHighI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtendHighI32x4S(Vector128<byte> v) =>
        Vector128.WidenUpper(v.AsInt32()).AsByte();

    /// <inheritdoc cref="I16x8ExtendLowI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtendLowI32x4U(Vector128<byte> v) =>
        Vector128.WidenLower(v.AsUInt32()).AsByte();

    /// <inheritdoc cref="I16x8ExtendHighI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtendHighI32x4U(Vector128<byte> v) =>
        Vector128.WidenUpper(v.AsUInt32()).AsByte();

    /// <summary>Products of the lower half of the lanes at twice their width, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtmulLowI8x16S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsSByte()) * Vector128.WidenLower(b.AsSByte())).AsByte();

    /// <summary>Products of the upper half of the lanes at twice their width, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtmulHighI8x16S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsSByte()) * Vector128.WidenUpper(b.AsSByte())).AsByte();

    /// <summary>Products of the lower half of the lanes at twice their width, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtmulLowI8x16U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a) * Vector128.WidenLower(b)).AsByte();

    /// <summary>Products of the upper half of the lanes at twice their width, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtmulHighI8x16U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a) * Vector128.WidenUpper(b)).AsByte();

    /// <inheritdoc cref="I16x8ExtmulLowI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtmulLowI16x8S(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.UnpackLow(
            Sse2.MultiplyLow(a.AsInt16(), b.AsInt16()), Sse2.MultiplyHigh(a.AsInt16(), b.AsInt16())).AsByte()
        : (Vector128.WidenLower(a.AsInt16()) * Vector128.WidenLower(b.AsInt16())).AsByte();

    /// <inheritdoc cref="I16x8ExtmulHighI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtmulHighI16x8S(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.UnpackHigh(
            Sse2.MultiplyLow(a.AsInt16(), b.AsInt16()), Sse2.MultiplyHigh(a.AsInt16(), b.AsInt16())).AsByte()
        : (Vector128.WidenUpper(a.AsInt16()) * Vector128.WidenUpper(b.AsInt16())).AsByte();

    /// <inheritdoc cref="I16x8ExtmulLowI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtmulLowI16x8U(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.UnpackLow(
            Sse2.MultiplyLow(a.AsUInt16(), b.AsUInt16()), Sse2.MultiplyHigh(a.AsUInt16(), b.AsUInt16())).AsByte()
        : (Vector128.WidenLower(a.AsUInt16()) * Vector128.WidenLower(b.AsUInt16())).AsByte();

    /// <inheritdoc cref="I16x8ExtmulHighI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtmulHighI16x8U(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.UnpackHigh(
            Sse2.MultiplyLow(a.AsUInt16(), b.AsUInt16()), Sse2.MultiplyHigh(a.AsUInt16(), b.AsUInt16())).AsByte()
        : (Vector128.WidenUpper(a.AsUInt16()) * Vector128.WidenUpper(b.AsUInt16())).AsByte();

    /// <inheritdoc cref="I16x8ExtmulLowI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtmulLowI32x4S(Vector128<byte> a, Vector128<byte> b) =>
        Sse41.IsSupported
        ? Sse41.Multiply(
            Sse2.UnpackLow(a.AsInt32(), a.AsInt32()), Sse2.UnpackLow(b.AsInt32(), b.AsInt32())).AsByte()
        : (Vector128.WidenLower(a.AsInt32()) * Vector128.WidenLower(b.AsInt32())).AsByte();

    /// <inheritdoc cref="I16x8ExtmulHighI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtmulHighI32x4S(Vector128<byte> a, Vector128<byte> b) =>
        Sse41.IsSupported
        ? Sse41.Multiply(
            Sse2.UnpackHigh(a.AsInt32(), a.AsInt32()), Sse2.UnpackHigh(b.AsInt32(), b.AsInt32())).AsByte()
        : (Vector128.WidenUpper(a.AsInt32()) * Vector128.WidenUpper(b.AsInt32())).AsByte();

    /// <inheritdoc cref="I16x8ExtmulLowI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtmulLowI32x4U(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.Multiply(
            Sse2.UnpackLow(a.AsUInt32(), a.AsUInt32()), Sse2.UnpackLow(b.AsUInt32(), b.AsUInt32())).AsByte()
        : (Vector128.WidenLower(a.AsUInt32()) * Vector128.WidenLower(b.AsUInt32())).AsByte();

    /// <inheritdoc cref="I16x8ExtmulHighI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ExtmulHighI32x4U(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
        ? Sse2.Multiply(
            Sse2.UnpackHigh(a.AsUInt32(), a.AsUInt32()), Sse2.UnpackHigh(b.AsUInt32(), b.AsUInt32())).AsByte()
        : (Vector128.WidenUpper(a.AsUInt32()) * Vector128.WidenUpper(b.AsUInt32())).AsByte();

    /// <summary>Sums of neighbours at twice their width, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtaddPairwiseI8x16S(Vector128<byte> v) => Ssse3.IsSupported
        ? Ssse3.MultiplyAddAdjacent(Vector128<byte>.One, v.AsSByte()).AsByte()
        : (((v.AsInt16() << 8) >> 8) + (v.AsInt16() >> 8)).AsByte();

    /// <summary>Sums of neighbours at twice their width, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ExtaddPairwiseI8x16U(Vector128<byte> v) => Ssse3.IsSupported
        ? Ssse3.MultiplyAddAdjacent(v, Vector128<sbyte>.One).AsByte()
        : ((v.AsUInt16() & Vector128.Create((ushort)0xFF)) + (v.AsUInt16() >>> 8)).AsByte();

    /// <inheritdoc cref="I16x8ExtaddPairwiseI8x16S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtaddPairwiseI16x8S(Vector128<byte> v) => Sse2.IsSupported
        ? Sse2.MultiplyAddAdjacent(v.AsInt16(), Vector128<short>.One).AsByte()
        : (((v.AsInt32() << 16) >> 16) + (v.AsInt32() >> 16)).AsByte();

    /// <inheritdoc cref="I16x8ExtaddPairwiseI8x16U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ExtaddPairwiseI16x8U(Vector128<byte> v) =>
        ((v.AsUInt32() & Vector128.Create(0xFFFFu)) + (v.AsUInt32() >>> 16)).AsByte();

    /// <summary>Sums of two neighbouring products of signed 16 bits, modulo 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4DotI16x8S(Vector128<byte> a, Vector128<byte> b)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsByte();
        }

        var even = ((a.AsInt32() << 16) >> 16) * ((b.AsInt32() << 16) >> 16);
        var odd = (a.AsInt32() >> 16) * (b.AsInt32() >> 16);
        return (even + odd).AsByte();
    }

    /// <summary>Rounded products of signed fractions with 15 bits behind the point, held within the range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8Q15mulrSatS(Vector128<byte> a, Vector128<byte> b)
    {
        if (Ssse3.IsSupported)
        {
            // Only -1 times -1 overflows; only it gives the smallest number, whose inverse is the greatest.
            var product = Ssse3.MultiplyHighRoundScale(a.AsInt16(), b.AsInt16());
            return (product ^ Vector128.Equals(product, Vector128.Create(short.MinValue))).AsByte();
        }

        var half = Vector128.Create(1 << 14);
        var lower = ((Vector128.WidenLower(a.AsInt16()) * Vector128.WidenLower(b.AsInt16())) + half) >> 15;
        var upper = ((Vector128.WidenUpper(a.AsInt16()) * Vector128.WidenUpper(b.AsInt16())) + half) >> 15;
        return I16x8NarrowI32x4S(lower.AsByte(), upper.AsByte());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Clamp(Vector128<short> v, short lowest, short highest) =>
        Vector128.Min(Vector128.Max(v, Vector128.Create(lowest)), Vector128.Create(highest));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Clamp(Vector128<int> v, int lowest, int highest) =>
        Vector128.Min(Vector128.Max(v, Vector128.Create(lowest)), Vector128.Create(highest));
}

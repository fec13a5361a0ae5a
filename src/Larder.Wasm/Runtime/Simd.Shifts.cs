using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Larder.Wasm.Runtime;

/// <content>Shifts of every lane by the count modulo the lane width.</content>
internal static partial class Simd
{
    /// <summary>To the left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16Shl(Vector128<byte> v, int count) => v << (count & 7);

    /// <summary>To the right, copying the sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16ShrS(Vector128<byte> v, int count) => (v.AsSByte() >> (count & 7)).AsByte();

    /// <summary>To the right, with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16ShrU(Vector128<byte> v, int count) => v >>> (count & 7);

    /// <inheritdoc cref="I8x16Shl"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8Shl(Vector128<byte> v, int count) => (v.AsUInt16() << (count & 15)).AsByte();

    /// <inheritdoc cref="I8x16ShrS"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ShrS(Vector128<byte> v, int count) => (v.AsInt16() >> (count & 15)).AsByte();

    /// <inheritdoc cref="I8x16ShrU"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ShrU(Vector128<byte> v, int count) =>
        (v.AsUInt16() >>> (count & 15)).AsByte();

    /// <inheritdoc cref="I8x16Shl"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4Shl(Vector128<byte> v, int count) => (v.AsUInt32() << (count & 31)).AsByte();

    /// <inheritdoc cref="I8x16ShrS"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ShrS(Vector128<byte> v, int count) => (v.AsInt32() >> (count & 31)).AsByte();

    /// <inheritdoc cref="I8x16ShrU"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ShrU(Vector128<byte> v, int count) =>
        (v.AsUInt32() >>> (count & 31)).AsByte();

    /// <inheritdoc cref="I8x16Shl"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2Shl(Vector128<byte> v, int count) => (v.AsUInt64() << (count & 63)).AsByte();

    /// <inheritdoc cref="I8x16ShrS"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ShrS(Vector128<byte> v, int count) => (v.AsInt64() >> (count & 63)).AsByte();

    /// <inheritdoc cref="I8x16ShrU"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ShrU(Vector128<byte> v, int count) =>
        (v.AsUInt64() >>> (count & 63)).AsByte();
}

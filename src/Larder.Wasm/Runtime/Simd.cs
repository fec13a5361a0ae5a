using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Larder.Wasm.Runtime;

/// <summary>
/// The vector instructions, one method each, for generated code. A vector travels as bytes; lane 0 is the lowest.
/// Every method is a function of its arguments, the same on every machine: where the portable operations leave a
/// choice, or cost more, there is a path for x64. Lane numbers are constants in generated code. Addresses are checked
/// by the caller and need no alignment. NaNs that are made here are canonical; the machine's own are quiet.
/// Source: WebAssembly 2.0, section 4.3.
/// </summary>
internal static partial class Simd
{
    /// <summary>Every bit inverted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Not(Vector128<byte> v) => ~v;

    /// <summary>Bits in both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128And(Vector128<byte> a, Vector128<byte> b) => a & b;

    /// <summary>Bits in the first and not in the second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Andnot(Vector128<byte> a, Vector128<byte> b) => Vector128.AndNot(a, b);

    /// <summary>Bits in either.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Or(Vector128<byte> a, Vector128<byte> b) => a | b;

    /// <summary>Bits in one of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Xor(Vector128<byte> a, Vector128<byte> b) => a ^ b;

    /// <summary>Bits of the first where the mask is one, of the second where it is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Bitselect(Vector128<byte> a, Vector128<byte> b, Vector128<byte> mask) =>
        Vector128.ConditionalSelect(mask, a, b);

    /// <summary>1 if any bit is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int V128AnyTrue(Vector128<byte> v) => v != Vector128<byte>.Zero ? 1 : 0;

    /// <summary>1 if no lane is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I8x16AllTrue(Vector128<byte> v) =>
        Vector128.EqualsAny(v.AsSByte(), Vector128<sbyte>.Zero) ? 0 : 1;

    /// <inheritdoc cref="I8x16AllTrue"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I16x8AllTrue(Vector128<byte> v) =>
        Vector128.EqualsAny(v.AsInt16(), Vector128<short>.Zero) ? 0 : 1;

    /// <inheritdoc cref="I8x16AllTrue"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32x4AllTrue(Vector128<byte> v) =>
        Vector128.EqualsAny(v.AsInt32(), Vector128<int>.Zero) ? 0 : 1;

    /// <inheritdoc cref="I8x16AllTrue"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I64x2AllTrue(Vector128<byte> v) =>
        Vector128.EqualsAny(v.AsInt64(), Vector128<long>.Zero) ? 0 : 1;

    /// <summary>The highest bits of the lanes, lane 0 lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I8x16Bitmask(Vector128<byte> v) => (int)v.AsSByte().ExtractMostSignificantBits();

    /// <inheritdoc cref="I8x16Bitmask"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I16x8Bitmask(Vector128<byte> v) => (int)v.AsInt16().ExtractMostSignificantBits();

    /// <inheritdoc cref="I8x16Bitmask"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32x4Bitmask(Vector128<byte> v) => (int)v.AsInt32().ExtractMostSignificantBits();

    /// <inheritdoc cref="I8x16Bitmask"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I64x2Bitmask(Vector128<byte> v) => (int)v.AsInt64().ExtractMostSignificantBits();
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Wasm.Runtime;

/// <content>Lanes: filling, reading, replacing and moving them.</content>
internal static partial class Simd
{
    /// <summary>The value in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16Splat(int value) => Vector128.Create((byte)value);

    /// <inheritdoc cref="I8x16Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8Splat(int value) => Vector128.Create((ushort)value).AsByte();

    /// <inheritdoc cref="I8x16Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4Splat(int value) => Vector128.Create(value).AsByte();

    /// <inheritdoc cref="I8x16Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2Splat(long value) => Vector128.Create(value).AsByte();

    /// <inheritdoc cref="I8x16Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4Splat(float value) => Vector128.Create(value).AsByte();

    /// <inheritdoc cref="I8x16Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2Splat(double value) => Vector128.Create(value).AsByte();

    /// <summary>The lane, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I8x16ExtractLaneS(Vector128<byte> v, int lane) => v.AsSByte().GetElement(lane);

    /// <summary>The lane, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I8x16ExtractLaneU(Vector128<byte> v, int lane) => v.GetElement(lane);

    /// <summary>The vector with this value in the lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16ReplaceLane(Vector128<byte> v, int value, int lane) =>
        v.WithElement(lane, (byte)value);

    /// <inheritdoc cref="I8x16ExtractLaneS"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I16x8ExtractLaneS(Vector128<byte> v, int lane) => v.AsInt16().GetElement(lane);

    /// <inheritdoc cref="I8x16ExtractLaneU"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I16x8ExtractLaneU(Vector128<byte> v, int lane) => v.AsUInt16().GetElement(lane);

    /// <inheritdoc cref="I8x16ReplaceLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I16x8ReplaceLane(Vector128<byte> v, int value, int lane) =>
        v.AsUInt16().WithElement(lane, (ushort)value).AsByte();

    /// <summary>The lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32x4ExtractLane(Vector128<byte> v, int lane) => v.AsInt32().GetElement(lane);

    /// <inheritdoc cref="I8x16ReplaceLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I32x4ReplaceLane(Vector128<byte> v, int value, int lane) =>
        v.AsInt32().WithElement(lane, value).AsByte();

    /// <inheritdoc cref="I32x4ExtractLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64x2ExtractLane(Vector128<byte> v, int lane) => v.AsInt64().GetElement(lane);

    /// <inheritdoc cref="I8x16ReplaceLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I64x2ReplaceLane(Vector128<byte> v, long value, int lane) =>
        v.AsInt64().WithElement(lane, value).AsByte();

    /// <inheritdoc cref="I32x4ExtractLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32x4ExtractLane(Vector128<byte> v, int lane) => v.AsSingle().GetElement(lane);

    /// <inheritdoc cref="I8x16ReplaceLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F32x4ReplaceLane(Vector128<byte> v, float value, int lane) =>
        v.AsSingle().WithElement(lane, value).AsByte();

    /// <inheritdoc cref="I32x4ExtractLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64x2ExtractLane(Vector128<byte> v, int lane) => v.AsDouble().GetElement(lane);

    /// <inheritdoc cref="I8x16ReplaceLane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> F64x2ReplaceLane(Vector128<byte> v, double value, int lane) =>
        v.AsDouble().WithElement(lane, value).AsByte();

    /// <summary>The bytes of the first that the second names; zero for numbers of 16 and above.</summary>
    /// <remarks>The machine takes zero for a set high bit only; the saturating sum sets it for all of those.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> I8x16Swizzle(Vector128<byte> v, Vector128<byte> lanes) => Ssse3.IsSupported
        ? Ssse3.Shuffle(v, Sse2.AddSaturate(lanes, Vector128.Create((byte)0x70)))
        : Vector128.Shuffle(v, lanes);

    /// <summary>
    /// The bytes that the lanes name, 0 to 15 in the first vector and 16 to 31 in the second. The lanes are a constant
    /// in generated code, so the compiler folds the arithmetic on them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Shuffle(Vector128<byte> a, Vector128<byte> b, Vector128<byte> lanes)
    {
        if (Avx512Vbmi.VL.IsSupported)
        {
            return Avx512Vbmi.VL.PermuteVar16x8x2(a, lanes, b);
        }

        if (Ssse3.IsSupported)
        {
            // A set high bit takes zero: the sum sets it for the second vector's lanes, the difference for the first's.
            return Ssse3.Shuffle(a, lanes + Vector128.Create((byte)0x70)) |
                Ssse3.Shuffle(b, lanes - Vector128.Create((byte)16));
        }

        return Vector128.Shuffle(a, lanes) | Vector128.Shuffle(b, lanes - Vector128.Create((byte)16));
    }

    /// <summary>As <see cref="Shuffle"/> with lanes of the first vector only, all below 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> ShuffleOne(Vector128<byte> v, Vector128<byte> lanes) =>
        Ssse3.IsSupported ? Ssse3.Shuffle(v, lanes) : Vector128.Shuffle(v, lanes);
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Wasm.Runtime;

/// <content>
/// Floats to integers. On x64 the conversion instruction answers the smallest integer for everything it cannot
/// represent, so that one compare of its result replaces the range check; the slow methods sort out what it was.
/// Elsewhere the cast saturates, and the range is checked before it.
/// </content>
internal static partial class Numerics
{
    private const double TwoTo31 = 2147483648.0;
    private const double TwoTo32 = 4294967296.0;
    private const double TwoTo63 = 9223372036854775808.0;
    private const double TwoTo64 = 18446744073709551616.0;

    /// <summary>Truncation to a signed integer; traps for NaN and out of range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncF32S(float value)
    {
        if (Sse.IsSupported)
        {
            var result = Sse.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(value));
            return result != int.MinValue ? result : (int)CheckedToInt64(value, -TwoTo31 - 1, TwoTo31);
        }

        return (int)CheckedToInt64(value, -TwoTo31 - 1, TwoTo31);
    }

    /// <inheritdoc cref="I32TruncF32S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncF64S(double value)
    {
        if (Sse2.IsSupported)
        {
            var result = Sse2.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(value));
            return result != int.MinValue ? result : (int)CheckedToInt64(value, -TwoTo31 - 1, TwoTo31);
        }

        return (int)CheckedToInt64(value, -TwoTo31 - 1, TwoTo31);
    }

    /// <summary>Truncation to an unsigned integer; traps for NaN and out of range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncF32U(float value)
    {
        if (Sse.X64.IsSupported)
        {
            var result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(value));
            return (int)((ulong)result <= uint.MaxValue ? result : CheckedToInt64(value, -1, TwoTo32));
        }

        return (int)CheckedToInt64(value, -1, TwoTo32);
    }

    /// <inheritdoc cref="I32TruncF32U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncF64U(double value)
    {
        if (Sse2.X64.IsSupported)
        {
            var result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(value));
            return (int)((ulong)result <= uint.MaxValue ? result : CheckedToInt64(value, -1, TwoTo32));
        }

        return (int)CheckedToInt64(value, -1, TwoTo32);
    }

    /// <inheritdoc cref="I32TruncF32S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncF32S(float value)
    {
        if (Sse.X64.IsSupported)
        {
            var result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(value));
            return result != long.MinValue ? result : CheckedToInt64(value);
        }

        return CheckedToInt64(value);
    }

    /// <inheritdoc cref="I32TruncF32S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncF64S(double value)
    {
        if (Sse2.X64.IsSupported)
        {
            var result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(value));
            return result != long.MinValue ? result : CheckedToInt64(value);
        }

        return CheckedToInt64(value);
    }

    /// <inheritdoc cref="I32TruncF32U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncF32U(float value)
    {
        if (Sse.X64.IsSupported)
        {
            // Right for the lower half of the range; the upper half, and all errors, come out negative.
            var result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(value));
            return result >= 0 ? result : CheckedToUInt64(value);
        }

        return CheckedToUInt64(value);
    }

    /// <inheritdoc cref="I32TruncF32U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncF64U(double value)
    {
        if (Sse2.X64.IsSupported)
        {
            // Right for the lower half of the range; the upper half, and all errors, come out negative.
            var result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(value));
            return result >= 0 ? result : CheckedToUInt64(value);
        }

        return CheckedToUInt64(value);
    }

    /// <summary>Truncation to the nearest integer that the signed type holds; 0 for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncSatF32S(float value) => unchecked((int)value);

    /// <summary>Truncation to the nearest integer that the unsigned type holds; 0 for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncSatF32U(float value) => unchecked((int)(uint)value);

    /// <inheritdoc cref="I32TruncSatF32S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncSatF32S(float value) => unchecked((long)value);

    /// <inheritdoc cref="I32TruncSatF32U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncSatF32U(float value) => unchecked((long)(ulong)value);

    /// <inheritdoc cref="I32TruncSatF32S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncSatF64S(double value) => unchecked((int)value);

    /// <inheritdoc cref="I32TruncSatF32U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32TruncSatF64U(double value) => unchecked((int)(uint)value);

    /// <inheritdoc cref="I32TruncSatF32S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncSatF64S(double value) => unchecked((long)value);

    /// <inheritdoc cref="I32TruncSatF32U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64TruncSatF64U(double value) => unchecked((long)(ulong)value);

    /// <summary>Truncates a value strictly between the two limits, or traps.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long CheckedToInt64(double value, double below, double above)
    {
        if (!(value > below && value < above))
        {
            ThrowConversion(value);
        }

        return (long)value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long CheckedToInt64(double value)
    {
        if (!(value >= -TwoTo63 && value < TwoTo63))
        {
            ThrowConversion(value);
        }

        return (long)value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long CheckedToUInt64(double value)
    {
        if (!(value > -1 && value < TwoTo64))
        {
            ThrowConversion(value);
        }

        return value < TwoTo63 ? (long)value : (long)(value - TwoTo63) ^ long.MinValue;
    }

    [DoesNotReturn]
    private static void ThrowConversion(double value) =>
        Traps.Throw(double.IsNaN(value) ? TrapKind.InvalidConversion : TrapKind.IntegerOverflow);
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Larder.Wasm.Runtime;

/// <summary>
/// The numeric instructions that are not one instruction of CIL, for generated code. Every method is a function of its
/// arguments, bit by bit the same on every machine; methods that return floats never return a signalling NaN unless
/// they only move or change the sign bit. Source: WebAssembly 2.0, section 4.3.
/// </summary>
/// <remarks>
/// The compiler may fold casts between floats, and calls of <see cref="Math"/>, as if there were no signalling NaN.
/// Intrinsics are carried out as they are written, so floats go through these.
/// </remarks>
internal static partial class Numerics
{
    /// <summary>Remainder with the sign of the dividend; the quotient may overflow, the remainder does not.</summary>
    /// <exception cref="DivideByZeroException">The divisor is zero.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32RemS(int dividend, int divisor) => divisor == -1 ? 0 : dividend % divisor;

    /// <inheritdoc cref="I32RemS"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64RemS(long dividend, long divisor) => divisor == -1 ? 0 : dividend % divisor;

    /// <summary>Leading zero bits; 32 for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32Clz(int value) => BitOperations.LeadingZeroCount((uint)value);

    /// <summary>Leading zero bits; 64 for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64Clz(long value) => BitOperations.LeadingZeroCount((ulong)value);

    /// <summary>Trailing zero bits; 32 for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32Ctz(int value) => BitOperations.TrailingZeroCount(value);

    /// <summary>Trailing zero bits; 64 for zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64Ctz(long value) => BitOperations.TrailingZeroCount(value);

    /// <summary>Number of one bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32Popcnt(int value) => BitOperations.PopCount((uint)value);

    /// <summary>Number of one bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64Popcnt(long value) => BitOperations.PopCount((ulong)value);

    /// <summary>Rotation to the left by the count modulo 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32Rotl(int value, int count) => (int)BitOperations.RotateLeft((uint)value, count);

    /// <summary>Rotation to the right by the count modulo 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int I32Rotr(int value, int count) => (int)BitOperations.RotateRight((uint)value, count);

    /// <summary>Rotation to the left by the count modulo 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64Rotl(long value, long count) => (long)BitOperations.RotateLeft((ulong)value, (int)count);

    /// <summary>Rotation to the right by the count modulo 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long I64Rotr(long value, long count) => (long)BitOperations.RotateRight((ulong)value, (int)count);

    /// <summary>The first value if the condition is not zero, else the second.</summary>
    /// <remarks>
    /// Without a branch, because the JIT makes no conditional moves inside of loops, and a branch on guest data that is
    /// mispredicted costs several times as much. Of the forms it has the shortest way from the values to the result.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Select(int first, int second, int condition)
    {
        var mask = -(condition != 0 ? 1 : 0);
        return (first & mask) | (second & ~mask);
    }

    /// <inheritdoc cref="Select(int, int, int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long Select(long first, long second, int condition)
    {
        var mask = -(condition != 0 ? 1L : 0L);
        return (first & mask) | (second & ~mask);
    }

    /// <summary>The first value if the condition is not zero, else the second.</summary>
    /// <remarks>With a branch: a mask has to cross to the vector unit, which costs twice a predicted branch.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Select(float first, float second, int condition) => condition != 0 ? first : second;

    /// <inheritdoc cref="Select(float, float, int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double Select(double first, double second, int condition) => condition != 0 ? first : second;

    /// <inheritdoc cref="Select(int, int, int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Select(Vector128<byte> first, Vector128<byte> second, int condition) =>
        Vector128.ConditionalSelect(
            Vector128.Equals(Vector128.Create(condition), Vector128<int>.Zero).AsByte(), second, first);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Wasm.Runtime;

/// <content>Integers to floats, floats to floats.</content>
internal static partial class Numerics
{
    /// <summary>The nearest 32-bit float, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32ConvertI64S(long value) => value;

    /// <summary>The nearest 32-bit float of an unsigned integer, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32ConvertI32U(int value) => (long)(uint)value;

    /// <inheritdoc cref="F32ConvertI32U"/>
    /// <remarks>
    /// The cast may go through a 64-bit float and round twice. Halving keeps the lowest bit sticky, so the conversion
    /// rounds once, and doubling is exact.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32ConvertI64U(long value)
    {
        if (value >= 0)
        {
            return value;
        }

        float half = (long)((ulong)value >> 1) | (value & 1);
        return half + half;
    }

    /// <summary>The 64-bit float of an unsigned integer, exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64ConvertI32U(int value) => (long)(uint)value;

    /// <summary>The nearest 64-bit float of an unsigned integer, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64ConvertI64U(long value)
    {
        if (value >= 0)
        {
            return value;
        }

        double half = (long)((ulong)value >> 1) | (value & 1);
        return half + half;
    }

    /// <summary>The nearest 32-bit float, ties to even; a NaN becomes quiet.</summary>
    /// <remarks>An intrinsic, because a pair of casts may be folded away, and a signalling NaN would stay.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32DemoteF64(double value) => Sse2.IsSupported
        ? Sse2.ConvertScalarToVector128Single(Vector128<float>.Zero, Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet((float)value);

    /// <summary>The same number as a 64-bit float; a NaN becomes quiet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double F64PromoteF32(float value) => Sse2.IsSupported
        ? Sse2.ConvertScalarToVector128Double(Vector128<double>.Zero, Vector128.CreateScalarUnsafe(value)).ToScalar()
        : Quiet((double)value);

    /// <summary>The 32-bit float with these bits.</summary>
    /// <remarks>
    /// Not by <see cref="BitConverter.Int32BitsToSingle"/>: of an integer that was loaded from one or two bytes, or cut to
    /// them, the JIT compiler makes a load of four bytes (seen in .NET 10.0).
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float F32ReinterpretI32(int value) => Vector128.CreateScalarUnsafe(value).AsSingle().ToScalar();
}

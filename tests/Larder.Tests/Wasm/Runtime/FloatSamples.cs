namespace Larder.Tests.Wasm.Runtime;

/// <summary>Floats at which arithmetic goes wrong, and random bits behind them.</summary>
internal static class FloatSamples
{
    /// <summary>Bits of 32-bit floats at borders.</summary>
    public static readonly uint[] EdgesF32 =
    [
        0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF, 0x00800000, 0x3F000000, 0xBF000000, 0x3EFFFFFF,
        0x3F7FFFFF, 0xBF7FFFFF, 0x3F800000, 0xBF800000, 0x3FC00000, 0x40200000, 0xC0200000, 0x4B7FFFFF, 0x4AFFFFFF,
        0x4EFFFFFF, 0x4F000000, 0xCF000000, 0xCF000001, 0x4F7FFFFF, 0x4F800000, 0x5EFFFFFF, 0x5F000000, 0xDF000000,
        0xDF000001, 0x5F7FFFFF, 0x5F800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000,
        0x7F800001, 0xFFA00000, 0x7FFFFFFF, 0xFFFFFFFF, 0x43000000, 0xC3000000, 0x47000000, 0xC7000100, 0x42FF0000,
    ];

    /// <summary>Bits of 64-bit floats at borders.</summary>
    public static readonly ulong[] EdgesF64 =
    [
        0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x800FFFFFFFFFFFFF, 0x3FE0000000000000,
        0xBFE0000000000000, 0x3FDFFFFFFFFFFFFF, 0x3FEFFFFFFFFFFFFF, 0xBFEFFFFFFFFFFFFF, 0x3FF0000000000000,
        0xBFF0000000000000, 0x3FF8000000000000, 0x4004000000000000, 0xC004000000000000, 0x4330000000000001,
        0x432FFFFFFFFFFFFF, 0x41DFFFFFFFC00000, 0x41DFFFFFFFFFFFFF, 0x41E0000000000000, 0xC1E0000000000000,
        0xC1E00000001FFFFF, 0xC1E0000000200000, 0x41EFFFFFFFE00000, 0x41EFFFFFFFFFFFFF, 0x41F0000000000000,
        0x43DFFFFFFFFFFFFF, 0x43E0000000000000, 0xC3E0000000000000, 0xC3E0000000000001, 0x43EFFFFFFFFFFFFF,
        0x43F0000000000000, 0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x47EFFFFFEFFFFFFF, 0x36A0000000000000,
        0x3690000000000000, 0x3690000000000001, 0x380FFFFFE0000000, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF,
        0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001,
        0xFFF4000000000000, 0x7FFFFFFFFFFFFFFF, 0x7FF0000020000000, 0x3FF0000010000000, 0x3FF0000030000000,
    ];

    /// <summary>Edge values, then random bits, small quarters, and numbers near the integer ranges.</summary>
    public static IEnumerable<float> Singles(Random random, int count)
    {
        foreach (var bits in EdgesF32)
        {
            yield return BitConverter.UInt32BitsToSingle(bits);
        }

        for (var i = 0; i < count; i++)
        {
            yield return (i % 4) switch
            {
                0 => random.Next(-1000, 1000) * 0.25f,
                1 => MathF.ScaleB((float)((random.NextDouble() * 2) - 1), random.Next(20, 70)),
                _ => BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32)),
            };
        }
    }

    /// <inheritdoc cref="Singles"/>
    public static IEnumerable<double> Doubles(Random random, int count)
    {
        foreach (var bits in EdgesF64)
        {
            yield return BitConverter.UInt64BitsToDouble(bits);
        }

        for (var i = 0; i < count; i++)
        {
            yield return (i % 4) switch
            {
                0 => random.Next(-1000, 1000) * 0.25,
                1 => Math.ScaleB((random.NextDouble() * 2) - 1, random.Next(20, 70)),
                2 => Math.ScaleB((random.NextDouble() * 2) - 1, random.Next(-155, 130)),
                _ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
            };
        }
    }

    /// <summary>Integers around every power of two and between, and random ones.</summary>
    public static IEnumerable<long> Integers(Random random, int count)
    {
        for (var bit = 0; bit < 64; bit++)
        {
            for (var delta = -2; delta <= 2; delta++)
            {
                yield return (1L << bit) + delta;
                yield return ~((1L << bit) + delta);
                yield return (1L << bit) + (1L << bit / 2) + delta;
            }
        }

        for (var i = 0; i < count; i++)
        {
            yield return random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
        }
    }
}

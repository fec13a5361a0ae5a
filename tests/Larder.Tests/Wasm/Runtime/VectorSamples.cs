using System.Runtime.Intrinsics;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>Vectors whose lanes lie at the borders of some lane type.</summary>
internal static class VectorSamples
{
    public static Vector128<byte> Next(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        var kind = random.Next(7);
        switch (kind)
        {
            case 0:
            case 1:
            case 2:
            case 3:
                var size = 1 << kind;
                for (var at = 0; at < 16; at += size)
                {
                    BitConverter.GetBytes(Integer(random, 8 * size)).AsSpan(0, size).CopyTo(bytes[at..]);
                }

                break;
            case 4:
                for (var at = 0; at < 16; at += 4)
                {
                    BitConverter.TryWriteBytes(bytes[at..], Single(random));
                }

                break;
            case 5:
                for (var at = 0; at < 16; at += 8)
                {
                    BitConverter.TryWriteBytes(bytes[at..], Double(random));
                }

                break;
            default:
                random.NextBytes(bytes);
                break;
        }

        return Vector128.Create<byte>(bytes);
    }

    /// <summary>An integer near a border of this width, or any.</summary>
    public static long Integer(Random random, int width) => random.Next(6) switch
    {
        0 => random.Next(-2, 3),
        1 => (1L << (width - 1)) + random.Next(-2, 3),
        2 => (1L << (width / 2)) + random.Next(-2, 3),
        3 => (1L << random.Next(width)) + random.Next(-1, 2),
        _ => random.NextInt64(long.MinValue, long.MaxValue),
    };

    public static uint Single(Random random) => random.Next(4) switch
    {
        0 => (uint)random.NextInt64(1L << 32),
        1 => BitConverter.SingleToUInt32Bits(random.Next(-400, 400) * 0.25f),
        _ => FloatSamples.EdgesF32[random.Next(FloatSamples.EdgesF32.Length)],
    };

    public static ulong Double(Random random) => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        1 => BitConverter.DoubleToUInt64Bits(random.Next(-400, 400) * 0.25),
        _ => FloatSamples.EdgesF64[random.Next(FloatSamples.EdgesF64.Length)],
    };
}

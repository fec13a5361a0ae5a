namespace Larder.Wasm.Compilation;

/// <summary>
/// Constants with which the JIT compiler simplifies arithmetic, <c>x * 1</c> to <c>x</c> for one: right for every number,
/// wrong for a signalling NaN, which has to come out quiet. They are loaded from cells in the instance's state, where the
/// JIT compiler cannot see their value.
/// </summary>
internal static class FloatCells
{
    private static readonly double[] Doubles = [1, -1, 0, -0.0];
    private static readonly float[] Singles = [1, -1, 0, -0f];

    /// <summary>Offset from the base of the cell with this value, or 0 when the value needs none.</summary>
    public static int Offset(double value)
    {
        for (var index = 0; index < Doubles.Length; index++)
        {
            if (BitConverter.DoubleToInt64Bits(Doubles[index]) == BitConverter.DoubleToInt64Bits(value))
            {
                return InstanceLayout.FloatConstants + (8 * index);
            }
        }

        return 0;
    }

    /// <summary>Offset from the base of the cell with this value, or 0 when the value needs none.</summary>
    public static int Offset(float value)
    {
        for (var index = 0; index < Singles.Length; index++)
        {
            if (BitConverter.SingleToInt32Bits(Singles[index]) == BitConverter.SingleToInt32Bits(value))
            {
                return InstanceLayout.FloatConstants + 32 + (4 * index);
            }
        }

        return 0;
    }

    /// <summary>Writes the cells of the instance whose base is <paramref name="memory"/>.</summary>
    public static unsafe void Write(byte* memory)
    {
        Doubles.CopyTo(new Span<double>(memory + InstanceLayout.FloatConstants, Doubles.Length));
        Singles.CopyTo(new Span<float>(memory + InstanceLayout.FloatConstants + 32, Singles.Length));
    }
}

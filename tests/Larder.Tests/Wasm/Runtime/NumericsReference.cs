using System.Numerics;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>The specification's numeric functions, written for plainness. NaN results are canonical.</summary>
internal static class NumericsReference
{
    public static readonly float NaN32 = BitConverter.UInt32BitsToSingle(0x7FC00000);
    public static readonly double NaN64 = BitConverter.UInt64BitsToDouble(0x7FF8000000000000);

    /// <summary>The integer part, or null if there is none or it lies outside of the limits.</summary>
    public static BigInteger? Truncate(double value, BigInteger lowest, BigInteger highest)
    {
        if (!double.IsFinite(value))
        {
            return null;
        }

        var whole = Whole(value, out _);
        return whole < lowest || whole > highest ? null : whole;
    }

    public static BigInteger Saturate(double value, BigInteger lowest, BigInteger highest)
    {
        if (double.IsNaN(value))
        {
            return 0;
        }

        if (double.IsInfinity(value))
        {
            return value < 0 ? lowest : highest;
        }

        return BigInteger.Max(lowest, BigInteger.Min(highest, Whole(value, out _)));
    }

    public static double Min(double left, double right)
    {
        if (double.IsNaN(left) || double.IsNaN(right))
        {
            return NaN64;
        }

        if (left == right)
        {
            return double.IsNegative(left) ? left : right;
        }

        return left < right ? left : right;
    }

    public static double Max(double left, double right)
    {
        if (double.IsNaN(left) || double.IsNaN(right))
        {
            return NaN64;
        }

        if (left == right)
        {
            return double.IsNegative(left) ? right : left;
        }

        return left > right ? left : right;
    }

    /// <summary>Rounds: -1 down, 1 up, 0 towards zero, 2 to nearest, ties to even. Keeps the sign of zero.</summary>
    public static double Round(double value, int mode)
    {
        if (double.IsNaN(value))
        {
            return NaN64;
        }

        if (double.IsInfinity(value))
        {
            return value;
        }

        var whole = Whole(value, out var fraction);
        var step = value < 0 ? -1 : 1;
        var away = mode switch
        {
            -1 => fraction > 0 && value < 0,
            1 => fraction > 0 && value > 0,
            2 => fraction > 0.5 || (fraction == 0.5 && !whole.IsEven),
            _ => false,
        };
        return Math.CopySign((double)(away ? whole + step : whole), value);
    }

    /// <summary>The nearest float with this many bits of precision, ties to even, of an integer.</summary>
    public static double Nearest(BigInteger value, int precision)
    {
        var magnitude = BigInteger.Abs(value);
        var shift = Math.Max(0, (int)magnitude.GetBitLength() - precision);
        var kept = magnitude >> shift;
        var rest = magnitude - (kept << shift);
        var half = shift == 0 ? BigInteger.One : BigInteger.One << (shift - 1);
        if (rest > half || (rest == half && !kept.IsEven))
        {
            kept++;
        }

        return Math.ScaleB((double)(ulong)kept, shift) * value.Sign;
    }

    /// <summary>The nearest 32-bit float of a 64-bit one, by its bits; NaN becomes canonical.</summary>
    public static float Demote(double value)
    {
        if (double.IsNaN(value))
        {
            return NaN32;
        }

        // The candidates are the cast's neighbours; the specification asks for the nearest, ties to even.
        var best = (float)value;
        foreach (var candidate in new[] { MathF.BitDecrement(best), MathF.BitIncrement(best) })
        {
            var finite = float.IsFinite(best) && float.IsFinite(candidate);
            if (finite && Math.Abs(candidate - value) < Math.Abs(best - value))
            {
                best = candidate;
            }
        }

        return best;
    }

    /// <summary>The integer part of a finite number and the magnitude of what is behind the point.</summary>
    private static BigInteger Whole(double value, out double fraction)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = bits & 0xFFFFFFFFFFFFF;
        if (exponent != 0)
        {
            mantissa |= 1L << 52;
        }

        var shift = Math.Max(exponent, 1) - 1075;
        var magnitude = shift >= 0 ? (BigInteger)mantissa << shift : (BigInteger)mantissa >> Math.Min(-shift, 60);
        fraction = shift >= 0 ? 0 : Math.Abs(value) - (double)magnitude;
        return value < 0 ? -magnitude : magnitude;
    }
}

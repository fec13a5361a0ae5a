using System.Globalization;

namespace Larder.Handlers.Engine;

/// <summary>Numbers as JavaScript writes them. Source: ECMA-262, <c>Number::toString</c>.</summary>
internal static class JsNumberText
{
    /// <summary>Bytes that any number takes at most.</summary>
    public const int MostBytes = 25;

    private const int MostDigits = 17;
    private const int MostPlainDigits = 21;
    private const int MostZeros = 6;
    private const double MostExact = 9_007_199_254_740_992;

    /// <summary>Writes a finite number.</summary>
    /// <returns>How many bytes it took.</returns>
    public static int Write(double value, Span<byte> target)
    {
        int length;
        if (Math.Abs(value) < MostExact && value == Math.Truncate(value))
        {
            ((long)value).TryFormat(target, out length, default, CultureInfo.InvariantCulture);
            return length;
        }

        // The shortest digits that give the number back are the same in both languages; where the point goes is not.
        Span<byte> shortest = stackalloc byte[32];
        value.TryFormat(shortest, out length, default, CultureInfo.InvariantCulture);
        Span<byte> digits = stackalloc byte[MostDigits + 1];
        var (count, point) = Digits(shortest[..length], digits);
        var written = 0;
        if (value < 0)
        {
            target[written++] = (byte)'-';
        }

        return written + Place(digits[..count], point, target[written..]);
    }

    // The digits without zeros at either end, and how many of them stand before the point, which may lie outside.
    private static (int Count, int Point) Digits(ReadOnlySpan<byte> text, Span<byte> digits)
    {
        var (count, point, hasPoint) = (0, 0, false);
        for (var index = 0; index < text.Length; index++)
        {
            switch (text[index])
            {
                case (byte)'-':
                    break;
                case (byte)'.':
                    hasPoint = true;
                    break;
                case (byte)'E':
                    point += int.Parse(text[(index + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                    index = text.Length;
                    break;
                case (byte)'0' when count == 0:
                    point -= hasPoint ? 1 : 0;
                    break;
                default:
                    point += hasPoint ? 0 : 1;
                    if (count < digits.Length)
                    {
                        digits[count++] = text[index];
                    }

                    break;
            }
        }

        while (count > 1 && digits[count - 1] == '0')
        {
            count--;
        }

        return (count, point);
    }

    private static int Place(ReadOnlySpan<byte> digits, int point, Span<byte> target)
    {
        if (point > MostPlainDigits || point <= -MostZeros)
        {
            return PlaceWithExponent(digits, point - 1, target);
        }

        if (point <= 0)
        {
            "0."u8.CopyTo(target);
            target.Slice(2, -point).Fill((byte)'0');
            digits.CopyTo(target[(2 - point)..]);
            return 2 - point + digits.Length;
        }

        if (point >= digits.Length)
        {
            digits.CopyTo(target);
            target[digits.Length..point].Fill((byte)'0');
            return point;
        }

        digits[..point].CopyTo(target);
        target[point] = (byte)'.';
        digits[point..].CopyTo(target[(point + 1)..]);
        return digits.Length + 1;
    }

    private static int PlaceWithExponent(ReadOnlySpan<byte> digits, int exponent, Span<byte> target)
    {
        var written = 0;
        target[written++] = digits[0];
        if (digits.Length > 1)
        {
            target[written++] = (byte)'.';
            digits[1..].CopyTo(target[written..]);
            written += digits.Length - 1;
        }

        target[written++] = (byte)'e';
        target[written++] = (byte)(exponent < 0 ? '-' : '+');
        Math.Abs(exponent).TryFormat(target[written..], out var length, default, CultureInfo.InvariantCulture);
        return written + length;
    }
}

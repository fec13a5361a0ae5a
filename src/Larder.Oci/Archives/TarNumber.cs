using System.Buffers.Text;

namespace Larder.Oci.Archives;

/// <summary>Numbers as headers have them: octal or, when they are larger, binary; in extended headers decimal.</summary>
internal static class TarNumber
{
    private const int NanosecondDigits = 9;

    /// <summary>Reads a field of a header; false when it is no number.</summary>
    public static bool TryRead(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        if (field[0] >= 0x80)
        {
            return TryReadBinary(field, out value);
        }

        field = field.Trim(" \0"u8);
        foreach (var digit in field)
        {
            if (digit is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3)
            {
                // Some writers leave what they like behind the number's end.
                return digit is 0 or (byte)' ';
            }

            value = (value << 3) | (long)(digit - '0');
        }

        return true;
    }

    /// <summary>Reads a whole decimal number that is not negative.</summary>
    public static bool TryReadDecimal(ReadOnlySpan<byte> text, out long value) =>
        Utf8Parser.TryParse(text, out value, out var used) && used == text.Length && value >= 0 && text[0] != (byte)'+';

    /// <summary>Reads a time: seconds with a fraction, both of either sign.</summary>
    public static bool TryReadTime(ReadOnlySpan<byte> text, out long seconds, out uint nanoseconds)
    {
        nanoseconds = 0;
        var isNegative = text is [(byte)'-', ..];
        text = isNegative ? text[1..] : text;
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        if (!TryReadDecimal(whole, out seconds))
        {
            return false;
        }

        if (point >= 0)
        {
            var fraction = text[(point + 1)..];
            for (var i = 0; i < fraction.Length; i++)
            {
                if (fraction[i] is < (byte)'0' or > (byte)'9')
                {
                    return false;
                }

                nanoseconds = i < NanosecondDigits ? (nanoseconds * 10) + (uint)(fraction[i] - '0') : nanoseconds;
            }

            for (var i = fraction.Length; i < NanosecondDigits; i++)
            {
                nanoseconds *= 10;
            }
        }

        if (isNegative)
        {
            seconds = nanoseconds == 0 ? -seconds : -seconds - 1;
            nanoseconds = nanoseconds == 0 ? 0 : 1_000_000_000 - nanoseconds;
        }

        return true;
    }

    // The first bit marks the form, the second is the sign; big-endian, two's complement.
    private static bool TryReadBinary(ReadOnlySpan<byte> field, out long value)
    {
        var sign = (field[0] & 0x40) != 0 ? (byte)0xFF : (byte)0;
        value = sign == 0 ? 0 : -1;
        for (var i = 0; i < field.Length; i++)
        {
            var part = i == 0 ? (byte)((field[0] & 0x3F) | (sign & 0xC0)) : field[i];
            if (field.Length - i > sizeof(long))
            {
                if (part != sign)
                {
                    return false;
                }

                continue;
            }

            value = (value << 8) | part;
        }

        return (value < 0) == (sign != 0);
    }
}

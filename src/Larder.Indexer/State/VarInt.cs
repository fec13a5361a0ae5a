namespace Larder.Indexer.State;

/// <summary>Numbers as groups of seven bits, the lowest first; the highest bit says that more follow.</summary>
internal static class VarInt
{
    public const int MaxBytes = 10;

    public static int Write(Span<byte> destination, ulong number)
    {
        var length = 0;
        for (; number >= 0x80; number >>= 7)
        {
            destination[length++] = (byte)(number | 0x80);
        }

        destination[length++] = (byte)number;
        return length;
    }

    /// <summary>Reads a number off the front; false when it is cut off or too long.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> source, out ulong number)
    {
        number = 0;
        for (var i = 0; i < source.Length && i < MaxBytes; i++)
        {
            number |= (ulong)(source[i] & 0x7F) << (7 * i);
            if (source[i] < 0x80)
            {
                source = source[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}

namespace Larder.Symbols.Tables;

/// <summary>
/// What search looks at in a name: letters without case, and its humps. Only ASCII letters have a case here, so that the
/// result is the same everywhere.
/// </summary>
internal static class NameFolding
{
    /// <summary>The byte without its case.</summary>
    public static byte Fold(byte letter) => letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;

    /// <summary>Writes the text without case.</summary>
    public static void Fold(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        for (var i = 0; i < text.Length; i++)
        {
            destination[i] = Fold(text[i]);
        }
    }

    /// <summary>
    /// Whether a hump begins at <paramref name="at"/>: a capital after what is none, or before a small letter; a letter or
    /// digit after what is neither; a digit after a letter; the first of all.
    /// </summary>
    public static bool IsHump(ReadOnlySpan<byte> name, int at)
    {
        var here = name[at];
        if (!IsWord(here))
        {
            return false;
        }

        if (at == 0 || !IsWord(name[at - 1]))
        {
            return true;
        }

        var before = name[at - 1];
        return IsUpper(here)
            ? !IsUpper(before) || (at + 1 < name.Length && IsLower(name[at + 1]))
            : IsDigit(here) && !IsDigit(before);
    }

    /// <summary>One bit for each letter or digit that begins a hump of the name; other characters share one.</summary>
    public static ulong Humps(ReadOnlySpan<byte> name)
    {
        var humps = 0UL;
        for (var i = 0; i < name.Length; i++)
        {
            if (IsHump(name, i))
            {
                humps |= Bit(name[i]);
            }
        }

        return humps;
    }

    /// <summary>The bit of one letter or digit.</summary>
    public static ulong Bit(byte letter)
    {
        var folded = Fold(letter);
        return folded is >= (byte)'a' and <= (byte)'z' ? 1UL << (folded - 'a')
            : IsDigit(folded) ? 1UL << (26 + folded - '0')
            : 1UL << 36;
    }

    private static bool IsWord(byte letter) => IsUpper(letter) || IsLower(letter) || IsDigit(letter) || letter >= 0x80;

    private static bool IsUpper(byte letter) => letter is >= (byte)'A' and <= (byte)'Z';

    private static bool IsLower(byte letter) => letter is >= (byte)'a' and <= (byte)'z';

    private static bool IsDigit(byte letter) => letter is >= (byte)'0' and <= (byte)'9';
}

using System.Buffers;

namespace Larder.Indexer.Blocks;

/// <summary>Hex digits in text, with <c>0x</c> before them or without.</summary>
internal static class HexText
{
    private static readonly SearchValues<byte> DigitsAndSpace = SearchValues.Create("0123456789abcdefABCDEFxX \t\r\n"u8);

    /// <summary>Whether there is nothing but hex digits and white space; also true of nothing at all.</summary>
    public static bool IsOnlyHex(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(DigitsAndSpace);

    /// <summary>The bytes of a text.</summary>
    /// <param name="text">The digits, without white space around them.</param>
    /// <param name="origin">Where the text stands, for the message.</param>
    /// <exception cref="IndexerException"><see cref="IndexerErrorKind.BadBlock"/>: it is not hex.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> text, string origin)
    {
        var digits = WithoutMark(text);
        var wrong = digits.IndexOfAnyExcept(Digits);
        if (wrong >= 0)
        {
            throw new IndexerException(
                IndexerErrorKind.BadBlock, $"{origin}: character {wrong + text.Length - digits.Length + 1} is no hex digit.");
        }

        if (digits.Length % 2 != 0)
        {
            throw new IndexerException(IndexerErrorKind.BadBlock, $"{origin}: {digits.Length} hex digits are not whole bytes.");
        }

        var bytes = GC.AllocateUninitializedArray<byte>(digits.Length / 2);
        Convert.FromHexString(digits, bytes, out _, out _);
        return bytes;
    }

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) => text.StartsWith("0x"u8) || text.StartsWith("0X"u8) ? text[2..] : text;

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\r\n"u8);
}

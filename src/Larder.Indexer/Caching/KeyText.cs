using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Larder.Indexer.Caching;

/// <summary>Keys as text for people: they are paths whose parts are names, numbers and hashes.</summary>
public static class KeyText
{
    private const int MaxBytes = 512;
    private const int HashShownBytes = 8;
    private const double TextShare = 0.7;

    /// <summary>
    /// Describes a key: parted at slashes, a part is shown as text where at least 70 % of it is printable UTF-8, else as a
    /// number where it has 4 or 8 bytes (little endian), else as hex digits, of hashes of 20 and 32 bytes the first 8 bytes.
    /// Never fails, whatever the bytes are. Only the first 512 bytes are shown.
    /// </summary>
    public static string Describe(ReadOnlySpan<byte> key)
    {
        var text = new StringBuilder();
        var rest = key[..Math.Min(key.Length, MaxBytes)];
        while (true)
        {
            var slash = rest.IndexOf((byte)'/');
            AppendPart(text, slash < 0 ? rest : rest[..slash]);
            if (slash < 0)
            {
                break;
            }

            text.Append('/');
            rest = rest[(slash + 1)..];
        }

        return key.Length > MaxBytes ? text.Append(CultureInfo.InvariantCulture, $"… ({key.Length} bytes)").ToString() : text.ToString();
    }

    private static void AppendPart(StringBuilder text, ReadOnlySpan<byte> part)
    {
        if (PrintableBytes(part) >= TextShare * part.Length)
        {
            AppendText(text, part);
        }
        else if (part.Length == sizeof(uint))
        {
            text.Append(CultureInfo.InvariantCulture, $"{BinaryPrimitives.ReadUInt32LittleEndian(part)}");
        }
        else if (part.Length == sizeof(ulong))
        {
            text.Append(CultureInfo.InvariantCulture, $"{BinaryPrimitives.ReadUInt64LittleEndian(part)}");
        }
        else if (part.Length is 20 or 32)
        {
            text.Append("0x").Append(Convert.ToHexStringLower(part[..HashShownBytes])).Append('…');
        }
        else
        {
            text.Append("0x").Append(Convert.ToHexStringLower(part));
        }
    }

    private static int PrintableBytes(ReadOnlySpan<byte> part)
    {
        var printable = 0;
        for (var rest = part; !rest.IsEmpty;)
        {
            var status = Rune.DecodeFromUtf8(rest, out var rune, out var used);
            printable += status == OperationStatus.Done && IsPrintable(rune) ? used : 0;
            rest = rest[used..];
        }

        return printable;
    }

    private static void AppendText(StringBuilder text, ReadOnlySpan<byte> part)
    {
        for (var rest = part; !rest.IsEmpty;)
        {
            var status = Rune.DecodeFromUtf8(rest, out var rune, out var used);
            if (status == OperationStatus.Done && IsPrintable(rune))
            {
                text.Append(rune.ToString());
            }
            else
            {
                foreach (var value in rest[..used])
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
                }
            }

            rest = rest[used..];
        }
    }

    private static bool IsPrintable(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator);
}

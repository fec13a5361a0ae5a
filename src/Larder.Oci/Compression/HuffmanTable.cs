using System.Numerics;

namespace Larder.Oci.Compression;

/// <summary>
/// Builds the tables that <see cref="InflateBlock"/> decodes by: a direct table of a fixed number of bits, and behind it a
/// subtable for every prefix of longer codes.
/// </summary>
/// <remarks>
/// An entry says at once what to do. Bits 0 to 7: bits to consume (code and extra bits). Bits 8 to 11: bits of the code
/// alone. Bit 31: a literal, whose value stands at bit 16. Bit 15: neither literal nor match; then bit 14 marks a pointer to a
/// subtable (its start at bit 16, its size at bit 8), bit 13 the end of the block, and bit 12 with it a code that does not
/// exist. Otherwise bits 16 and up: the base of a length or of a distance. Sources: RFC 1951 section 3.2; what sets of code
/// lengths are refused is what zlib refuses.
/// </remarks>
internal static class HuffmanTable
{
    public const uint Literal = 0x8000_0000;
    public const uint Exceptional = 0x8000;
    public const uint Subtable = 0x4000;
    public const uint End = 0x2000;
    public const uint Invalid = 0x1000;

    public const int LengthBits = 11;
    public const int DistanceBits = 8;
    public const int CodeLengthBits = 7;

    /// <summary>Most entries of each table, subtables included: 288 symbols of up to 15 bits over 11, and 32 over 8.</summary>
    public const int LengthEntries = 2342;
    public const int DistanceEntries = 402;

    private const int MaxCodeBits = 15;
    private const uint NoCode = Exceptional | End | Invalid | 1;

    /// <summary>What each symbol of the literal and length alphabet decodes to, without its code's length.</summary>
    public static ReadOnlySpan<uint> LengthSymbols => LengthResults;

    /// <summary>The same for distances.</summary>
    public static ReadOnlySpan<uint> DistanceSymbols => DistanceResults;

    /// <summary>The same for code lengths.</summary>
    public static ReadOnlySpan<uint> CodeLengthSymbols => CodeLengthResults;

    private static readonly uint[] LengthResults = MakeLengthResults();
    private static readonly uint[] DistanceResults = MakeDistanceResults();
    private static readonly uint[] CodeLengthResults = MakeCodeLengthResults();

    /// <summary>Builds a table; false when no prefix code has these lengths.</summary>
    /// <param name="table">Receives the entries.</param>
    /// <param name="tableBits">Bits of the direct table.</param>
    /// <param name="lengths">Bits of each symbol's code, 0 for none.</param>
    /// <param name="results">What each symbol decodes to.</param>
    /// <param name="mayBeIncomplete">Whether one code of one bit, or none at all, is acceptable.</param>
    public static bool TryBuild(
        Span<uint> table, int tableBits, ReadOnlySpan<byte> lengths, ReadOnlySpan<uint> results, bool mayBeIncomplete)
    {
        Span<int> counts = stackalloc int[MaxCodeBits + 1];
        counts.Clear();
        foreach (var length in lengths)
        {
            counts[length]++;
        }

        var longest = MaxCodeBits;
        while (longest > 0 && counts[longest] == 0)
        {
            longest--;
        }

        var left = 1;
        for (var length = 1; length <= MaxCodeBits; length++)
        {
            left = (left << 1) - counts[length];
            if (left < 0)
            {
                return false;
            }
        }

        if (left > 0 && !(mayBeIncomplete && longest <= 1))
        {
            return false;
        }

        Span<ushort> sorted = stackalloc ushort[lengths.Length];
        Sort(lengths, counts, sorted);
        if (left > 0)
        {
            FillIncomplete(table[..(1 << tableBits)], longest, sorted, results);
            return true;
        }

        Fill(table, tableBits, counts, longest, sorted[..(lengths.Length - counts[0])], results);
        return true;
    }

    // Symbols by the length of their codes, then by their number; those without a code come last.
    private static void Sort(ReadOnlySpan<byte> lengths, ReadOnlySpan<int> counts, Span<ushort> sorted)
    {
        Span<int> next = stackalloc int[MaxCodeBits + 2];
        next[1] = 0;
        for (var length = 1; length <= MaxCodeBits; length++)
        {
            next[length + 1] = next[length] + counts[length];
        }

        next[0] = next[MaxCodeBits + 1];
        for (var symbol = 0; symbol < lengths.Length; symbol++)
        {
            sorted[next[lengths[symbol]]++] = (ushort)symbol;
        }
    }

    private static void FillIncomplete(Span<uint> table, int longest, ReadOnlySpan<ushort> sorted, ReadOnlySpan<uint> results)
    {
        table.Fill(NoCode);
        if (longest == 1)
        {
            for (var i = 0; i < table.Length; i += 2)
            {
                table[i] = EntryOf(results[sorted[0]], 1);
            }
        }
    }

    private static void Fill(
        Span<uint> table, int tableBits, ReadOnlySpan<int> counts, int longest, ReadOnlySpan<ushort> sorted, ReadOnlySpan<uint> results)
    {
        // Codes are read from their first bit on, which is the lowest of the buffer: all codes here are kept reversed.
        uint code = 0;
        var length = 1;
        var position = 0;
        while (counts[length] == 0)
        {
            length++;
        }

        var left = counts[length];
        var size = 1 << length;

        // The direct table grows with the codes' length, and what is filled so far is copied behind itself.
        for (; length <= tableBits; length++, left = length <= MaxCodeBits ? counts[length] : 0)
        {
            for (; left > 0; left--)
            {
                table[(int)code] = EntryOf(results[sorted[position++]], length);
                if (code == (uint)size - 1)
                {
                    for (; length < tableBits; length++)
                    {
                        table[..size].CopyTo(table[size..]);
                        size <<= 1;
                    }

                    return;
                }

                code = Next(code, length);
            }

            if (length < tableBits)
            {
                table[..size].CopyTo(table[size..]);
                size <<= 1;
            }
        }

        FillSubtables(table, tableBits, counts, length, code, sorted[position..], results, longest);
    }

    private static void FillSubtables(
        Span<uint> table,
        int tableBits,
        ReadOnlySpan<int> counts,
        int length,
        uint code,
        ReadOnlySpan<ushort> sorted,
        ReadOnlySpan<uint> results,
        int longest)
    {
        var end = 1 << tableBits;
        var prefix = uint.MaxValue;
        var start = 0;
        var bits = 0;
        var mask = (1u << tableBits) - 1;
        var position = 0;
        for (; length <= longest; length++)
        {
            for (var left = counts[length]; left > 0; left--)
            {
                if ((code & mask) != prefix)
                {
                    prefix = code & mask;
                    start = end;
                    bits = SubtableBits(counts, length, left, tableBits);
                    end += 1 << bits;
                    table[(int)prefix] = Exceptional | Subtable | ((uint)start << 16) | ((uint)bits << 8) | (uint)tableBits;
                }

                var entry = EntryOf(results[sorted[position++]], length - tableBits);
                var stride = 1 << (length - tableBits);
                for (var i = (int)(code >> tableBits); i < 1 << bits; i += stride)
                {
                    table[start + i] = entry;
                }

                if (position < sorted.Length)
                {
                    code = Next(code, length);
                }
            }
        }
    }

    // The subtable takes all codes that begin with its prefix: as many bits as fill it wholly.
    private static int SubtableBits(ReadOnlySpan<int> counts, int length, int left, int tableBits)
    {
        var bits = length - tableBits;
        var used = left;
        while (used < 1 << bits)
        {
            bits++;
            used = (used << 1) + counts[tableBits + bits];
        }

        return bits;
    }

    // The reversed code that follows, of the same length: adds one at the far end.
    private static uint Next(uint code, int length)
    {
        var bit = 1u << BitOperations.Log2(code ^ ((1u << length) - 1));
        return (code & (bit - 1)) | bit;
    }

    private static uint EntryOf(uint result, int codeBits) => result + ((uint)codeBits << 8) + (uint)codeBits;

    private static uint[] MakeCodeLengthResults()
    {
        var results = new uint[19];
        for (var symbol = 0u; symbol < results.Length; symbol++)
        {
            results[symbol] = symbol << 16;
        }

        return results;
    }

    private static uint[] MakeLengthResults()
    {
        var results = new uint[288];
        for (var i = 0u; i < 256; i++)
        {
            results[i] = Literal | (i << 16);
        }

        results[256] = Exceptional | End;
        ReadOnlySpan<ushort> bases =
            [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
        ReadOnlySpan<byte> extra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
        for (var i = 0; i < bases.Length; i++)
        {
            results[257 + i] = ((uint)bases[i] << 16) | extra[i];
        }

        results[286] = results[287] = Exceptional | End | Invalid;
        return results;
    }

    private static uint[] MakeDistanceResults()
    {
        var results = new uint[32];
        uint distance = 1;
        for (var i = 0; i < 30; i++)
        {
            var extra = (uint)Math.Max((i / 2) - 1, 0);
            results[i] = (distance << 16) | extra;
            distance += 1u << (int)extra;
        }

        results[30] = results[31] = Exceptional | End | Invalid;
        return results;
    }
}

using System.Globalization;
using Larder.Cache.Artifacts;

namespace Larder.Node.Http;

/// <summary>Reads a <c>Range</c> header. Source: RFC 9110, section 14.</summary>
internal static class RangeHeader
{
    private const string Unit = "bytes=";

    /// <summary>
    /// What the header asks of <paramref name="length"/> bytes. Several ranges, other units and malformed headers ask
    /// for everything, as the RFC allows.
    /// </summary>
    public static RangeOutcome Parse(string? header, long length, out ByteRange range)
    {
        range = new ByteRange(0, length);
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return RangeOutcome.Whole;
        }

        var spec = header.AsSpan(Unit.Length).Trim();
        var dash = spec.IndexOf('-');
        if (dash < 0 || spec.Contains(','))
        {
            return RangeOutcome.Whole;
        }

        var first = spec[..dash].TrimEnd();
        var last = spec[(dash + 1)..].TrimStart();
        return first.IsEmpty ? Suffix(last, length, out range) : Between(first, last, length, out range);
    }

    private static RangeOutcome Suffix(ReadOnlySpan<char> last, long length, out ByteRange range)
    {
        range = new ByteRange(0, length);
        if (!TryNumber(last, out var count))
        {
            return RangeOutcome.Whole;
        }

        if (count == 0 || length == 0)
        {
            return RangeOutcome.Unsatisfiable;
        }

        count = Math.Min(count, length);
        range = new ByteRange(length - count, count);
        return RangeOutcome.Partial;
    }

    private static RangeOutcome Between(
        ReadOnlySpan<char> first, ReadOnlySpan<char> last, long length, out ByteRange range)
    {
        range = new ByteRange(0, length);
        var end = long.MaxValue;
        if (!TryNumber(first, out var start) || (!last.IsEmpty && (!TryNumber(last, out end) || end < start)))
        {
            return RangeOutcome.Whole;
        }

        if (start >= length)
        {
            return RangeOutcome.Unsatisfiable;
        }

        end = Math.Min(end, length - 1);
        range = new ByteRange(start, end - start + 1);
        return RangeOutcome.Partial;
    }

    // A number too large for a long is as good as the largest one.
    private static bool TryNumber(ReadOnlySpan<char> digits, out long value)
    {
        value = 0;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value))
        {
            value = long.MaxValue;
        }

        return true;
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Larder.Cache.Fingerprints;

/// <summary>Short forms of recipe values for people: one line, no control characters, bounded length.</summary>
internal static class RecipeText
{
    /// <summary>Longest form of one value, in characters, its quotation marks and ellipses aside.</summary>
    public const int MaxLength = 80;

    // Characters that are kept in front of the first difference of two long texts.
    private const int Context = 12;

    /// <summary>The form of one value.</summary>
    public static string Describe(RecipeValue value) => value.Type switch
    {
        RecipeValueType.Text => Quote(value.AsText(), 0),
        RecipeValueType.List or RecipeValueType.Set => Join(value.AsItems(), value.Type),
        _ => Plain(value),
    };

    /// <summary>
    /// The forms of two different values, cut so that the difference shows: long texts begin near the first
    /// difference, and lists and sets show only items that the other side lacks.
    /// </summary>
    public static (string Before, string After) DescribePair(RecipeValue before, RecipeValue after)
    {
        if (before.Type != after.Type)
        {
            return ($"{Describe(before)} ({Word(before.Type)})", $"{Describe(after)} ({Word(after.Type)})");
        }

        if (before.Type is RecipeValueType.Text)
        {
            var (left, right) = (before.AsText(), after.AsText());
            var start = Math.Max(0, left.AsSpan().CommonPrefixLength(right) - Context);
            var skip = Math.Max(left.Length, right.Length) > MaxLength ? start : 0;
            return (Quote(left, skip), Quote(right, skip));
        }

        if (before.Type is RecipeValueType.List or RecipeValueType.Set)
        {
            return DescribeItems(before, after);
        }

        if (before.Type is RecipeValueType.Bytes && Math.Max(before.Payload.Length, after.Payload.Length) > MaxLength / 2)
        {
            var at = before.Payload.Span.CommonPrefixLength(after.Payload.Span);
            return (Hex(before.Payload.Span, at), Hex(after.Payload.Span, at));
        }

        return (Describe(before), Describe(after));
    }

    private static (string Before, string After) DescribeItems(RecipeValue before, RecipeValue after)
    {
        var (left, right) = (before.AsItems(), after.AsItems());
        var (onlyLeft, onlyRight) = (Without(left, right), Without(right, left));
        if (onlyLeft.IsEmpty && onlyRight.IsEmpty)
        {
            // The same items in another order: begin where the orders part.
            var at = left.AsSpan().CommonPrefixLength(right.AsSpan());
            return ($"order from item {at}: {Join(left[at..], before.Type)}", $"order from item {at}: {Join(right[at..], after.Type)}");
        }

        return (Only(onlyLeft, left, before.Type), Only(onlyRight, right, after.Type));

        static string Only(ImmutableArray<RecipeValue> only, ImmutableArray<RecipeValue> all, RecipeValueType type) =>
            only.Length == all.Length
                ? Join(all, type)
                : $"{all.Length} items, only here: {Join(only, type)}";
    }

    private static ImmutableArray<RecipeValue> Without(ImmutableArray<RecipeValue> items, ImmutableArray<RecipeValue> others)
    {
        var counts = new Dictionary<RecipeValue, int>();
        foreach (var other in others)
        {
            counts[other] = counts.GetValueOrDefault(other) + 1;
        }

        return [.. items.Where(item =>
        {
            var left = counts.GetValueOrDefault(item);
            counts[item] = left - 1;
            return left <= 0;
        })];
    }

    private static string Join(ImmutableArray<RecipeValue> items, RecipeValueType type)
    {
        var (open, close) = type == RecipeValueType.Set ? ('{', '}') : ('[', ']');
        var text = new StringBuilder().Append(open);
        var shown = 0;
        foreach (var item in items)
        {
            if (text.Length > MaxLength)
            {
                break;
            }

            text.Append(shown++ == 0 ? string.Empty : ", ").Append(Describe(item));
        }

        if (shown < items.Length)
        {
            text.Append(CultureInfo.InvariantCulture, $", … {items.Length - shown} more");
        }

        return text.Append(close).ToString();
    }

    private static string Plain(RecipeValue value) => value.Type switch
    {
        RecipeValueType.Integer => value.AsInteger().ToString(CultureInfo.InvariantCulture),
        RecipeValueType.Boolean => value.AsBoolean() ? "true" : "false",
        RecipeValueType.Fingerprint => value.AsFingerprint().ToString(),
        RecipeValueType.Bytes => Hex(value.Payload.Span, 0),
        _ => "no value",
    };

    private static string Quote(string text, int skip)
    {
        // A cut never leaves half of a surrogate pair.
        skip = skip > 0 && skip < text.Length && char.IsLowSurrogate(text[skip]) ? skip - 1 : Math.Min(skip, text.Length);
        var end = Math.Min(text.Length, skip + MaxLength);
        end = end < text.Length && char.IsLowSurrogate(text[end]) ? end - 1 : end;
        var quoted = new StringBuilder(end - skip + 4);
        quoted.Append(skip > 0 ? "…\"" : "\"");
        foreach (var rune in text[skip..end].EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
            {
                quoted.Append('\\').Append((char)rune.Value);
            }
            else if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned)
            {
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
            }
            else
            {
                quoted.Append(rune.ToString());
            }
        }

        return quoted.Append(end < text.Length ? "\"…" : "\"").ToString();
    }

    private static string Hex(ReadOnlySpan<byte> bytes, int at)
    {
        var start = bytes.Length > MaxLength / 2 ? Math.Max(0, Math.Min(at, bytes.Length) - (Context / 2)) : 0;
        var shown = bytes[start..Math.Min(bytes.Length, start + (MaxLength / 2))];
        var text = Convert.ToHexStringLower(shown);
        return shown.Length == bytes.Length
            ? $"0x{text}"
            : $"{(start > 0 ? "…" : "0x")}{text}{(start + shown.Length < bytes.Length ? "…" : string.Empty)} ({bytes.Length} bytes)";
    }

    private static string Word(RecipeValueType type) => type switch
    {
        RecipeValueType.Bytes => "bytes",
        RecipeValueType.Text => "text",
        RecipeValueType.Integer => "number",
        RecipeValueType.Boolean => "true or false",
        RecipeValueType.Fingerprint => "fingerprint",
        RecipeValueType.List => "list",
        _ => "set",
    };
}

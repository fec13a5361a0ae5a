using System.Globalization;

namespace Larder.Indexer.Blocks;

/// <summary>Orders names so that numbers in them count as numbers: <c>block-9</c> before <c>block-10</c>.</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static readonly NaturalOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (x ?? "", y ?? "");
        var (i, j) = (0, 0);
        while (i < left.Length && j < right.Length)
        {
            if (char.IsAsciiDigit(left[i]) && char.IsAsciiDigit(right[j]))
            {
                var first = Number(left, ref i);
                var second = Number(right, ref j);
                var difference = first.Length != second.Length ? first.Length - second.Length : first.SequenceCompareTo(second);
                if (difference != 0)
                {
                    return difference;
                }
            }
            else if (left[i] != right[j])
            {
                return left[i] - right[j];
            }
            else
            {
                i++;
                j++;
            }
        }

        var rest = (left.Length - i) - (right.Length - j);
        return rest != 0 ? rest : string.CompareOrdinal(left, right);
    }

    /// <summary>The number that a file's name ends in, its extension aside; null when it ends in none, or not in a height.</summary>
    public static uint? NumberAtEnd(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path.AsSpan());
        var start = name.Length;
        while (start > 0 && char.IsAsciiDigit(name[start - 1]))
        {
            start--;
        }

        return uint.TryParse(name[start..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < uint.MaxValue
            ? number
            : null;
    }

    // The digits of a number without the zeros before it.
    private static ReadOnlySpan<char> Number(string text, ref int position)
    {
        var start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
        {
            position++;
        }

        return text.AsSpan(start, position - start).TrimStart('0');
    }
}

using System.Buffers;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Larder.Cli.Commands;

/// <summary>Lengths and times as people write them: <c>64M</c>, <c>1.5GiB</c>, <c>90s</c>, <c>30d</c>.</summary>
internal static class Quantities
{
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    /// <summary>Reads a length in bytes; k, M, G and T are binary units, whatever follows them.</summary>
    public static bool TryBytes(string text, out long bytes)
    {
        bytes = 0;
        if (!TrySplit(text, out var number, out var unit))
        {
            return false;
        }

        var power = unit.ToUpperInvariant() switch
        {
            "" or "B" => 0,
            "K" or "KB" or "KIB" => 1,
            "M" or "MB" or "MIB" => 2,
            "G" or "GB" or "GIB" => 3,
            "T" or "TB" or "TIB" => 4,
            _ => -1,
        };
        var value = number * Math.Pow(1024, Math.Max(power, 0));
        bytes = value < long.MaxValue ? (long)value : 0;
        return power >= 0 && value < long.MaxValue;
    }

    /// <summary>Reads a length of time: a number and ms, s, m, h, d or w.</summary>
    public static bool TryTime(string text, out TimeSpan time)
    {
        time = default;
        if (!TrySplit(text, out var number, out var unit))
        {
            return false;
        }

        var seconds = unit switch
        {
            "ms" => number / 1000,
            "s" => number,
            "m" or "min" => number * 60,
            "h" => number * 3600,
            "d" => number * 86_400,
            "w" => number * 7 * 86_400,
            _ => double.NaN,
        };
        if (double.IsNaN(seconds) || seconds >= TimeSpan.MaxValue.TotalSeconds)
        {
            return false;
        }

        time = TimeSpan.FromSeconds(seconds);
        return true;
    }

    /// <summary>For options that take bytes.</summary>
    public static long ParseBytes(ArgumentResult result)
    {
        if (!TryBytes(result.Tokens[0].Value, out var bytes))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not a length; write bytes or a number with k, M, G or T, such as 64M");
        }

        return bytes;
    }

    /// <summary>For options that take a time.</summary>
    public static TimeSpan ParseTime(ArgumentResult result)
    {
        if (!TryTime(result.Tokens[0].Value, out var time))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not a time; write a number with ms, s, m, h, d or w, such as 30d");
        }

        return time;
    }

    /// <summary>For options that take a whole number between two bounds, both allowed.</summary>
    public static long ParseCount(ArgumentResult result, long least, long most)
    {
        var text = result.Tokens[0].Value;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) || count < least || count > most)
        {
            result.AddError(most == long.MaxValue
                ? $"'{text}' is not a whole number of at least {least}"
                : $"'{text}' is not a whole number from {least} to {most}");
        }

        return count;
    }

    private static bool TrySplit(string text, out double number, [NotNullWhen(true)] out string? unit)
    {
        var digits = text.AsSpan().IndexOfAnyExcept(NumberCharacters);
        digits = digits < 0 ? text.Length : digits;
        unit = text[digits..].Trim();
        return double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }
}

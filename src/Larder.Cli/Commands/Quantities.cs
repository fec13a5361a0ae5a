using System.CommandLine.Parsing;
using System.Globalization;
using Larder.Node.Configuration;

namespace Larder.Cli.Commands;

/// <summary>Lengths, times and counts on the command line, with refusals as sentences.</summary>
internal static class Quantities
{
    /// <summary>For options that take bytes.</summary>
    public static long ParseBytes(ArgumentResult result)
    {
        if (!Quantity.TryParseBytes(result.Tokens[0].Value, out var bytes))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not a length; write bytes or a number with a unit, such as 64MiB");
        }

        return bytes;
    }

    /// <summary>For options that take a time.</summary>
    public static TimeSpan ParseTime(ArgumentResult result)
    {
        if (!Quantity.TryParseTime(result.Tokens[0].Value, out var time))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not a time; write a number with ms, s, m, h or d, such as 30d");
        }

        return time;
    }

    /// <summary>For options that take a whole number between two bounds, both allowed.</summary>
    public static long ParseCount(ArgumentResult result, long least, long most)
    {
        var text = result.Tokens[0].Value;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) || count < least || count > most)
        {
            result.AddError(most > int.MaxValue / 4
                ? $"'{text}' is not a whole number of at least {least}"
                : $"'{text}' is not a whole number from {least} to {most}");
        }

        return count;
    }
}

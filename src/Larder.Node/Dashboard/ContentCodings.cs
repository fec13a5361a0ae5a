using System.Globalization;

namespace Larder.Node.Dashboard;

/// <summary>Reads <c>Accept-Encoding</c>. Source: RFC 9110, section 12.5.3.</summary>
internal static class ContentCodings
{
    /// <summary>Whether the header's value allows <paramref name="coding"/>. A quality of zero forbids it.</summary>
    public static bool Accepts(ReadOnlySpan<char> header, ReadOnlySpan<char> coding)
    {
        var wildcard = false;
        foreach (var range in header.Split(','))
        {
            var element = header[range];
            var separator = element.IndexOf(';');
            var name = (separator < 0 ? element : element[..separator]).Trim();
            if (name.Equals(coding, StringComparison.OrdinalIgnoreCase))
            {
                return separator < 0 || Quality(element[(separator + 1)..]) > 0;
            }

            wildcard |= name is "*" && (separator < 0 || Quality(element[(separator + 1)..]) > 0);
        }

        return wildcard;
    }

    private static double Quality(ReadOnlySpan<char> parameter)
    {
        parameter = parameter.Trim();
        return parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
            && double.TryParse(parameter[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality)
            ? quality
            : 1;
    }
}

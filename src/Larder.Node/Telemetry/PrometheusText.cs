using System.Globalization;
using System.Text;

namespace Larder.Node.Telemetry;

/// <summary>
/// The words of the Prometheus text format, version 0.0.4. Source: prometheus.io/docs/instrumenting/exposition_formats.
/// </summary>
internal static class PrometheusText
{
    /// <summary>The metric name of an instrument: unit and type become suffixes, as the format's users expect.</summary>
    public static string NameOf(string instrument, string? unit, PrometheusKind kind)
    {
        var name = new StringBuilder(instrument.Length + 16);
        foreach (var character in instrument)
        {
            name.Append(char.IsAsciiLetterOrDigit(character) ? character : '_');
        }

        Suffix(name, unit switch { "s" => "_seconds", "By" => "_bytes", "1" => "_ratio", _ => string.Empty });
        Suffix(name, kind == PrometheusKind.Counter ? "_total" : string.Empty);
        return name.ToString();
    }

    /// <summary>Writes the two lines before a metric's series.</summary>
    public static void Head(StringBuilder text, string name, string help, PrometheusKind kind)
    {
        text.Append("# HELP ").Append(name).Append(' ')
            .Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal))
            .Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ')
            .Append(kind switch
            {
                PrometheusKind.Counter => "counter",
                PrometheusKind.Histogram => "histogram",
                _ => "gauge",
            })
            .Append('\n');
    }

    /// <summary>Writes one line.</summary>
    public static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <summary>Labels without their braces.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            text.Append(text.Length == 0 ? string.Empty : ",");
            foreach (var character in name)
            {
                text.Append(char.IsAsciiLetterOrDigit(character) ? character : '_');
            }

            text.Append("=\"").Append(Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty)).Append('"');
        }

        return text.ToString();
    }

    /// <summary>A number as the format wants it.</summary>
    public static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static void Suffix(StringBuilder name, string suffix)
    {
        if (suffix.Length > 0 && !name.ToString().EndsWith(suffix, StringComparison.Ordinal))
        {
            name.Append(suffix);
        }
    }
}

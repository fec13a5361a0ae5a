using System.Globalization;
using System.Text;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Engine;

/// <summary>A JavaScript stack as the handler's author sees it: only frames of the source, by its own lines.</summary>
/// <param name="Text">The frames, a line each; empty when there are none.</param>
/// <param name="Location">The place of the innermost frame; null when there is none.</param>
internal readonly record struct HandlerStack(string Text, SourceLocation? Location)
{
    private const string Place = HandlerScript.FileName + ":";

    /// <summary>Reads the engine's text of a stack.</summary>
    /// <param name="stack">The text.</param>
    /// <param name="map">The map of the source; without one, columns are bytes of UTF-8.</param>
    public static HandlerStack Parse(string stack, SourceMap? map = null)
    {
        var text = new StringBuilder();
        SourceLocation? innermost = null;
        foreach (var line in stack.AsSpan().EnumerateLines())
        {
            var start = line.IndexOf(Place, StringComparison.Ordinal);
            if (start < 0 || !TryReadPlace(line[(start + Place.Length)..], map, out var location, out var rest))
            {
                continue;
            }

            // Behind the source there is only the end of the script: what is missing there, is missing at the end.
            innermost ??= location;
            if (text.Length > 0)
            {
                text.Append('\n');
            }

            text.Append(line[..(start + Place.Length)])
                .Append(CultureInfo.InvariantCulture, $"{location.Line}:{location.Column}")
                .Append(rest);
        }

        return new HandlerStack(text.ToString(), innermost);
    }

    private static bool TryReadPlace(
        ReadOnlySpan<char> text, SourceMap? map, out SourceLocation location, out ReadOnlySpan<char> rest)
    {
        location = default;
        rest = default;
        var lineEnd = text.IndexOf(':');
        if (lineEnd < 0 || !int.TryParse(text[..lineEnd], CultureInfo.InvariantCulture, out var line))
        {
            return false;
        }

        text = text[(lineEnd + 1)..];
        var columnEnd = text.IndexOfAnyExceptInRange('0', '9');
        columnEnd = columnEnd < 0 ? text.Length : columnEnd;
        if (!int.TryParse(text[..columnEnd], CultureInfo.InvariantCulture, out var column))
        {
            return false;
        }

        rest = text[columnEnd..];
        location = map?.FromEngine(line, column)
            ?? new SourceLocation(Math.Max(line - HandlerScript.LinesBefore, 1), Math.Max(column, 1));
        return true;
    }
}

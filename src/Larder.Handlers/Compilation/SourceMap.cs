using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;

namespace Larder.Handlers.Compilation;

/// <summary>
/// Leads from what the engine says of a place in a handler to the place in the handler's own source. The engine counts
/// columns in bytes of UTF-8 and lines of the <see cref="HandlerScript">wrapped text</see>. Immutable; thread safe.
/// </summary>
/// <remarks>
/// Needs no source: it knows the length of every line and, for lines that are not ASCII, which of their characters take
/// how many bytes. A line ends with LF, CR LF or CR. See docs/FORMATS.md for its encoding.
/// </remarks>
internal sealed class SourceMap
{
    private const int LinesOfContext = 2;

    // Most lines: a varint of one byte each, in a source of the greatest size.
    private const int MaxLines = 64 * 1024 * 1024;

    private readonly Line[] _lines;

    private SourceMap(Line[] lines) => _lines = lines;

    /// <summary>How many lines the source has, at least 1.</summary>
    public int LineCount => _lines.Length;

    /// <summary>The place behind the last character.</summary>
    public SourceLocation End => new(_lines.Length, _lines[^1].Length + 1);

    /// <summary>The map of a source.</summary>
    public static SourceMap Of(ReadOnlySpan<char> source)
    {
        var lines = new List<Line>();
        for (var start = HandlerScript.StartOf(source); ;)
        {
            var rest = source[start..];
            var length = rest.IndexOfAny('\n', '\r');
            var isLast = length < 0;
            var text = isLast ? rest : rest[..length];
            lines.Add(new Line(start, text.Length, RunsOf(text)));
            if (isLast)
            {
                return new SourceMap([.. lines]);
            }

            start += length + (rest[length..].StartsWith("\r\n") ? 2 : 1);
        }
    }

    /// <summary>Reads an encoded map; false when the bytes are none.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out SourceMap? map)
    {
        map = null;
        var reader = new VarintReader(encoded);
        var count = reader.Next();
        if (count is < 1 or > MaxLines || count > encoded.Length)
        {
            return false;
        }

        var lines = new Line[count];
        var start = 0L;
        for (var index = 0; index < count; index++)
        {
            // How the line before it ended, two bits; then whether it has runs.
            var head = reader.Next();
            start += head & 3;
            var length = head >> 3;
            Run[]? runs = null;
            if ((head & 4) != 0)
            {
                var runCount = reader.Next();
                if (runCount < 1 || runCount > encoded.Length)
                {
                    return false;
                }

                runs = new Run[runCount];
                foreach (ref var run in runs.AsSpan())
                {
                    var packed = reader.Next();
                    run = new Run((int)(packed >> 2), (int)(packed & 3) + 1);
                }
            }

            if (reader.Failed || start + length > int.MaxValue)
            {
                return false;
            }

            lines[index] = new Line((int)start, (int)length, runs);
            start += length;
        }

        if (!reader.AtEnd)
        {
            return false;
        }

        map = new SourceMap(lines);
        return true;
    }

    /// <summary>The map as bytes that <see cref="TryDecode"/> reads.</summary>
    public byte[] Encode()
    {
        var writer = new VarintWriter();
        writer.Add(_lines.Length);
        var end = 0;
        foreach (var line in _lines)
        {
            writer.Add(((long)line.Length << 3) | (line.Runs is null ? 0u : 4u) | (uint)(line.Start - end));
            end = line.Start + line.Length;
            if (line.Runs is { } runs)
            {
                writer.Add(runs.Length);
                foreach (var run in runs)
                {
                    writer.Add(((long)run.Characters << 2) | (uint)(run.Bytes - 1));
                }
            }
        }

        return writer.ToArray();
    }

    /// <summary>The place of a character.</summary>
    /// <param name="offset">Number of UTF-16 code units in front of it; what is beyond the end is the end.</param>
    public SourceLocation Locate(int offset)
    {
        var (low, high) = (0, _lines.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _lines[middle].Start <= offset ? (middle, high) : (low, middle - 1);
        }

        return new SourceLocation(low + 1, Math.Clamp(offset - _lines[low].Start, 0, _lines[low].Length) + 1);
    }

    /// <summary>The place in the source that the engine means; the nearest one when it lies outside.</summary>
    /// <param name="line">The engine's line, from 1.</param>
    /// <param name="column">The engine's column in bytes, from 1.</param>
    public SourceLocation FromEngine(int line, int column)
    {
        var index = line - 1 - HandlerScript.LinesBefore;
        if (index < 0)
        {
            return new SourceLocation(1, 1);
        }

        return index >= _lines.Length
            ? End
            : new SourceLocation(index + 1, _lines[index].ColumnOf(column - 1) + 1);
    }

    /// <summary>
    /// The lines around a place, each as <c>&gt; 12 | text</c>: a mark on the line of the place, the number in four columns.
    /// </summary>
    /// <param name="source">The source that this is the map of.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="context">How many lines before and after it.</param>
    public SourceSnippet Snippet(string source, int line, int context = LinesOfContext)
    {
        var marked = Math.Clamp(line, 1, _lines.Length);
        var text = new StringBuilder();
        var last = Math.Min(marked + context, _lines.Length);
        for (var number = Math.Max(1, marked - context); number <= last; number++)
        {
            var (start, length, _) = _lines[number - 1];
            start = Math.Min(start, source.Length);
            text.Append(text.Length == 0 ? "" : "\n")
                .Append(CultureInfo.InvariantCulture, $"{(number == marked ? '>' : ' ')} {number,4} | ")
                .Append(source, start, Math.Min(length, source.Length - start));
        }

        return new SourceSnippet(text.ToString(), marked);
    }

    private static Run[]? RunsOf(ReadOnlySpan<char> text)
    {
        if (Ascii.IsValid(text))
        {
            return null;
        }

        var runs = new List<Run>();
        foreach (var rune in text.EnumerateRunes())
        {
            if (runs.Count > 0 && runs[^1].Bytes == rune.Utf8SequenceLength)
            {
                runs[^1] = runs[^1] with { Characters = runs[^1].Characters + 1 };
            }
            else
            {
                runs.Add(new Run(1, rune.Utf8SequenceLength));
            }
        }

        return [.. runs];
    }

    /// <summary>Characters in a row that take the same number of bytes in UTF-8.</summary>
    private readonly record struct Run(int Characters, int Bytes)
    {
        // Characters of four bytes are pairs of surrogates.
        public int Units => Bytes == 4 ? 2 : 1;
    }

    /// <summary>Where a line begins and how long it is, in UTF-16 code units; runs only where it is not ASCII.</summary>
    private readonly record struct Line(int Start, int Length, Run[]? Runs)
    {
        public int ColumnOf(int bytes)
        {
            var column = 0L;
            foreach (var run in Runs ?? [])
            {
                var characters = Math.Min(bytes / run.Bytes, run.Characters);
                column += (long)characters * run.Units;
                bytes -= characters * run.Bytes;
                if (characters < run.Characters)
                {
                    bytes = 0;
                    break;
                }
            }

            return (int)Math.Clamp(column + Math.Max(bytes, 0), 0, Length);
        }
    }
}

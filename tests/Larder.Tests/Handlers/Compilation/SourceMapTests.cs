using System.Text;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;

namespace Larder.Tests.Handlers.Compilation;

public sealed class SourceMapTests
{
    private static readonly string[] Pieces =
        ["a", "let x", "\t", "\n", "\r\n", "\r", "\u00e9", "\u20ac", "\U0001f600", "\u2028", "  ", "\uFEFF", ""];

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(6, 2, 1)]
    [InlineData(12, 3, 1)]
    [InlineData(15, 3, 4)]
    [InlineData(5, 1, 6)]
    [InlineData(1000, 3, 6)]
    public void An_offset_is_a_line_and_a_column(int offset, int line, int column) =>
        Assert.Equal(new SourceLocation(line, column), SourceMap.Of("line1\nline2\nline3").Locate(offset));

    [Fact]
    public void A_snippet_marks_the_line_and_numbers_all_in_four_columns()
    {
        var source = "line1\nline2\r\nline3\nline4\nline5";

        var snippet = SourceMap.Of(source).Snippet(source, 3, context: 1);

        Assert.Equal("     2 | line2\n>    3 | line3\n     4 | line4", snippet.Code);
        Assert.Equal(3, snippet.HighlightLine);
    }

    [Theory]
    [InlineData(1, ">    1 | line1\n     2 | line2\n     3 | line3")]
    [InlineData(99, "     1 | line1\n     2 | line2\n>    3 | line3")]
    [InlineData(-5, ">    1 | line1\n     2 | line2\n     3 | line3")]
    public void A_snippet_stays_within_the_source(int line, string expected)
    {
        var source = "line1\nline2\nline3";

        Assert.Equal(expected, SourceMap.Of(source).Snippet(source, line).Code);
    }

    [Theory]
    [InlineData("abc", 2, 2, 1, 2)]
    [InlineData("abc", 1, 5, 1, 1)]
    [InlineData("abc", 3, 1, 1, 4)]
    [InlineData("\tx", 2, 2, 1, 2)]
    [InlineData("a\r\nbc", 3, 2, 2, 2)]
    [InlineData("a\rbc", 3, 2, 2, 2)]
    [InlineData("\u00e9b", 2, 3, 1, 2)]
    [InlineData("\u20acb", 2, 4, 1, 2)]
    [InlineData("\U0001f600b", 2, 5, 1, 3)]
    [InlineData("\U0001f600\u00e9\u00e9x\u20acy", 2, 13, 1, 7)]
    [InlineData("\uFEFFab", 2, 2, 1, 2)]
    [InlineData("\u00e9", 2, 2, 1, 1)]
    public void The_engines_bytes_become_units_of_the_source(string source, int line, int column, int expectedLine, int expectedColumn)
    {
        var map = SourceMap.Of(source);

        Assert.Equal(new SourceLocation(expectedLine, expectedColumn), map.FromEngine(line, column));
    }

    [Fact]
    public void Every_character_of_any_source_is_found_where_it_is_after_encoding_too()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var source = string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => Pieces[random.Next(Pieces.Length)]));
            Assert.True(SourceMap.TryDecode(SourceMap.Of(source).Encode(), out var map), $"seed {seed}");

            // The same walk, character by character, over what the engine is given.
            var script = Encoding.UTF8.GetString(HandlerScript.For(Encoding.UTF8.GetBytes(source))).Split('\n');
            Assert.Equal(script.Length - 2, map.LineCount);
            for (var line = 2; line < script.Length; line++)
            {
                for (var unit = 0; unit < script[line - 1].Length; unit++)
                {
                    if (!char.IsLowSurrogate(script[line - 1][unit]))
                    {
                        var column = Encoding.UTF8.GetByteCount(script[line - 1].AsSpan(0, unit)) + 1;
                        Assert.True(
                            map.FromEngine(line, column) == new SourceLocation(line - 1, unit + 1), $"seed {seed}, '{source}', {line}:{column}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Bytes_that_are_no_map_are_refused()
    {
        var random = new Random(5);
        var good = SourceMap.Of("a\n\u00e9\u20ac\r\nb").Encode();
        for (var round = 0; round < 2000; round++)
        {
            var bytes = round % 2 == 0 ? new byte[random.Next(40)] : [.. good[..random.Next(good.Length)], .. new byte[random.Next(3)]];
            if (round % 2 == 0)
            {
                random.NextBytes(bytes);
            }

            if (SourceMap.TryDecode(bytes, out var map))
            {
                map.FromEngine(random.Next(10), random.Next(100));
                map.Locate(random.Next(100));
                map.Snippet("x", random.Next(10));
            }
        }

        Assert.False(SourceMap.TryDecode([], out _));
        Assert.False(SourceMap.TryDecode([0], out _));
    }
}

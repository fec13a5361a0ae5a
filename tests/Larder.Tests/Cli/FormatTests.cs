using Larder.Cli.Output;

namespace Larder.Tests.Cli;

public sealed class FormatTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(1536, "1.50 KiB")]
    [InlineData(10 * 1024 * 1024, "10.0 MiB")]
    [InlineData(1L << 40, "1.00 TiB")]
    [InlineData(long.MaxValue, "8.00 EiB")]
    public void Bytes_have_three_figures_and_a_binary_unit(long bytes, string expected) =>
        Assert.Equal(expected, Format.Bytes(bytes));

    [Theory]
    [InlineData(0, 0, "–")]
    [InlineData(1, 3, "33.3 %")]
    [InlineData(3, 3, "100.0 %")]
    public void A_ratio_of_nothing_is_a_dash(long part, long whole, string expected) =>
        Assert.Equal(expected, Format.Ratio(part, whole));

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(250, "250 ms")]
    [InlineData(59_940, "59.9 s")]
    [InlineData(61_000, "1 min 1 s")]
    [InlineData(3_600_000, "1 h 0 min")]
    [InlineData(90_000_000, "1 d 1 h")]
    public void Times_have_their_two_largest_units(long milliseconds, string expected) =>
        Assert.Equal(expected, Format.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void A_sparkline_shows_the_last_values_with_the_newest_at_the_right()
    {
        var line = new Sparkline(4);
        foreach (var value in (double[])[100, 0, 1, 4, 8])
        {
            line.Add(value);
        }

        Assert.Equal("▁▂▅█", line.Draw());
        Assert.Equal("▅█", line.Draw(width: 2));
    }

    [Fact]
    public void A_short_sparkline_is_filled_up_on_the_left()
    {
        var line = new Sparkline(4);
        line.Add(1);

        Assert.Equal("   █", line.Draw());
        Assert.Equal(" █", line.Draw(width: 2));
    }
}

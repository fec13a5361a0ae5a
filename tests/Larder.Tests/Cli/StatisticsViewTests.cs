using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cli;
using Larder.Cli.Output;
using Larder.Cli.Stores;

namespace Larder.Tests.Cli;

public sealed class StatisticsViewTests
{
    [Theory]
    [InlineData(80)]
    [InlineData(200)]
    public void Every_line_fits_the_terminal_and_no_figure_is_broken(int width)
    {
        var view = new StatisticsView("the node", width);
        view.Add(Snapshot(1000), TimeSpan.Zero);
        view.Add(Snapshot(1_003_000), TimeSpan.FromSeconds(2));

        var lines = Lines(view, width);

        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.Matches("disk +1,003,000 +15.3 GiB", lines.Single(line => line.StartsWith("disk", StringComparison.Ordinal)));
        Assert.Contains("501.0 k/s", lines.Single(line => line.StartsWith("ccache", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_was_started_again_has_no_negative_rates()
    {
        var view = new StatisticsView("the node", 200);
        view.Add(Snapshot(1000), TimeSpan.Zero);
        view.Add(Snapshot(10), TimeSpan.FromSeconds(1));

        Assert.DoesNotContain("-", string.Concat(Lines(view, 200)), StringComparison.Ordinal);
    }

    private static StoreStatistics Snapshot(long count)
    {
        var kind = new KindStatistics { Kind = "ccache", Lookups = count, Hits = count / 2, HitBytes = count * 5000, Entries = count, Puts = count };
        return new StoreStatistics(
        [
            new TierStatistics { Tier = TierKind.Disk, Entries = count, Bytes = count * 16_384, CapacityBytes = 1L << 40, Kinds = [kind] },
        ]);
    }

    private static string[] Lines(StatisticsView view, int width)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var terminal = new Terminal(Stream.Null, output, error, new Dictionary<string, string>());
        terminal.Console.Profile.Width = width;
        terminal.Console.Write(view.Render());
        terminal.Out.Flush();
        return [.. System.Text.Encoding.UTF8.GetString(output.ToArray()).Split('\n').Select(static line => line.TrimEnd())];
    }
}

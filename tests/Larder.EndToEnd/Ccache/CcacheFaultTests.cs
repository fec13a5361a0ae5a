using System.Diagnostics;
using System.Net;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Ccache;

/// <summary>The node's upstream lets it down in every way that servers do; builds behind the node notice nothing.</summary>
public sealed class CcacheFaultTests
{
    [Theory]
    [InlineData(Fault.Error500)]
    [InlineData(Fault.Hang)]
    [InlineData(Fault.CutAtOnce)]
    [InlineData(Fault.TruncatedBody)]
    [InlineData(Fault.WrongBytes)]
    [InlineData(Fault.SlowDrip)]
    [InlineData(Fault.Forbidden)]
    [InlineData(Fault.TooLarge)]
    [InlineData(Fault.PortClosed)]
    public async Task A_faulty_upstream_is_a_miss_within_the_deadline_and_builds_are_right(Fault fault)
    {
        Tools.Require("ccache", "gcc", "make");
        using var directory = new TemporaryDirectory();
        await using var upstream = new FaultyServer(fault);
        await using var node = await NodeProcess.StartAsync(directory["data"], "--upstream", upstream.Url);
        var project = new CProject(directory["project"]);
        var remote = $"{node.Url}/ccache";

        var first = await AskForNothingAsync(node);
        var cold = await project.BuildRightAsync(remote);
        project.Forget();
        var warm = await project.BuildRightAsync(remote);

        Assert.InRange(first, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.True(fault == Fault.PortClosed || upstream.Requests > 0, "The node never asked its upstream.");
        Assert.Equal(0, cold.RemoteErrors + cold.RemoteTimeouts);
        Assert.Equal(CProject.Units + 1, cold.Misses);

        // What was stored here is served from here, whatever the upstream does.
        Assert.Equal(CProject.Units + 1, warm.RemoteHits);
        Assert.Equal(0, warm.RemoteErrors + warm.RemoteTimeouts);
        Assert.True(node.IsRunning, node.Log);
    }

    private static async Task<TimeSpan> AskForNothingAsync(NodeProcess node)
    {
        var clock = Stopwatch.StartNew();
        using var answer = await node.Client.GetAsync(
            new Uri($"v1/artifacts/note/{new string('0', 64)}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        return clock.Elapsed;
    }
}

using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Bazel;

/// <summary>Bazel 2.1 builds through the node: when all is well, and when it is not.</summary>
public sealed class BazelTests
{
    private const string Writer = "writer-secret";
    private const string Reader = "reader-secret";

    [Fact]
    public async Task A_clean_build_comes_out_of_the_node()
    {
        Tools.Require(Tools.Bazel);
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"]);
        await using var workspace = new BazelWorkspace(directory);

        var cold = (await workspace.BuildAsync(node.Url)).Succeeded();
        await workspace.CleanAsync();
        var warm = (await workspace.BuildAsync(node.Url)).Succeeded();
        workspace.AssertResultIsRight();

        Assert.Equal(0, BazelWorkspace.RemoteHits(cold));
        Assert.Equal(BazelWorkspace.Actions, BazelWorkspace.RemoteHits(warm));
        Assert.DoesNotContain("WARNING", warm.Error, StringComparison.Ordinal);

        // An action result is worth nothing without its outputs: with one of them gone it is a miss, and Bazel runs the
        // action again instead of failing.
        (await node.RunAsync("purge", "--kind", "bazel-cas", "--yes")).Succeeded();
        await workspace.CleanAsync();
        var without = (await workspace.BuildAsync(node.Url)).Succeeded();
        workspace.AssertResultIsRight();

        Assert.Equal(0, BazelWorkspace.RemoteHits(without));
        Assert.DoesNotContain("WARNING", without.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_killed_in_mid_build_does_not_break_the_build()
    {
        Tools.Require(Tools.Bazel);
        using var directory = new TemporaryDirectory();
        await using var workspace = new BazelWorkspace(directory);
        workspace.WriteBuild(seconds: 0.5);
        await using (var node = await NodeProcess.StartAsync(directory["data"]))
        {
            var build = workspace.BuildAsync(node.Url);
            while (await node.EntriesAsync("memory", "bazel-ac") < 3 && !build.IsCompleted)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }

            Assert.False(build.IsCompleted, "The build was over before the node could be killed.");
            await node.KillAsync();
            (await build).Succeeded();
        }

        workspace.AssertResultIsRight();
        await using var next = await NodeProcess.StartAsync(directory["data"]);
        await workspace.CleanAsync();
        var again = (await workspace.BuildAsync(next.Url)).Succeeded();
        workspace.AssertResultIsRight();
        Assert.InRange(BazelWorkspace.RemoteHits(again), 0, BazelWorkspace.Actions);
    }

    [Fact]
    public async Task A_token_that_may_only_read_builds_and_stores_nothing()
    {
        Tools.Require(Tools.Bazel);
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"], "--token", $"{Writer},{Reader};bazel=r");
        await using var workspace = new BazelWorkspace(directory);

        (await workspace.BuildAsync(node.Url, $"--remote_header=Authorization=Bearer {Reader}")).Succeeded();
        workspace.AssertResultIsRight();
        var stored = await node.EntriesAsync("disk", "bazel-cas", Writer) + await node.EntriesAsync("disk", "bazel-ac", Writer);
        await workspace.CleanAsync();
        (await workspace.BuildAsync(node.Url, $"--remote_header=Authorization=Bearer {Writer}")).Succeeded();
        await workspace.CleanAsync();
        var warm = (await workspace.BuildAsync(node.Url, $"--remote_header=Authorization=Bearer {Reader}")).Succeeded();

        Assert.Equal(0, stored);
        Assert.Equal(BazelWorkspace.Actions, BazelWorkspace.RemoteHits(warm));
    }

    [Fact]
    public async Task A_full_disk_does_not_break_the_build()
    {
        Tools.Require(Tools.Bazel, "mount");
        using var directory = new TemporaryDirectory();
        await using var disk = await SmallDisk.MountAsync(directory["small"], "256k");
        await using var node = await NodeProcess.StartAsync(disk.Path, "--memory", "0", "--disk", "1GiB");
        disk.Fill();
        await using var workspace = new BazelWorkspace(directory);

        (await workspace.BuildAsync(node.Url)).Succeeded();
        await workspace.CleanAsync();
        var again = (await workspace.BuildAsync(node.Url)).Succeeded();
        workspace.AssertResultIsRight();

        Assert.InRange(BazelWorkspace.RemoteHits(again), 0, BazelWorkspace.Actions - 1);
        Assert.True(node.IsRunning, node.Log);
    }

    [Theory]
    [InlineData(Fault.Hang)]
    [InlineData(Fault.WrongBytes)]
    [InlineData(Fault.TruncatedBody)]
    public async Task A_faulty_upstream_does_not_reach_the_build(Fault fault)
    {
        Tools.Require(Tools.Bazel);
        using var directory = new TemporaryDirectory();
        await using var upstream = new FaultyServer(fault);
        await using var node = await NodeProcess.StartAsync(directory["data"], "--upstream", upstream.Url);
        await using var workspace = new BazelWorkspace(directory);

        var cold = (await workspace.BuildAsync(node.Url)).Succeeded();
        await workspace.CleanAsync();
        var warm = (await workspace.BuildAsync(node.Url)).Succeeded();
        workspace.AssertResultIsRight();

        Assert.True(upstream.Requests > 0, "The node never asked its upstream.");
        Assert.DoesNotContain("WARNING", cold.Error, StringComparison.Ordinal);
        Assert.Equal(BazelWorkspace.Actions, BazelWorkspace.RemoteHits(warm));
    }
}

using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Ccache;

/// <summary>Debian's ccache builds a C project through the node: when all is well, and when it is not.</summary>
public sealed class CcacheTests
{
    // The units and main.c.
    private const int Compilations = CProject.Units + 1;

    private const string Writer = "writer-secret";
    private const string Reader = "reader-secret";

    [Theory]
    [InlineData("subdirs")]
    [InlineData("flat")]
    [InlineData("bazel")]
    public async Task A_second_build_comes_out_of_the_node(string layout)
    {
        Tools.Require("ccache", "gcc", "make");
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"]);
        var project = new CProject(directory["project"]);
        var remote = $"{node.Url}/ccache|layout={layout}";

        var cold = await project.BuildRightAsync(remote);
        project.Forget();
        var warm = await project.BuildRightAsync(remote);

        Assert.Equal(new CcacheCounters(Compilations, 0, 0, Compilations, 0, 0), cold);
        Assert.Equal(new CcacheCounters(0, 0, Compilations, 0, 0, 0), warm);
    }

    [Fact]
    public async Task What_was_stored_survives_a_restart_of_the_node()
    {
        Tools.Require("ccache", "gcc", "make");
        using var directory = new TemporaryDirectory();
        var project = new CProject(directory["project"]);
        await using (var first = await NodeProcess.StartAsync(directory["data"]))
        {
            await project.BuildRightAsync($"{first.Url}/ccache");
            Assert.Equal(0, await first.StopAsync());
        }

        await using var second = await NodeProcess.StartAsync(directory["data"]);
        project.Forget();
        var warm = await project.BuildRightAsync($"{second.Url}/ccache");

        Assert.Equal(Compilations, warm.RemoteHits);
        Assert.Equal(0, warm.Misses);
    }

    [Fact]
    public async Task A_node_that_is_killed_in_mid_build_does_not_break_the_build()
    {
        Tools.Require("ccache", "gcc", "make");
        using var directory = new TemporaryDirectory();
        var project = new CProject(directory["project"]);
        await using (var node = await NodeProcess.StartAsync(directory["data"]))
        {
            var build = project.BuildAsync($"{node.Url}/ccache");
            while (project.Objects < Compilations / 4 && !build.IsCompleted)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            Assert.False(build.IsCompleted, "The build was over before the node could be killed.");
            await node.KillAsync();
            (await build).Succeeded();
        }

        await project.AssertProgramIsRightAsync();

        // What the killed node had taken is whole or absent, never half: the next build through it is right as well.
        await using var next = await NodeProcess.StartAsync(directory["data"]);
        project.Forget();
        var again = await project.BuildRightAsync($"{next.Url}/ccache");
        Assert.Equal(Compilations, again.RemoteHits + again.Misses);
        Assert.Equal(0, again.RemoteErrors);
    }

    [Fact]
    public async Task A_token_that_may_only_read_builds_and_stores_nothing()
    {
        Tools.Require("ccache", "gcc", "make");
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"], "--token", $"{Writer},{Reader};ccache=r");
        var project = new CProject(directory["project"]);

        await project.BuildRightAsync($"{node.Url}/ccache|bearer-token={Reader}");
        var afterReader = await node.EntriesAsync("disk", "ccache", Writer);
        project.Forget();
        await project.BuildRightAsync($"{node.Url}/ccache|bearer-token={Writer}");
        var afterWriter = await node.EntriesAsync("disk", "ccache", Writer);
        project.Forget();
        var read = await project.BuildRightAsync($"{node.Url}/ccache|bearer-token={Reader}");

        Assert.Equal(0, afterReader);
        Assert.Equal(2 * Compilations, afterWriter);
        Assert.Equal(Compilations, read.RemoteHits);
    }

    [Fact]
    public async Task No_token_or_a_wrong_one_builds_without_the_cache()
    {
        Tools.Require("ccache", "gcc", "make");
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"], "--token", Writer);
        var project = new CProject(directory["project"]);

        await project.BuildRightAsync($"{node.Url}/ccache");
        project.Forget();
        await project.BuildRightAsync($"{node.Url}/ccache|bearer-token=wrong-secret");

        Assert.Equal(0, await node.EntriesAsync("disk", "ccache", Writer));
    }

    [Fact]
    public async Task A_full_disk_does_not_break_the_build()
    {
        Tools.Require("ccache", "gcc", "make", "mount");
        using var directory = new TemporaryDirectory();
        await using var disk = await SmallDisk.MountAsync(directory["small"], "512k");

        // The node believes that it has more room than there is, so that it meets the end of the disk itself.
        await using var node = await NodeProcess.StartAsync(disk.Path, "--memory", "0", "--disk", "1GiB");
        var project = new CProject(directory["project"]);

        var first = await project.BuildRightAsync($"{node.Url}/ccache");
        disk.Fill();
        project.Forget();
        var second = await project.BuildRightAsync($"{node.Url}/ccache");

        Assert.Equal(0, first.RemoteErrors + first.RemoteTimeouts);
        Assert.Equal(0, second.RemoteErrors + second.RemoteTimeouts);
        Assert.True(node.IsRunning, node.Log);
    }

    [Fact]
    public async Task Damage_on_the_nodes_disk_is_a_miss_and_never_an_object()
    {
        Tools.Require("ccache", "gcc", "make");
        using var directory = new TemporaryDirectory();
        var project = new CProject(directory["project"]);
        await using (var node = await NodeProcess.StartAsync(directory["data"]))
        {
            await project.BuildRightAsync($"{node.Url}/ccache");
            Assert.Equal(0, await node.StopAsync());
        }

        var damaged = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(directory["data"], "ccache"), "*", SearchOption.AllDirectories))
        {
            await using var content = new FileStream(file, FileMode.Open);
            content.Position = content.Length / 3;
            var old = content.ReadByte();
            content.Position = content.Length / 3;
            content.WriteByte((byte)(old ^ 0x10));
            damaged++;
        }

        await using var next = await NodeProcess.StartAsync(directory["data"]);
        project.Forget();
        var again = await project.BuildRightAsync($"{next.Url}/ccache");

        Assert.Equal(2 * Compilations, damaged);
        Assert.Equal(Compilations, again.Misses);
        Assert.Equal(0, again.RemoteHits);
        Assert.Equal(0, again.RemoteErrors);
    }
}

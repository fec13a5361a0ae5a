using System.Text.Json;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Cli;

/// <summary>Every command of the built tool against a running node. Needs nothing but the SDK.</summary>
public sealed class NodeCommandTests
{
    private const string Admin = "admin-secret";
    private const string Reader = "reader-secret";

    [Fact]
    public async Task Artifacts_go_in_and_out_and_are_looked_after()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"]);
        var bytes = TestFile.Bytes(1, 3_000_000);
        var file = directory["in.bin"];
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

        var put = (await node.RunAsync("put", file, "--kind", "note", "--owner", "tenant-7")).Succeeded();
        var name = put.Text.Trim();
        var piped = (await node.RunAsync("get", name)).Succeeded();
        (await node.RunAsync("get", name, "--output", directory["out.bin"])).Succeeded();
        var list = (await node.RunAsync("ls", "--json")).Succeeded();
        var verify = (await node.RunAsync("verify", name)).Succeeded();
        var scrub = (await node.RunAsync("scrub")).Succeeded();
        var stats = (await node.RunAsync("stats", "--once")).Succeeded();
        var dry = (await node.RunAsync("purge", "--owner", "tenant-7", "--dry-run")).Succeeded();
        var still = (await node.RunAsync("get", name)).Succeeded();
        (await node.RunAsync("purge", "--owner", "tenant-7", "--yes")).Succeeded();
        var gone = await node.RunAsync("get", name);

        Assert.Equal(bytes, piped.Output);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(directory["out.bin"], TestContext.Current.CancellationToken));
        var entry = Assert.Single(JsonDocument.Parse(list.Output).RootElement.GetProperty("entries").EnumerateArray());
        Assert.Equal(bytes.Length, entry.GetProperty("bytes").GetInt64());
        Assert.Equal($"{name} is sound.\n", verify.Text);
        Assert.Matches("^1 entry of .* read in .*; none damaged.\n$", scrub.Text);
        Assert.Matches("note +disk +1 ", stats.Text);
        Assert.StartsWith("1 entry of ", dry.Text, StringComparison.Ordinal);
        Assert.Equal(bytes, still.Output);
        Assert.Equal(3, gone.ExitCode);
    }

    [Fact]
    public async Task A_miss_is_explained_by_the_nearest_recipe()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"]);
        await BuiltTool.RunAsync(
            new ProgramStart("larder") { Input = TestFile.Bytes(2, 100) },
            "put", "-", "--kind", "handler", "-c", "compiler=2.1", "-c", "source=x", "--node", node.Url);

        var explained = (await node.RunAsync("explain", "--kind", "handler", "-c", "compiler=2.2", "-c", "source=x", "--json")).Succeeded();

        var difference = Assert.Single(JsonDocument.Parse(explained.Output).RootElement.GetProperty("differences").EnumerateArray());
        Assert.Equal("compiler", difference.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Damage_on_disk_is_found_and_exits_with_4()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"]);
        var run = await BuiltTool.RunAsync(
            new ProgramStart("larder") { Input = TestFile.Bytes(3, 100_000) }, "put", "-", "--kind", "note", "--node", node.Url);
        var name = run.Succeeded().Text.Trim();
        var file = Directory.EnumerateFiles(Path.Combine(directory["data"], "note"), "*", SearchOption.AllDirectories).Single();
        await using (var content = new FileStream(file, FileMode.Open))
        {
            content.Position = 50_000;
            content.WriteByte((byte)(TestFile.Bytes(3, 100_000)[50_000] ^ 1));
        }

        var verify = await node.RunAsync("verify", name);
        var after = await node.RunAsync("get", name);

        verify.ExitedWith(4);
        after.ExitedWith(3);
    }

    [Fact]
    public async Task A_token_without_the_right_is_told_so()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"], "--token", $"{Admin},{Reader};*=r");

        var none = await node.RunAsync("ls");
        var reader = await node.RunAsync("ls", "--token", Reader);
        var write = await node.RunAsync("purge", "--all", "--yes", "--token", Reader);
        var admin = await node.RunAsync("purge", "--all", "--yes", "--token", Admin);

        Assert.Contains("wants a token: set LARDER_TOKEN or give --token.", none.ExitedWith(1).Error, StringComparison.Ordinal);
        reader.Succeeded();
        Assert.Contains("The token does not allow this", write.ExitedWith(1).Error, StringComparison.Ordinal);
        admin.Succeeded();
    }

    [Fact]
    public async Task A_stopped_node_is_5_and_its_directory_still_answers()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"]);
        var put = await BuiltTool.RunAsync(
            new ProgramStart("larder") { Input = TestFile.Bytes(4, 1000) }, "put", "-", "--kind", "note", "--node", node.Url);
        var whileRunning = await BuiltTool.RunAsync("get", put.Text.Trim(), "--data", directory["data"]);

        var exitCode = await node.StopAsync();
        var byNode = await node.RunAsync("get", put.Text.Trim());
        var byDirectory = await BuiltTool.RunAsync("get", put.Text.Trim(), "--data", directory["data"]);

        Assert.Equal(0, exitCode);
        Assert.Equal(TestFile.Bytes(4, 1000), whileRunning.Succeeded().Output);
        byNode.ExitedWith(5);
        Assert.Equal(TestFile.Bytes(4, 1000), byDirectory.Succeeded().Output);
    }

    [Fact]
    public async Task Serve_says_what_it_is_and_a_second_node_says_who_has_the_directory()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(directory["data"]);

        var second = await BuiltTool.RunAsync("serve", "--listen", "127.0.0.1:0", "--data", directory["data"]);
        var samePort = await BuiltTool.RunAsync("serve", "--listen", $"127.0.0.1:{node.Port}", "--data", directory["other"]);
        var open = await BuiltTool.RunAsync("serve", "--listen", "*:0", "--data", directory["other"]);

        Assert.Contains($"listens on {node.Url}", node.Log, StringComparison.Ordinal);
        Assert.Contains($"CCACHE_REMOTE_STORAGE='{node.Url}/ccache'", node.Log, StringComparison.Ordinal);
        Assert.Contains(directory["data"], second.ExitedWith(5).Error, StringComparison.Ordinal);
        Assert.Contains("cannot be listened on", samePort.ExitedWith(5).Error, StringComparison.Ordinal);
        Assert.Contains("no token is configured", open.ExitedWith(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_transfer_leaves_nothing_and_exits_with_130()
    {
        using var directory = new TemporaryDirectory();
        await using var silent = new FaultyServer(Fault.Hang);
        using var process = new ProgramStart(
            "dotnet", BuiltTool.Assembly, "get", "note/" + new string('0', 64), "--output", directory["out"], "--node", silent.Url).Start();
        while (silent.Requests == 0)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await ProgramRun.OfAsync(new ProgramStart("kill", "-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(130, process.ExitCode);
        Assert.Equal("larder: interrupted.\n", await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFileSystemEntries(directory.Root));
    }

    [Fact]
    public async Task Config_shows_every_origin()
    {
        using var directory = new TemporaryDirectory();
        var file = directory["larder.json"];
        await File.WriteAllTextAsync(file, """{ "memory": { "capacity": "64MiB" } }""", TestContext.Current.CancellationToken);
        var start = new ProgramStart("larder") { Environment = new Dictionary<string, string?> { ["LARDER_DISK__CAPACITY"] = "3GiB" } };

        var run = (await BuiltTool.RunAsync(start, "config", "--config", file, "--listen", "127.0.0.1:7171")).Succeeded();

        Assert.Matches($"memory.capacity +64MiB +{System.Text.RegularExpressions.Regex.Escape(file)}\n", run.Text);
        Assert.Matches(@"disk.capacity +3GiB +\$LARDER_DISK__CAPACITY", run.Text);
        Assert.Matches("listen +127.0.0.1:7171 +--listen", run.Text);
        Assert.Matches("memory.policy +frequency +default", run.Text);
    }
}

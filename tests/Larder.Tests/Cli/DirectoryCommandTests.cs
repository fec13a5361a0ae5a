using System.Text.Json;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Larder.Cli;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Cli;

/// <summary>Every command on a cache directory without a node.</summary>
public sealed class DirectoryCommandTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("larder-cli-").FullName;

    private string Data => Path.Combine(_root, "data");

    public DirectoryCommandTests() => Directory.CreateDirectory(Data);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Content_that_has_not_the_digest_that_names_it_is_refused()
    {
        var name = $"bazel-cas/{Fingerprint.OfContent("other"u8)}";

        var put = await RunAsync("content"u8.ToArray(), "put", "-", "--as", name);
        var get = await RunAsync("get", name);

        Assert.NotEqual(ExitCodes.Ok, put.ExitCode);
        Assert.Contains("digest", put.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(ExitCodes.NotFound, get.ExitCode);
    }

    [Fact]
    public async Task What_is_put_can_be_got_by_its_printed_name()
    {
        var bytes = Bytes(300_000);

        var put = await RunAsync(bytes, "put", "-", "--kind", "note");
        var name = put.Text.Trim();
        var get = await RunAsync("get", name);

        Assert.Equal(ExitCodes.Ok, put.ExitCode);
        Assert.Equal($"note/{Fingerprint.OfContent(bytes)}", name);
        Assert.Equal(ExitCodes.Ok, get.ExitCode);
        Assert.Equal(bytes, get.Output);
        Assert.Empty(get.Error);
    }

    [Fact]
    public async Task An_empty_artifact_is_an_artifact()
    {
        var put = await RunAsync([], "put", "-", "--kind", "note");
        var get = await RunAsync("get", put.Text.Trim());

        Assert.Equal(ExitCodes.Ok, get.ExitCode);
        Assert.Empty(get.Output);
    }

    [Fact]
    public async Task A_file_appears_only_when_it_is_whole()
    {
        var put = await RunAsync(Bytes(5000), "put", "-", "--kind", "note");
        var target = Path.Combine(_root, "out.bin");

        var missing = await RunAsync("get", "note/" + new string('0', 64), "--output", target);
        var leftAfterMiss = Directory.GetFiles(_root);
        var get = await RunAsync("get", put.Text.Trim(), "--output", target);

        Assert.Equal(ExitCodes.NotFound, missing.ExitCode);
        Assert.Contains("'larder ls' lists what is.", missing.Error, StringComparison.Ordinal);
        Assert.Empty(leftAfterMiss);
        Assert.Equal(ExitCodes.Ok, get.ExitCode);
        Assert.Equal([target], Directory.GetFiles(_root));
        Assert.Equal(Bytes(5000), await File.ReadAllBytesAsync(target, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_recipe_names_an_artifact_by_file_or_by_components()
    {
        string[] components = ["--kind", "handler", "--component", "compiler=2.1", "--component", "debug:boolean=true"];
        await RunAsync(Bytes(10), ["put", "-", .. components]);
        var recipe = Recipe.For(Larder.Cache.Artifacts.ArtifactKind.Parse("handler"), 1).Add("compiler", "2.1").Add("debug", true).Build();
        var file = Path.Combine(_root, "recipe.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(recipe), TestContext.Current.CancellationToken);

        var byComponents = await RunAsync(["get", .. components]);
        var byFile = await RunAsync("get", "--recipe", file);
        var byName = await RunAsync("get", recipe.Key.ToString());

        Assert.Equal(Bytes(10), byComponents.Output);
        Assert.Equal(Bytes(10), byFile.Output);
        Assert.Equal(Bytes(10), byName.Output);
    }

    [Fact]
    public async Task Explain_names_the_component_that_differs()
    {
        await RunAsync(Bytes(10), "put", "-", "--kind", "handler", "-c", "compiler=2.1", "-c", "source=x");

        var text = await RunAsync("explain", "--kind", "handler", "-c", "compiler=2.2", "-c", "source=x");
        var json = await RunAsync("explain", "--kind", "handler", "-c", "compiler=2.2", "-c", "source=x", "--json");

        Assert.Matches("compiler +\"2.1\" +\"2.2\"", text.Text);
        var difference = Assert.Single(JsonDocument.Parse(json.Output).RootElement.GetProperty("differences").EnumerateArray());
        Assert.Equal("compiler", difference.GetProperty("name").GetString());
        Assert.Equal("changed", difference.GetProperty("change").GetString());
    }

    [Fact]
    public async Task Ls_filters_sorts_and_pages()
    {
        foreach (var length in (int[])[500, 100, 400, 200, 300])
        {
            await RunAsync(Bytes(length), "put", "-", "--kind", length % 200 == 0 ? "even" : "odd");
        }

        var all = Sizes(await RunAsync("ls", "--sort", "size", "--json"));
        var reversed = Sizes(await RunAsync("ls", "--sort", "size", "--reverse", "--limit", "2", "--skip", "1", "--json"));
        var even = Sizes(await RunAsync("ls", "--kind", "even", "--sort", "size", "--json"));
        var large = Sizes(await RunAsync("ls", "--min-size", "300", "--sort", "size", "--json"));
        var fingerprint = Fingerprint.OfContent(Bytes(300)).ToString();
        var byPrefix = Sizes(await RunAsync("ls", fingerprint[..12], "--json"));
        var unused = Sizes(await RunAsync("ls", "--unused", "1h", "--json"));
        var page = await RunAsync("ls", "--limit", "2");
        var nothing = await RunAsync("ls", "--kind", "absent");

        Assert.Equal([100, 200, 300, 400, 500], all);
        Assert.Equal([400, 300], reversed);
        Assert.Equal([200, 400], even);
        Assert.Equal([300, 400, 500], large);
        Assert.Equal([300], byPrefix);
        Assert.Empty(unused);
        Assert.Equal(3, page.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("1 to 2 of 5; go on with --skip 2.\n", page.Error);
        Assert.Empty(nothing.Output);
        Assert.Equal(ExitCodes.Ok, nothing.ExitCode);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("scrub")]
    public async Task Damage_is_found_set_aside_and_exits_with_4(string command)
    {
        var sound = (await RunAsync(Bytes(1000), "put", "-", "--kind", "note")).Text.Trim();
        var damaged = (await RunAsync(Bytes(2000), "put", "-", "--kind", "note")).Text.Trim();
        Flip(damaged, 1234);

        var run = command == "scrub" ? await RunAsync("scrub") : await RunAsync("verify", damaged);
        var after = await RunAsync("verify", damaged);
        var other = await RunAsync("verify", sound);
        var again = await RunAsync("scrub", "--json");

        Assert.Equal(ExitCodes.Damaged, run.ExitCode);
        Assert.Equal(ExitCodes.NotFound, after.ExitCode);
        Assert.Equal(ExitCodes.Ok, other.ExitCode);
        Assert.Equal(ExitCodes.Ok, again.ExitCode);
        Assert.Equal(1, JsonDocument.Parse(again.Output).RootElement.GetProperty("entries").GetInt64());
    }

    [Fact]
    public async Task Damage_is_never_got()
    {
        var name = (await RunAsync(Bytes(2000), "put", "-", "--kind", "note")).Text.Trim();
        Flip(name, 7);

        var run = await RunAsync("get", name);

        Assert.Equal(ExitCodes.NotFound, run.ExitCode);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Purge_removes_what_it_names_and_nothing_on_a_dry_run()
    {
        await RunAsync(Bytes(10), "put", "-", "--kind", "one", "--owner", "tenant-7");
        await RunAsync(Bytes(20), "put", "-", "--kind", "two", "--owner", "tenant-7");
        await RunAsync(Bytes(30), "put", "-", "--kind", "two");

        var dry = await RunAsync("purge", "--owner", "tenant-7", "--dry-run", "--json");
        var afterDry = Sizes(await RunAsync("ls", "--json"));
        var asks = await RunAsync("purge", "--owner", "tenant-7");
        var old = await RunAsync("purge", "--unused", "1h", "--yes", "--json");
        var owner = await RunAsync("purge", "--owner", "tenant-7", "--yes");
        var afterOwner = Sizes(await RunAsync("ls", "--json"));
        await RunAsync("purge", "--all", "--yes");
        var afterAll = Sizes(await RunAsync("ls", "--json"));

        Assert.Equal(2, JsonDocument.Parse(dry.Output).RootElement.GetProperty("entries").GetInt64());
        Assert.Equal(3, afterDry.Length);
        Assert.Equal(ExitCodes.Usage, asks.ExitCode);
        Assert.Equal(0, JsonDocument.Parse(old.Output).RootElement.GetProperty("entries").GetInt64());
        Assert.StartsWith("2 entries of ", owner.Text, StringComparison.Ordinal);
        Assert.Equal([30], afterOwner);
        Assert.Empty(afterAll);
    }

    [Theory]
    [InlineData("y\n", ExitCodes.Ok, 0)]
    [InlineData("n\n", ExitCodes.Failure, 1)]
    [InlineData("", ExitCodes.Failure, 1)]
    public async Task Purge_asks_on_a_terminal(string answer, int exitCode, int left)
    {
        await RunAsync(Bytes(10), "put", "-", "--kind", "note");

        var run = await CommandRun.OfAsync(
            ["purge", "--all", "--data", Data],
            System.Text.Encoding.UTF8.GetBytes(answer),
            terminal: true,
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Contains("Remove 1 entry of ", run.Error, StringComparison.Ordinal);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(left, Sizes(await RunAsync("ls", "--json")).Length);
    }

    [Fact]
    public async Task A_directory_that_another_process_owns_is_shared()
    {
        var name = (await RunAsync(Bytes(100), "put", "-", "--kind", "note")).Text.Trim();
        await using var owner = await DiskTier.OpenAsync(
            new DiskTierOptions { Directory = Data },
            static _ => new KindOptions(),
            TimeProvider.System,
            NullLogger.Instance,
            TestContext.Current.CancellationToken);

        var get = await RunAsync("get", name);
        var put = await RunAsync(Bytes(200), "put", "-", "--kind", "note");
        var list = Sizes(await RunAsync("ls", "--sort", "size", "--json"));

        Assert.Equal(Bytes(100), get.Output);
        Assert.Equal(ExitCodes.Ok, put.ExitCode);
        Assert.Equal([100, 200], list);
        owner.CheckIntegrity();
    }

    [Fact]
    public async Task Stats_print_a_table_or_json()
    {
        await RunAsync(Bytes(100), "put", "-", "--kind", "note");

        var table = await RunAsync("stats");
        var json = await RunAsync("stats", "--json");

        Assert.Matches("disk +1 ", table.Text);
        Assert.Matches("note +disk +1 ", table.Text);
        Assert.DoesNotContain('\u001b', table.Text);
        var tier = Assert.Single(JsonDocument.Parse(json.Output).RootElement.GetProperty("tiers").EnumerateArray());
        Assert.Equal("disk", tier.GetProperty("tier").GetString());
        Assert.Equal(1, tier.GetProperty("entries").GetInt64());
    }

    [Fact]
    public async Task Colour_is_for_terminals_that_want_it()
    {
        await RunAsync(Bytes(100), "put", "-", "--kind", "note");
        string[] line = ["ls", "--data", Data];
        var wants = new Dictionary<string, string> { ["TERM"] = "xterm-256color" };
        var wantsNot = new Dictionary<string, string> { ["TERM"] = "xterm-256color", ["NO_COLOR"] = "1" };

        var coloured = await CommandRun.OfAsync(line, environment: wants, terminal: true, cancellationToken: TestContext.Current.CancellationToken);
        var plain = await CommandRun.OfAsync(line, environment: wantsNot, terminal: true, cancellationToken: TestContext.Current.CancellationToken);
        var flag = await CommandRun.OfAsync([.. line, "--no-color"], environment: wants, terminal: true, cancellationToken: TestContext.Current.CancellationToken);
        var piped = await CommandRun.OfAsync(line, environment: wants, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Contains("\u001b[", coloured.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[3", plain.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[3", flag.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', piped.Text);
    }

    [Fact]
    public async Task Another_directory_is_not_touched()
    {
        await File.WriteAllTextAsync(Path.Combine(_root, "precious"), "x", TestContext.Current.CancellationToken);

        var foreign = await CommandRun.OfAsync(["ls", "--data", _root], cancellationToken: TestContext.Current.CancellationToken);
        var absent = await CommandRun.OfAsync(
            ["ls", "--data", Path.Combine(_root, "absent")], cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(ExitCodes.Unreachable, foreign.ExitCode);
        Assert.Contains("is no cache directory", foreign.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Unreachable, absent.ExitCode);
        Assert.Equal(["data", "precious"], Directory.EnumerateFileSystemEntries(_root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Binary_bytes_do_not_reach_a_terminal()
    {
        var name = (await RunAsync(Bytes(100), "put", "-", "--kind", "note")).Text.Trim();

        var run = await CommandRun.OfAsync(
            ["get", name, "--data", Data], terminal: true, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains("is not text; send it to a file with --output FILE.", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(static i => (byte)((i * 7) + (i >> 8)))];

    private static long[] Sizes(CommandRun run) =>
        [.. JsonDocument.Parse(run.Output).RootElement.GetProperty("entries").EnumerateArray().Select(static e => e.GetProperty("bytes").GetInt64())];

    private void Flip(string name, int offset)
    {
        var parts = name.Split('/');
        using var file = new FileStream(Path.Combine(Data, parts[0], parts[1][..2], parts[1]), FileMode.Open);
        file.Position = offset;
        var old = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(old ^ 1));
    }

    private Task<CommandRun> RunAsync(params string[] arguments) => RunAsync([], arguments);

    private Task<CommandRun> RunAsync(byte[] input, params string[] arguments) => CommandRun.OfAsync(
        [.. arguments, "--data", Data], input, cancellationToken: TestContext.Current.CancellationToken);
}

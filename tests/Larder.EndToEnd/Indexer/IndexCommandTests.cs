using Larder.EndToEnd.Harness;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.EndToEnd.Indexer;

/// <summary>The built command over files of blocks.</summary>
public sealed class IndexCommandTests
{
    [Fact]
    public async Task A_directory_knows_its_module_settings_and_blocks()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(12);

        (await index.RunAsync("idx", "run", "--module", index.Module, "--prefix-root", "headers:0x6865616465722f", index.Write("a.hex", chain[..5]))).Succeeded();
        index.Write("a.hex", chain);
        var run = (await index.RunAsync("idx", "run", "--json")).Succeeded();

        Assert.Equal(7, TallyIndex.End(run.Text).GetProperty("blocks").GetInt64());
        Assert.Equal(TallyIndex.TotalOf(chain), (await index.RunAsync("idx", "view total")).Succeeded().Text.Trim());
        Assert.Equal(TallyIndex.TotalOf(chain[..4]), (await index.RunAsync("idx", "view total --height 3")).Succeeded().Text.Trim());
        Assert.Equal("0x" + Convert.ToHexStringLower(chain[7][..80]), (await index.RunAsync("idx", "view header 07000000")).Succeeded().Text.Trim());
        Assert.Equal(chain[7][..80], (await index.RunAsync("idx", "view header 0x07000000 --raw")).Succeeded().Output);
        Assert.Equal("0x", (await index.RunAsync("idx", "view header 0x07000000 --height 6")).Succeeded().Text.Trim());
        Assert.Equal(["header", "total"], (await index.RunAsync("idx", "view")).Succeeded().Text.Trim().Split('\n').Order(StringComparer.Ordinal));
        Assert.Contains("all is sound", (await index.RunAsync("idx", "verify")).Succeeded().Text, StringComparison.Ordinal);
        var stats = (await index.RunAsync("idx", "stats")).Succeeded().Text;
        Assert.Contains("blocks 0 to 11; 13 keys", stats, StringComparison.Ordinal);
        Assert.Contains("headers: ", stats, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sample_of_the_guide_gives_the_root_that_it_shows()
    {
        using var directory = new TemporaryDirectory();
        using var built = await TallyIndex.CreateAsync();
        var samples = Path.Combine(BuiltTool.Root, "samples", "indexer");

        var run = (await BuiltTool.RunAsync(
            "index", "run", "--module", built.Module, "--cache-size", "64MiB", "--dir", directory["idx"], Path.Combine(samples, "blocks.hex"),
            "--prefix-root", "headers:0x6865616465722f", "--json")).Succeeded();

        var root = TallyIndex.RootIn(run.Text);
        Assert.Contains(root, await File.ReadAllTextAsync(Path.Combine(BuiltTool.Root, "docs", "INDEXER.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var chain = (await File.ReadAllLinesAsync(Path.Combine(samples, "blocks.hex"), TestContext.Current.CancellationToken)).Select(Convert.FromHexString);
        Assert.Equal(root, await built.RootOfAsync("idx", chain));
    }

    [Fact]
    public async Task What_was_rolled_back_and_indexed_again_is_as_it_was()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(10);
        var root = await index.RootOfAsync("idx", chain);
        var shorter = await index.RootOfAsync("short", chain[..4]);

        var rolled = (await index.RunAsync("idx", "rollback --height 3")).Succeeded();

        Assert.Contains($"6 blocks taken back; the tip is block 3, root {shorter}", rolled.Text, StringComparison.Ordinal);
        Assert.Equal(root, TallyIndex.RootIn((await index.RunAsync("idx", "run", "--json")).Succeeded().Text));
        (await index.RunAsync("idx", "rollback --all")).Succeeded();
        Assert.Equal(root, TallyIndex.RootIn((await index.RunAsync("idx", "run", "--json")).Succeeded().Text));
    }

    [Fact]
    public async Task What_was_pruned_can_neither_be_read_nor_rolled_back_to()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(10);
        await index.RootOfAsync("idx", chain);

        Assert.Contains("heights 4 to 9", (await index.RunAsync("idx", "prune --below 4 --compact")).Succeeded().Text, StringComparison.Ordinal);

        (await index.RunAsync("idx", "view total --height 3")).ExitedWith(3);
        (await index.RunAsync("idx", "rollback --height 3")).ExitedWith(3);
        Assert.Equal(TallyIndex.TotalOf(chain[..5]), (await index.RunAsync("idx", "view total --height 4")).Succeeded().Text.Trim());
        (await index.RunAsync("idx", "verify")).Succeeded();
    }

    [Theory]
    [InlineData("16KiB")]
    [InlineData("64MiB")]
    public async Task The_size_of_the_cache_changes_no_root(string size)
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(20);
        var root = await index.RootOfAsync("without", chain);

        var run = (await index.RunAsync("idx", "run", "--module", index.Module, "--cache-size", size, "--json", index.Write("a.hex", chain))).Succeeded();

        Assert.Equal(root, TallyIndex.RootIn(run.Text));
        Assert.InRange(TallyIndex.End(run.Text).GetProperty("cacheHits").GetInt64(), 1, TallyIndex.End(run.Text).GetProperty("cacheLookups").GetInt64());
    }

    [Fact]
    public async Task The_cache_is_reported_on()
    {
        using var index = await TallyIndex.CreateAsync();
        var file = index.Write("a.hex", TallyIndex.Chain(5));

        var text = (await index.RunAsync("idx", $"run --module {index.Module} --cache-size 1MiB --cache-report {file}")).Succeeded().Text;
        var json = (await index.RunAsync("json", $"run --module {index.Module} --cache-size 1MiB --cache-report --json {file}")).Succeeded().Text;

        Assert.Contains("Read cache: 1,048,576 bytes", text, StringComparison.Ordinal);
        var cache = TallyIndex.End(json).GetProperty("cache");
        var main = cache.GetProperty("partitions").EnumerateArray().Single(part => part.GetProperty("partition").GetString() == "main");
        Assert.InRange(main.GetProperty("lookups").GetInt64(), 1, long.MaxValue);
        Assert.Equal(main.GetProperty("lookups").GetInt64(), cache.GetProperty("analysedLookups").GetInt64());
        Assert.Contains(
            "no cache", (await index.RunAsync("off", $"run --module {index.Module} --cache-size 0 --cache-report {file}")).ExitedWith(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flipped_bit_is_found_where_blocks_are_verified()
    {
        using var index = await TallyIndex.CreateAsync();
        var sample = new List<byte[]>();
        for (var i = 0; i < 4; i++)
        {
            var previous = i == 0 ? new byte[32] : BlockBuilder.HashOf(sample[i - 1]);
            sample.Add(new BlockBuilder((uint)i) { CommitsToWitnesses = true }.Build(previous));
        }

        (await index.RunAsync("idx", $"run --module {index.Module} --cache-size 0 --format verified {index.Write("a.hex", sample)}")).Succeeded();
        sample[2][^10] ^= 1; // In the script of its last output.
        var damaged = index.Write("b.hex", sample);

        var run = (await index.RunAsync("damaged", $"run --module {index.Module} --cache-size 0 --format verified {damaged}")).ExitedWith(4);

        Assert.Contains("Merkle root", run.Error, StringComparison.Ordinal);
        Assert.Contains("line 3", run.Error, StringComparison.Ordinal);
        Assert.Contains("\"tipHeight\":1,", (await index.RunAsync("damaged", "stats --json")).Succeeded().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blocks_that_are_far_apart_are_indexed_in_the_order_of_their_names()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(30);
        Directory.CreateDirectory(index["blocks"]);
        foreach (var height in (int[])[2, 9, 28])
        {
            await File.WriteAllBytesAsync(Path.Combine(index["blocks"], $"{height}.bin"), chain[height], TestContext.Current.CancellationToken);
        }

        var gap = (await index.RunAsync("gap", $"run --module {index.Module} --cache-size 0 {index["blocks"]}")).ExitedWith(4);
        Assert.Contains("Give the missing blocks, or the height of the first block", gap.Error, StringComparison.Ordinal);
        (await index.RunAsync("idx", $"run --module {index.Module} --cache-size 0 {index["blocks"]} --start-height 100")).Succeeded();
        (await index.RunAsync("linked", $"run --module {index.Module} --cache-size 0 {index["blocks"]} --start-height 100 --linked")).ExitedWith(4);

        Assert.Equal(TallyIndex.TotalOf([chain[2], chain[9], chain[28]]), (await index.RunAsync("idx", "view total --height 102")).Succeeded().Text.Trim());
        Assert.Contains("no new block", (await index.RunAsync("idx", "run")).Succeeded().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preview_keeps_nothing()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(6);
        await index.RootOfAsync("idx", chain[..5]);
        var next = index.Write("next.hex", [chain[5]]);

        Assert.Equal(TallyIndex.TotalOf(chain), (await index.RunAsync("idx", $"preview {next} total")).Succeeded().Text.Trim());
        Assert.Equal(TallyIndex.TotalOf([chain[0], chain[5]]), (await index.RunAsync("idx", $"preview {next} total --height 0")).Succeeded().Text.Trim());
        Assert.Equal(TallyIndex.TotalOf(chain[..5]), (await index.RunAsync("idx", "view total")).Succeeded().Text.Trim());
    }

    [Fact]
    public async Task A_snapshot_begins_an_index_that_goes_on()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(10);
        var root = await index.RootOfAsync("whole", chain);
        await index.RootOfAsync("idx", chain[..6]);

        var digest = (await index.RunAsync("idx", $"snapshot export {index["state.snap"]}")).Succeeded().Text.Split(' ')[0];
        (await index.RunAsync("other", $"snapshot import {index["state.snap"]} --module {index.Module} --digest {new string('0', 64)}")).ExitedWith(4);
        (await index.RunAsync("other", $"snapshot import {index["state.snap"]} --module {index.Module} --digest {digest}")).Succeeded();
        var run = (await index.RunAsync("other", $"run {index.Write("rest.hex", chain[6..])} --json")).Succeeded();

        Assert.Equal(root, TallyIndex.RootIn(run.Text));
    }

    [Fact]
    public async Task Blocks_come_through_standard_input()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(5);
        var root = await index.RootOfAsync("files", chain);
        string[] command = ["index", "run", "--module", index.Module, "--cache-size", "0", "--json", "-", "--dir"];
        var text = string.Join('\n', chain.Select(static block => "0x" + Convert.ToHexString(block)));
        byte[] frames = [.. chain.SelectMany(static block => (byte[])[.. BitConverter.GetBytes(block.Length), .. block])];

        var lines = await BuiltTool.RunAsync(new ProgramStart("dotnet") { Input = System.Text.Encoding.ASCII.GetBytes(text) }, [.. command, index["lines"]]);
        var raw = await BuiltTool.RunAsync(new ProgramStart("dotnet") { Input = frames }, [.. command, index["raw"], "--encoding", "raw"]);

        Assert.Equal(root, TallyIndex.RootIn(lines.Succeeded().Text));
        Assert.Equal(root, TallyIndex.RootIn(raw.Succeeded().Text));
    }

    [Fact]
    public async Task A_run_that_is_killed_again_and_again_ends_in_the_same_root()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(400);
        var root = await index.RootOfAsync("whole", chain);
        var blocks = index.Write("a.hex", chain);
        foreach (var after in (int[])[1, 37, 120])
        {
            using var run = index.Start("idx", blocks);
            await TallyIndex.EventAsync(run, "block", after);
            run.Kill();
            await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var last = (await index.RunAsync("idx", "run", "--json")).Succeeded();

        Assert.Equal(root, TallyIndex.RootIn(last.Text));
        Assert.InRange(TallyIndex.End(last.Text).GetProperty("blocks").GetInt64(), 0, 400 - 158);
        (await index.RunAsync("idx", "verify")).Succeeded();
    }

    [Fact]
    public async Task An_interruption_ends_it_after_a_block_and_it_goes_on()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(5);
        using var run = index.Start("idx", "-");
        foreach (var block in chain[..3])
        {
            await run.StandardInput.WriteLineAsync(Convert.ToHexStringLower(block));
        }

        await run.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await TallyIndex.EventAsync(run, "block", 3);
        await TallyIndex.SignalAsync(run, "INT");
        var rest = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(130, run.ExitCode);
        Assert.Equal(2, TallyIndex.End(rest).GetProperty("tip").GetProperty("height").GetInt64());
        (await index.RunAsync("idx", $"run {index.Write("all.hex", chain)}")).Succeeded();
        Assert.Equal(TallyIndex.TotalOf(chain), (await index.RunAsync("idx", "view total")).Succeeded().Text.Trim());
    }

    [Fact]
    public async Task Failures_have_their_exit_codes_and_change_nothing()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(3);
        await index.RootOfAsync("idx", chain[..2]);
        await File.WriteAllBytesAsync(index["cut.bin"], chain[2][..^1], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(index["short.bin"], [1, 2, 3], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(index["bad.wasm"], "no module", TestContext.Current.CancellationToken);

        var cut = (await index.RunAsync("idx", $"run {index["cut.bin"]}")).ExitedWith(4);
        Assert.Contains("would end 1 byte after the end of the block", cut.Error, StringComparison.Ordinal);
        Assert.Contains("cannot be changed", (await index.RunAsync("idx", "run --format opaque")).ExitedWith(2).Error, StringComparison.Ordinal);
        Assert.Contains("another module", (await index.RunAsync("idx", $"run --module {index["short.bin"]}")).ExitedWith(2).Error, StringComparison.Ordinal);
        Assert.Contains("fee", (await index.RunAsync("idx", "view fee")).Error, StringComparison.Ordinal);
        Assert.Contains("Block 9", (await index.RunAsync("idx", "view total --height 9")).ExitedWith(3).Error, StringComparison.Ordinal);
        (await index.RunAsync("idx", "view header 0x00")).ExitedWith(134);
        (await index.RunAsync("idx", "view total 0x0")).ExitedWith(2);
        (await index.RunAsync("idx", "rollback --height 7")).ExitedWith(3);
        (await index.RunAsync("nowhere", "stats")).ExitedWith(5);
        (await index.RunAsync("idx", $"run {index["missing.bin"]}")).ExitedWith(5);
        (await index.RunAsync("new", $"run --module {index["bad.wasm"]} {index["cut.bin"]}")).ExitedWith(4);
        (await index.RunAsync("opaque", $"run --module {index.Module} --cache-size 0 --format opaque {index["short.bin"]}")).ExitedWith(134);

        Assert.Equal(TallyIndex.TotalOf(chain[..2]), (await index.RunAsync("idx", "view total")).Succeeded().Text.Trim());
    }
}

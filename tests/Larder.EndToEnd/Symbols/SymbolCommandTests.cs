using System.Diagnostics;
using System.Text.Json;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Symbols;

/// <summary>The built tool on the installed framework: alone, from one run to the next, with a node, and while files change.</summary>
public sealed class SymbolCommandTests
{
    [Fact]
    public async Task The_framework_is_read_once_and_found_again_by_the_next_run()
    {
        using var directory = new TemporaryDirectory();
        string[] cache = ["--cache", directory["tables"]];

        var first = JsonDocument.Parse((await SymbolsAsync(["load", "--json", .. cache])).Succeeded().Output).RootElement;
        var second = JsonDocument.Parse((await SymbolsAsync(["load", "--json", .. cache])).Succeeded().Output).RootElement;
        var found = JsonDocument.Parse((await SymbolsAsync(["find", "StrRea", "--kind", "type", "--json", .. cache])).Succeeded().Output).RootElement;
        var shown = (await SymbolsAsync(["show", "M:System.String.Trim(System.Char)", .. cache])).Succeeded();

        Assert.True(first.GetProperty("symbols").GetInt64() > 300_000);
        Assert.Empty(first.GetProperty("failures").EnumerateArray());
        Assert.All(first.GetProperty("modules").EnumerateArray(), static module => Assert.Equal("read", module.GetProperty("origin").GetString()));
        Assert.All(second.GetProperty("modules").EnumerateArray(), static module => Assert.Equal("disk", module.GetProperty("origin").GetString()));
        Assert.Contains(found.GetProperty("symbols").EnumerateArray(), static symbol => symbol.GetProperty("id").GetString() == "T:System.IO.StreamReader");
        Assert.Contains("System.String Trim(System.Char trimChar)", shown.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_answers_from_what_it_has_loaded_and_follows_changes()
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["modules"]);
        var module = directory["modules/a.dll"];
        File.Copy(typeof(Larder.Cache.TieredCache).Assembly.Location, module);
        await using var node = await NodeProcess.StartAsync(directory["data"], "--symbols-folders", directory["modules"]);

        var load = (await node.RunAsync("symbols", "load", directory["modules"])).Succeeded();
        var find = (await node.RunAsync("symbols", "find", "TieredCache", "--match", "exact")).Succeeded();
        var refused = await node.RunAsync("symbols", "load", "/usr/share");
        var stats = (await node.RunAsync("symbols", "stats", "--json")).Succeeded();

        Assert.Contains(" symbols of 1 module in ", load.Text, StringComparison.Ordinal);
        Assert.Contains("T:Larder.Cache.TieredCache", find.Text, StringComparison.Ordinal);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("symbols.folders", refused.Error, StringComparison.Ordinal);
        Assert.Equal(1, JsonDocument.Parse(stats.Output).RootElement.GetProperty("modules").GetInt32());

        File.Copy(typeof(Larder.Wasm.WasmException).Assembly.Location, module + ".new");
        File.Move(module + ".new", module, overwrite: true);
        var clock = Stopwatch.StartNew();
        ProgramRun after;
        do
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(90), "The node did not notice the change.");
            await Task.Delay(200);
            after = await node.RunAsync("symbols", "find", "WasmException", "--match", "exact");
        }
        while (after.ExitCode != 0);

        Assert.Equal(3, (await node.RunAsync("symbols", "find", "TieredCache", "--match", "exact")).ExitCode);
        Assert.Equal(0, await node.StopAsync());
    }

    [Fact]
    public async Task Watching_prints_a_line_for_each_change_and_ends_with_a_signal()
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["modules"]);
        File.Copy(typeof(Larder.Cache.TieredCache).Assembly.Location, directory["modules/a.dll"]);
        using var process = new ProgramStart(
            "dotnet", [BuiltTool.Assembly, "symbols", "watch", directory["modules"], "--no-cache", "--json"]).Start();
        Assert.Equal("larder: watching; Ctrl+C ends it.", await process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(90)));

        // The watch may begin a moment after it says so.
        await Task.Delay(1000);
        File.Delete(directory["modules/a.dll"]);
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(90));
        await ProgramRun.OfAsync(new ProgramStart("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]));
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));

        var change = JsonDocument.Parse(line!).RootElement;
        Assert.Equal(("removed", directory["modules/a.dll"]), (change.GetProperty("change").GetString(), change.GetProperty("path").GetString()));
        Assert.Equal(0, process.ExitCode);
    }

    private static Task<ProgramRun> SymbolsAsync(string[] arguments) => BuiltTool.RunAsync(["symbols", .. arguments]);
}

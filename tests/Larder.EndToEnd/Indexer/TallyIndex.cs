using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Larder.EndToEnd.Harness;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.EndToEnd.Indexer;

/// <summary>The sample's module, built, and directories of indexes that it makes.</summary>
internal sealed class TallyIndex : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private TallyIndex()
    {
    }

    public string this[string name] => _directory[name];

    public string Module => this["tally.wasm"];

    public static async Task<TallyIndex> CreateAsync()
    {
        Tools.Require("wat2wasm");
        var index = new TallyIndex();
        (await ProgramRun.OfAsync(new ProgramStart("wat2wasm", Path.Combine(BuiltTool.Root, "samples", "indexer", "tally.wat"), "-o", index.Module))).Succeeded();
        return index;
    }

    /// <summary>Writes blocks to a file, each in hex on a line.</summary>
    public string Write(string name, IEnumerable<byte[]> blocks)
    {
        File.WriteAllLines(this[name], blocks.Select(static block => Convert.ToHexStringLower(block)));
        return this[name];
    }

    /// <summary>Runs <c>larder index COMMAND --dir DIRECTORY</c>.</summary>
    public Task<ProgramRun> RunAsync(string directory, string command, params string[] options) =>
        BuiltTool.RunAsync(["index", .. command.Split(' '), .. options, "--dir", this[directory]]);

    /// <summary>Indexes blocks without the cache and gives the root.</summary>
    public async Task<string> RootOfAsync(string directory, IEnumerable<byte[]> blocks)
    {
        var run = (await RunAsync(directory, "run", "--module", Module, "--cache-size", "0", "--json", Write(directory + ".hex", blocks))).Succeeded();
        return RootIn(run.Text);
    }

    /// <summary>The root in the last line that a run with <c>--json</c> printed.</summary>
    public static string RootIn(string text) => End(text).GetProperty("tip").GetProperty("root").GetString()!;

    public static JsonElement End(string text)
    {
        var end = JsonDocument.Parse(text.Trim().Split('\n')[^1]).RootElement;
        Assert.Equal("end", end.GetProperty("event").GetString());
        return end;
    }

    /// <summary>Starts a run that goes on beside the test.</summary>
    public Process Start(string directory, params string[] options) => new ProgramStart(
        "dotnet", [BuiltTool.Assembly, "index", "run", "--module", Module, "--cache-size", "0", "--json", .. options, "--dir", this[directory]]).Start();

    /// <summary>Reads lines of a run until one is an event of a name.</summary>
    public static async Task<JsonElement> EventAsync(Process run, string name, int count = 1)
    {
        while (await run.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(2)) is { } line)
        {
            var one = JsonDocument.Parse(line).RootElement;
            if (one.GetProperty("event").GetString() == name && --count == 0)
            {
                return one;
            }
        }

        Assert.Fail($"The run ended without {name}: {await run.StandardError.ReadToEndAsync()}");
        return default;
    }

    public static async Task SignalAsync(Process run, string signal) => (await ProgramRun.OfAsync(
        new ProgramStart("kill", $"-{signal}", run.Id.ToString(CultureInfo.InvariantCulture)))).Succeeded();

    /// <summary>What the run ends with.</summary>
    public static async Task<int> EndOfAsync(Process run)
    {
        var rest = run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2));
        await rest;
        return run.ExitCode;
    }

    /// <summary>The sum that the view says for blocks.</summary>
    public static string TotalOf(IEnumerable<byte[]> blocks) =>
        "0x" + Convert.ToHexStringLower(BitConverter.GetBytes(blocks.Sum(static block => (long)block.Length)));

    public static List<byte[]> Chain(int count, uint branch = 0, byte[]? after = null) => BlockBuilder.Chain(count, branch, after);

    public void Dispose() => _directory.Dispose();
}

using System.Text.Json;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Indexer;

/// <summary>
/// The same module over the same blocks prints the same lines in every process: built for debugging or for release, on one
/// processor or several, with the processor's newer instructions or without, compiled quickly or well, all blocks in one process or
/// each in its own.
/// </summary>
public sealed class ProcessSamenessTests
{
    private const string DebugAssembly = "debug";

    private static readonly (string Name, Dictionary<string, string?> Environment)[] Machines =
    [
        ("one processor", new() { ["DOTNET_PROCESSOR_COUNT"] = "1" }),
        ("four processors", new() { ["DOTNET_PROCESSOR_COUNT"] = "4" }),
        ("an old processor", new() { ["DOTNET_EnableHWIntrinsic"] = "0" }),
        ("code that is not optimised", new() { ["DOTNET_JITMinOpts"] = "1" }),
        ("another collector", new() { ["DOTNET_gcServer"] = "1", ["DOTNET_gcConcurrent"] = "0" }),
        (DebugAssembly, new()),
    ];

    [Fact]
    public async Task In_every_process_the_lines_are_the_same()
    {
        using var directory = new TemporaryDirectory();
        var blocks = Directory.CreateDirectory(directory["blocks"]).FullName;
        var contents = GuestPrograms.Blocks(seed: 11, count: 4, bytes: 30_000);
        for (var height = 0; height < contents.Count; height++)
        {
            await File.WriteAllBytesAsync(Path.Combine(blocks, $"{height}.bin"), contents[height], TestContext.Current.CancellationToken);
        }

        var debug = await BuildForDebuggingAsync();
        foreach (var (program, _) in GuestPrograms.All)
        {
            var module = await GuestPrograms.CompileAsync(directory, program);
            var expected = await LinesAsync(BuiltTool.Assembly, directory[program], module, blocks, new());
            Assert.Equal(contents.Count, expected.Count);

            foreach (var (name, environment) in Machines)
            {
                var assembly = name == DebugAssembly ? debug : BuiltTool.Assembly;
                var lines = await LinesAsync(assembly, directory[$"{program} {name}"], module, blocks, environment);
                Assert.True(expected.SequenceEqual(lines), $"{program}, {name}:\n{string.Join('\n', expected)}\n{string.Join('\n', lines)}");
            }

            var alone = new List<string>();
            for (var height = 0; height < contents.Count; height++)
            {
                var block = Path.Combine(blocks, $"{height}.bin");
                alone.AddRange(await LinesAsync(BuiltTool.Assembly, directory[program + " alone"], module, block, new()));
            }

            Assert.Equal(expected, alone);
        }
    }

    // What is printed of each block: roots, digests of flushes and memory, fuel, pages.
    private static async Task<List<string>> LinesAsync(
        string assembly, string index, string module, string blocks, Dictionary<string, string?> environment)
    {
        var start = new ProgramStart(
            "dotnet", assembly, "index", "run", "--module", module, "--dir", index, blocks, "--format", "opaque", "--cache-size", "1MiB",
            "--max-pages", "600", "--memory-digest", "--json")
        {
            Environment = environment,
        };
        var run = (await ProgramRun.OfAsync(start)).Succeeded();
        return [.. run.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(OfBlock).OfType<string>()];
    }

    private static string? OfBlock(string line)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.TryGetProperty("block", out var block) ? block.GetRawText() : null;
    }

    private static async Task<string> BuildForDebuggingAsync()
    {
        var start = new ProgramStart(
            "dotnet", "build", Path.Combine(BuiltTool.Root, "src", "Larder.Cli"), "-c", "Debug", "-v", "quiet", "--nologo", "-nodeReuse:false",
            "-p:RunAnalyzersDuringBuild=false")
        {
            Timeout = TimeSpan.FromMinutes(15),
        };
        (await ProgramRun.OfAsync(start)).Succeeded();
        return Path.Combine(BuiltTool.Root, "artifacts", "bin", "Larder.Cli", "debug", "larder.dll");
    }
}

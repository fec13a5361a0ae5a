using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Larder.Cli;
using Larder.Tests.Node;

namespace Larder.Tests.Cli;

public sealed class PlanCommandTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("larder-plan-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(",", "")]
    [InlineData(" ", "")]
    [InlineData("\t", "key\tsize\n")]
    [InlineData(";", "# a comment\n\n")]
    public async Task A_trace_is_text_with_a_key_and_a_size_a_line(string separator, string head)
    {
        var run = await RunAsync(Encoding.UTF8.GetBytes(head + Loop(separator)), "plan", "--trace", "-", "--capacity", "64MiB", "--json");

        var tier = Read(run).GetProperty("tiers")[0];
        Assert.Equal(300, tier.GetProperty("references").GetDouble());
        Assert.Equal(100, tier.GetProperty("workingSetEntries").GetInt64());
        Assert.Equal(100 * (1_000_000 + 352), tier.GetProperty("workingSetBytes").GetInt64());
        Assert.Equal(2 / 3.0, tier.GetProperty("bestHitRatio").GetDouble(), 1e-6);

        // A loop: with less than all of it LRU has nothing, and the default policy has a part.
        var now = tier.GetProperty("steps").EnumerateArray().Single(step => step.GetProperty("capacityBytes").GetInt64() == 64 << 20);
        Assert.Equal(0, now.GetProperty("hitRatio").GetDouble());
        Assert.InRange(now.GetProperty("policyHitRatio").GetDouble(), 0.2, 0.6);
    }

    [Fact]
    public async Task A_trace_may_be_packed_or_pairs_of_numbers()
    {
        var pairs = new MemoryStream();
        for (var turn = 0; turn < 300; turn++)
        {
            pairs.Write(BitConverter.GetBytes(turn % 100));
            pairs.Write(BitConverter.GetBytes(1_000_000));
        }

        var plain = Read(await RunAsync(pairs.ToArray(), "plan", "--trace", "-", "--json"));
        var packed = Read(await RunAsync(Pack(pairs.ToArray()), "plan", "--trace", "-", "--json"));
        var text = Read(await RunAsync(Pack(Encoding.UTF8.GetBytes(Loop(","))), "plan", "--trace", "-", "--json"));

        Assert.Equal(plain.GetProperty("tiers")[0].ToString(), packed.GetProperty("tiers")[0].ToString());
        Assert.Equal(
            plain.GetProperty("tiers")[0].GetProperty("recommendedBytes").GetInt64(),
            text.GetProperty("tiers")[0].GetProperty("recommendedBytes").GetInt64());
    }

    [Fact]
    public async Task A_trace_without_sizes_is_planned_in_entries()
    {
        var run = await RunAsync("a\nb\na\nb\nc\na\n"u8.ToArray(), "plan", "--trace", "-");

        Assert.Equal(ExitCodes.Ok, run.ExitCode);
        Assert.Contains("memory tier 3 entries → 50 % hits", run.Text, StringComparison.Ordinal);
        Assert.Contains("limit at least", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_says_settings_volume_and_limit()
    {
        var file = Path.Combine(_root, "trace.csv");
        await File.WriteAllTextAsync(file, Loop(","), Token);

        var run = await RunAsync([], "plan", "--trace", file, "--tier", "disk", "--target", "60%", "--curve-only");

        Assert.Equal(ExitCodes.Ok, run.ExitCode);
        Assert.Contains("disk.capacity: ", run.Text, StringComparison.Ordinal);
        Assert.Matches("sizeLimit: 1\\d\\dMi", run.Text);
        Assert.DoesNotContain("default policy", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,1\nb,many\n", "line 2: 'b,many' is not a key and a size in bytes")]
    [InlineData("", "The trace has no request.")]
    [InlineData("\u0001\u0002\u0003", "neither text nor whole pairs")]
    public async Task A_malformed_trace_is_a_sentence(string content, string sentence)
    {
        var run = await RunAsync(Encoding.UTF8.GetBytes(content), "plan", "--trace", "-");

        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("is not a hit ratio", "plan", "--target", "much")]
    [InlineData("is not a tier that has a capacity", "plan", "--trace", "-", "--tier", "remote")]
    [InlineData("There is no file", "plan", "--trace", "/no/such/trace")]
    public async Task A_wrong_command_line_is_a_sentence(string sentence, params string[] arguments)
    {
        var run = await RunAsync([], arguments);

        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_does_not_know()
    {
        var run = await RunAsync([], "plan", "--data", _root);

        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains("--trace", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_is_asked_for_its_plan()
    {
        await using var node = await TestNode.StartAsync();
        for (var turn = 0; turn < 4; turn++)
        {
            for (var number = 0; number < 20; number++)
            {
                var path = $"/v1/artifacts/demo/{Larder.Cache.Fingerprints.Fingerprint.OfContent([(byte)number])}";
                if ((await node.GetAsync(path)).Status == 404)
                {
                    await node.PutAsync(path, new byte[5000]);
                }
            }
        }

        var text = await RunAsync([], "plan", "--node", node.Address.ToString(), "--target", "0.7");
        var json = Read(await RunAsync([], "plan", "--node", node.Address.ToString(), "--json"));

        Assert.Equal(ExitCodes.Ok, text.ExitCode);
        Assert.Contains("memory tier 32 MiB → 75 % hits", text.Text, StringComparison.Ordinal);
        Assert.Contains("memory.capacity: ", text.Text, StringComparison.Ordinal);
        Assert.Contains("demo", text.Text, StringComparison.Ordinal);
        Assert.Contains("limit at least", text.Text, StringComparison.Ordinal);
        Assert.Equal(80, json.GetProperty("tiers")[0].GetProperty("references").GetDouble(), 1e-6);
    }

    private static string Loop(string separator)
    {
        var lines = new StringBuilder();
        for (var turn = 0; turn < 300; turn++)
        {
            lines.Append("name-").Append(turn % 100).Append(separator).Append("1000000\n");
        }

        return lines.ToString();
    }

    private static byte[] Pack(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            zip.Write(content);
        }

        return packed.ToArray();
    }

    private static JsonElement Read(CommandRun run)
    {
        Assert.True(run.ExitCode == ExitCodes.Ok, run.Error);
        return JsonDocument.Parse(run.Output).RootElement.Clone();
    }

    private static Task<CommandRun> RunAsync(byte[] input, params string[] arguments) =>
        CommandRun.OfAsync(arguments, input, cancellationToken: Token);
}

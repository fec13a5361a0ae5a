using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Larder.EndToEnd.Harness;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.EndToEnd.Indexer;

/// <summary>The built command after a node, and its JSON-RPC.</summary>
public sealed class IndexFollowTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_a_reorganisation_the_state_is_as_if_the_branch_had_never_been_seen()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(20);
        List<byte[]> other = [.. chain[..12], .. TallyIndex.Chain(11, branch: 5, after: chain[11])];
        var root = await index.RootOfAsync("never", other);
        await using var node = new FakeChainNode(chain) { Login = "me:secret" };
        var login = new Dictionary<string, string?> { ["LARDER_RPC_PASSWORD"] = "secret" };
        string[] command = ["index", "run", "--json", "--once", "--dir", index["idx"]];
        var start = new ProgramStart("dotnet") { Environment = login };
        (await BuiltTool.RunAsync(start, [.. command, "--module", index.Module, "--cache-size", "0", "--rpc", node.Address.ToString(), "--rpc-user", "me"])).Succeeded();

        node.Switch(other);
        var run = (await BuiltTool.RunAsync(start, command)).Succeeded();

        Assert.Equal(root, TallyIndex.RootIn(run.Text));
        Assert.Equal(1, TallyIndex.End(run.Text).GetProperty("reorganisations").GetInt64());
        Assert.DoesNotContain("secret", await File.ReadAllTextAsync(Path.Combine(index["idx"], "index.json"), Token), StringComparison.Ordinal);
        (await index.RunAsync("idx", "verify")).Succeeded();
    }

    [Fact]
    public async Task A_follower_lives_through_a_node_that_goes_away_and_answers_meanwhile()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(12);
        await using var node = new FakeChainNode(chain[..8]);
        using var run = index.Start("idx", "--rpc", node.Address.ToString(), "--poll", "50ms", "--listen", "127.0.0.1:0");
        var address = (await TallyIndex.EventAsync(run, "listening")).GetProperty("address").GetString()!;
        await TallyIndex.EventAsync(run, "atTip");
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        Assert.Equal(TallyIndex.TotalOf(chain[..8]), await CallAsync(client, "metashrew_view", "total", "0x", "latest"));

        // Beside the run, which has the directory.
        Assert.Equal(TallyIndex.TotalOf(chain[..8]), (await index.RunAsync("idx", "view total")).Succeeded().Text.Trim());
        Assert.Contains("blocks 0 to 7", (await index.RunAsync("idx", "stats")).Succeeded().Text, StringComparison.Ordinal);
        Assert.Contains("all is sound", (await index.RunAsync("idx", "verify")).Succeeded().Text, StringComparison.Ordinal);
        (await index.RunAsync("idx", "rollback --height 3")).ExitedWith(5);

        await node.GoAwayAsync();
        await TallyIndex.EventAsync(run, "waiting");
        Assert.Equal("7", await CallAsync(client, "metashrew_height"));
        List<byte[]> other = [.. chain[..6], .. TallyIndex.Chain(5, branch: 2, after: chain[5])];
        node.Switch(other);
        node.Return();
        await TallyIndex.EventAsync(run, "reorganisation");
        await TallyIndex.EventAsync(run, "block", 5);

        Assert.Equal("10", await CallAsync(client, "metashrew_height"));
        Assert.Equal(TallyIndex.TotalOf(other), await CallAsync(client, "metashrew_view", "total", "", 10));
        Assert.Equal("0x" + BlockBuilder.NameOf(other[9]), await CallAsync(client, "metashrew_getblockhash", 9));
        var figures = await client.GetFromJsonAsync<JsonElement>("/", Token);
        Assert.Equal(1, figures.GetProperty("source").GetProperty("reorganisations").GetInt64());
        await TallyIndex.SignalAsync(run, "INT");
        Assert.Equal(0, await TallyIndex.EndOfAsync(run));
    }

    [Fact]
    public async Task Json_rpc_answers_as_its_clients_know_it()
    {
        using var index = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(6);
        using var run = index.Start("idx", index.Write("a.hex", chain[..5]), "--prefix-root", "headers:0x6865616465722f", "--listen", "127.0.0.1:0");
        using var client = new HttpClient { BaseAddress = new Uri((await TallyIndex.EventAsync(run, "listening")).GetProperty("address").GetString()!) };
        var tip = (await TallyIndex.EventAsync(run, "end")).GetProperty("tip");

        Assert.Equal("4", await CallAsync(client, "metashrew_height"));
        Assert.Equal("0x" + tip.GetProperty("root").GetString(), await CallAsync(client, "metashrew_stateroot", "latest"));
        Assert.Equal("0x" + tip.GetProperty("root").GetString(), await CallAsync(client, "metashrew_stateroot"));
        Assert.Equal("0x" + tip.GetProperty("prefixRoots").GetProperty("headers").GetString(), await CallAsync(client, "metashrew_prefixroot", "headers", "4"));
        Assert.NotEqual(await CallAsync(client, "metashrew_prefixroot", "headers", 3), await CallAsync(client, "metashrew_prefixroot", "headers"));
        Assert.Equal(TallyIndex.TotalOf(chain), await CallAsync(client, "metashrew_preview", "0x" + Convert.ToHexString(chain[5]), "total", "0x", "latest"));
        Assert.Contains("\"indexed_height\":4", await CallAsync(client, "metashrew_snapshot"), StringComparison.Ordinal);

        using var put = await client.PutAsync(new Uri("/", UriKind.Relative), null, Token);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, put.StatusCode);
        using var tooLong = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(new byte[17 * 1024 * 1024]) };
        tooLong.Headers.ExpectContinue = true;
        using var refusedBody = await client.SendAsync(tooLong, Token);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refusedBody.StatusCode);
        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Origin", "http://evil.example" } } };
        using var refused = await client.SendAsync(foreign, Token);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        await TallyIndex.SignalAsync(run, "TERM");
        Assert.Equal(0, await TallyIndex.EndOfAsync(run));
    }

    [Fact]
    public async Task Other_machines_need_a_token()
    {
        using var index = await TallyIndex.CreateAsync();
        var blocks = index.Write("a.hex", TallyIndex.Chain(1));

        (await index.RunAsync("idx", $"run --module {index.Module} --cache-size 0 {blocks} --listen 0.0.0.0:0")).ExitedWith(2);
        using var run = index.Start("idx", blocks, "--listen", "127.0.0.1:0", "--token", "a-long-secret");
        using var client = new HttpClient { BaseAddress = new Uri((await TallyIndex.EventAsync(run, "listening")).GetProperty("address").GetString()!) };
        using var without = await client.GetAsync(new Uri("/", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "a-long-secret");
        await TallyIndex.EventAsync(run, "end");
        Assert.Equal("0", await CallAsync(client, "metashrew_height"));
        run.Kill();
        await run.WaitForExitAsync(Token);
    }

    private static async Task<string> CallAsync(HttpClient client, string method, params object[] parameters)
    {
        using var answer = await client.PostAsJsonAsync("/", new { jsonrpc = "2.0", id = 7, method, @params = parameters }, Token);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal(7, body.GetProperty("id").GetInt32());
        Assert.True(body.TryGetProperty("result", out var result), body.ToString());
        return result.GetString()!;
    }
}

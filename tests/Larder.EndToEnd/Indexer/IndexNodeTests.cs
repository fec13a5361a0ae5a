using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Larder.EndToEnd.Dashboard;
using Larder.Node;
using Larder.Node.Indexing;
using Larder.Tests.Indexer.Blocks.Support;
using Microsoft.Playwright;

namespace Larder.EndToEnd.Indexer;

/// <summary>Indexes of a node: HTTP, metrics, and the dashboard in a real browser.</summary>
public sealed class IndexNodeTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_follows_a_chain_and_answers_about_it()
    {
        using var tally = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(9);
        await using var source = new FakeChainNode(chain);
        await using var node = await DashboardNode.StartAsync(options => With(options, ("main", Index(tally, source)), ("broken", new IndexOptions { Module = "/nowhere.wasm" })));

        var index = await WaitAsync(node, "main", static one => one.TryGetProperty("source", out var from) && from.GetProperty("phase").GetString() == "atTip");
        Assert.Equal(8, index.GetProperty("tip").GetProperty("height").GetInt64());
        Assert.Equal("open", index.GetProperty("state").GetString());
        var broken = await WaitAsync(node, "broken", static one => one.TryGetProperty("failure", out _));
        Assert.Contains("/nowhere.wasm", broken.GetProperty("failure").GetString(), StringComparison.Ordinal);

        var answer = await RpcAsync(node, "main", """[{"id":1,"method":"metashrew_view","params":["total","0x"]},{"id":"x","method":"nothing"}]""");
        Assert.Equal(TallyIndex.TotalOf(chain), answer[0].GetProperty("result").GetString());
        Assert.Equal(-32601, answer[1].GetProperty("error").GetProperty("code").GetInt32());
        using var body = new StringContent("{}");
        using var missing = await node.Client.PostAsync(new Uri(node.Address, "/v1/indexes/other"), body, Token);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var closed = await node.Client.PostAsync(new Uri(node.Address, "/v1/indexes/broken"), body, Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, closed.StatusCode);

        var metrics = await node.Client.GetStringAsync(new Uri(node.Address, "/metrics"), Token);
        Assert.Contains("larder_indexer_height{index=\"main\"} 8", metrics, StringComparison.Ordinal);
        Assert.Contains("larder_indexer_views_total{index=\"main\",outcome=\"run\"} 1", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_goes_on_after_the_node_was_restarted()
    {
        using var tally = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(9);
        await using var source = new FakeChainNode(chain[..5]);
        await using var node = await DashboardNode.StartAsync(options => With(options, ("main", Index(tally, source))));
        await WaitAsync(node, "main", static one => HeightOf(one) == 4);

        await node.RestartAsync(() =>
        {
            source.Switch(chain);
            return Task.CompletedTask;
        });

        var index = await WaitAsync(node, "main", static one => HeightOf(one) == 8);
        Assert.Equal(4, index.GetProperty("indexed").GetProperty("blocks").GetInt64());
    }

    [Fact]
    public async Task The_dashboard_shows_indexes_and_keeps_up()
    {
        browser.Require();
        using var tally = await TallyIndex.CreateAsync();
        var chain = TallyIndex.Chain(9);
        await using var source = new FakeChainNode(chain);
        await using var node = await DashboardNode.StartAsync(options => With(options, ("main", Index(tally, source))));
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();
        await page.Page.WaitForSelectorAsync("#indexes [data-index=main][data-state=atTip]", new PageWaitForSelectorOptions { Timeout = 60_000 });
        var index = await WaitAsync(node, "main", static one => HeightOf(one) == 8);
        await WaitForTextAsync(page, index.GetProperty("tip").GetProperty("root").GetString()!);
        await RpcAsync(node, "main", """{"id":1,"method":"metashrew_view","params":["total","0x"]}""");
        await WaitForTextAsync(page, "1 run, 0 remembered");
        await page.Page.WaitForFunctionAsync("() => document.querySelectorAll('#indexes [data-index=main] tr[data-key=main]').length === 1");

        List<byte[]> other = [.. chain[..7], .. TallyIndex.Chain(4, branch: 3, after: chain[6])];
        source.Switch(other);

        await WaitForTextAsync(page, BlockBuilder.NameOf(other[^1]));
        await WaitForTextAsync(page, BlockBuilder.NameOf(chain[^1])[..20]);
        Assert.Empty(page.Problems);
    }

    [Fact]
    public async Task A_node_without_indexes_shows_none()
    {
        browser.Require();
        await using var node = await DashboardNode.StartAsync();
        await using var page = await DashboardPage.OpenAsync(browser.Browser, node.Address);
        await page.WaitUntilLiveAsync();

        Assert.True(await page.Page.EvaluateAsync<bool>("() => document.getElementById('indexes').hidden"));
        Assert.Empty(page.Problems);
    }

    private static async Task WaitForTextAsync(DashboardPage page, string text) =>
        await page.Page.WaitForFunctionAsync("text => document.getElementById('indexes').textContent.includes(text)", text, new PageWaitForFunctionOptions { Timeout = 60_000 });

    private static IndexOptions Index(TallyIndex tally, FakeChainNode source) =>
        new() { Module = tally.Module, Source = source.Address.ToString(), CacheBytes = 1024 * 1024 };

    private static NodeOptions With(NodeOptions options, params (string Name, IndexOptions Index)[] indexes) =>
        options with { Indexes = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, indexes.Select(static one => KeyValuePair.Create(one.Name, one.Index))) };

    private static long? HeightOf(JsonElement index) =>
        index.GetProperty("tip") is { ValueKind: JsonValueKind.Object } tip ? tip.GetProperty("height").GetInt64() : null;

    private static async Task<JsonElement> WaitAsync(DashboardNode node, string name, Func<JsonElement, bool> isSo)
    {
        for (var waits = 0; waits < 2000; waits++)
        {
            var index = await node.Client.GetFromJsonAsync<JsonElement>(new Uri(node.Address, $"/v1/indexes/{name}"), Token);
            if (isSo(index))
            {
                return index;
            }

            await Task.Delay(30, Token);
        }

        Assert.Fail($"The index {name} did not come to it within a minute: {await node.Client.GetStringAsync(new Uri(node.Address, "/v1/indexes"), Token)}");
        return default;
    }

    private static async Task<JsonElement> RpcAsync(DashboardNode node, string name, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await node.Client.PostAsync(new Uri(node.Address, $"/v1/indexes/{name}"), content, Token);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(Token)).Clone();
    }
}

using System.Net;
using System.Text.Json;
using Larder.Cache.Fingerprints;
using Larder.Node.Security;

namespace Larder.Tests.Node;

/// <summary>The dashboard in a whole node: what the tiers do arrives in its answers.</summary>
public sealed class DashboardNodeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Evictions_of_the_disk_tier_are_told_with_name_weight_and_reason()
    {
        await using var node = await TestNode.StartAsync(options => options with { DiskCapacityBytes = 4 * 1024 * 1024 });
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var n = 0; n < 30; n++)
        {
            names.Add(await PutAsync(node, n, 300_000));
        }

        var removal = await UntilAsync(
            node, events => events.GetProperty("removals").EnumerateArray().FirstOrDefault(one => one.GetProperty("tier").GetString() == "disk"));

        Assert.Contains(removal.GetProperty("fingerprint").GetString()!, names);
        Assert.InRange(removal.GetProperty("bytes").GetInt64(), 300_000, 400_000);
        Assert.Equal("byteLimit", removal.GetProperty("reason").GetString());
        Assert.Equal("demo", removal.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task A_damaged_file_is_told_as_quarantined_and_its_miss_says_so()
    {
        await using var node = await TestNode.StartAsync(options => options with { MemoryCapacityBytes = 0 });
        var name = await PutAsync(node, 1, 10_000);
        await node.Host.Cache.FlushAsync(Token);
        var file = Directory.EnumerateFiles(node.Host.Services.Options.DataDirectory, name, SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(file, Token);
        bytes[5000] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Token);

        using var answer = await node.Client.GetAsync(new Uri($"/v1/artifacts/demo/{name}", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var miss = await UntilAsync(node, events => events.GetProperty("misses").EnumerateArray().FirstOrDefault());
        Assert.Equal("left", miss.GetProperty("cause").GetString());
        Assert.Equal("quarantined", miss.GetProperty("leftReason").GetString());
    }

    [Fact]
    public async Task Statistics_agree_with_what_was_asked()
    {
        await using var node = await TestNode.StartAsync();
        for (var n = 0; n < 5; n++)
        {
            await PutAsync(node, n, 1000);
            for (var times = 0; times < 3; times++)
            {
                using var hit = await node.Client.GetAsync(PathOf(n), Token);
                Assert.Equal(HttpStatusCode.OK, hit.StatusCode);
            }

            using var miss = await node.Client.GetAsync(PathOf(n + 1000), Token);
            Assert.Equal(HttpStatusCode.NotFound, miss.StatusCode);
        }

        using var stats = JsonDocument.Parse(await node.Client.GetByteArrayAsync(new Uri("/v1/stats", UriKind.Relative), Token));

        var total = stats.RootElement.GetProperty("total");
        Assert.Equal(20, total.GetProperty("lookups").GetInt64());
        Assert.Equal(15, total.GetProperty("hits").GetInt64());
        Assert.Equal(0.75, total.GetProperty("hitRatio").GetDouble());
        Assert.Equal(15_000, total.GetProperty("hitBytes").GetInt64());
        Assert.Equal(5, total.GetProperty("entries").GetInt64());
        Assert.Equal(25, stats.RootElement.GetProperty("node").GetProperty("requests").GetInt64());
        Assert.Equal(15_000, stats.RootElement.GetProperty("node").GetProperty("sentBytes").GetInt64());
        Assert.All(stats.RootElement.GetProperty("tiers").EnumerateArray(), tier => Assert.All(
            tier.GetProperty("kinds").EnumerateArray(),
            kind => Assert.Equal(Sum(kind, "hits", "misses", "throttled"), Sum(kind, "lookups"))));
    }

    [Theory]
    [InlineData("/", null, HttpStatusCode.OK)]
    [InlineData("/dashboard/main.js", null, HttpStatusCode.OK)]
    [InlineData("/v1/stats", null, HttpStatusCode.Unauthorized)]
    [InlineData("/v1/history", null, HttpStatusCode.Unauthorized)]
    [InlineData("/v1/events", null, HttpStatusCode.Unauthorized)]
    [InlineData("/v1/live", null, HttpStatusCode.Unauthorized)]
    [InlineData("/v1/stats", "only-builds", HttpStatusCode.Forbidden)]
    [InlineData("/v1/live", "only-builds", HttpStatusCode.Forbidden)]
    [InlineData("/v1/stats", "may-watch", HttpStatusCode.OK)]
    [InlineData("/v1/events", "may-watch", HttpStatusCode.OK)]
    public async Task Figures_need_rights_and_the_page_does_not(string path, string? token, HttpStatusCode expected)
    {
        await using var node = await TestNode.StartAsync(options => options with
        {
            Tokens = [AccessToken.Parse("only-builds;ccache=rw;bazel=rw"), AccessToken.Parse("may-watch;admin=r")],
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
        {
            request.Headers.Add("Authorization", $"Bearer {token}");
        }

        using var response = await node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task A_live_feed_does_not_hold_up_the_drain()
    {
        await using var node = await TestNode.StartAsync();
        using var live = await node.Client.GetAsync(
            new Uri("/v1/live", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await live.Content.ReadAsStreamAsync(Token));
        await reader.ReadLineAsync(Token);

        await node.Host.StopAsync(Token).WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.Contains("event: drain", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    private static long Sum(JsonElement kind, params string[] names) => names.Sum(name => kind.GetProperty(name).GetInt64());

    private static string NameOf(int n) => Fingerprint.OfContent(BitConverter.GetBytes(n)).ToString();

    private static Uri PathOf(int n) => new($"/v1/artifacts/demo/{NameOf(n)}", UriKind.Relative);

    private static async Task<string> PutAsync(TestNode node, int n, int length)
    {
        var content = new byte[length];
        new Random(n).NextBytes(content);
        using var body = new ByteArrayContent(content);
        using var response = await node.Client.PutAsync(PathOf(n), body, Token);
        response.EnsureSuccessStatusCode();
        return NameOf(n);
    }

    // Evictions of the disk tier end in the background, so the events are asked for until they hold what is looked for.
    private static async Task<JsonElement> UntilAsync(TestNode node, Func<JsonElement, JsonElement> find)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var events = JsonDocument.Parse(await node.Client.GetByteArrayAsync(new Uri("/v1/events", UriKind.Relative), Token));
            var found = find(events.RootElement);
            if (found.ValueKind != JsonValueKind.Undefined)
            {
                return found.Clone();
            }

            await Task.Delay(25, Token);
        }

        throw new Xunit.Sdk.XunitException("No such event within five seconds.");
    }
}

using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Dashboard;
using static Larder.Tests.Node.DashboardFigures;

namespace Larder.Tests.Node;

public sealed class DashboardEndpointsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/dashboard/main.js")]
    [InlineData("/dashboard/style.css")]
    [InlineData("/v1/stats")]
    public async Task Every_answer_forbids_what_the_page_does_not_need(string path)
    {
        await using var host = await DashboardHost.StartAsync();

        using var response = await GetAsync(host, path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task The_page_holds_no_inline_script_or_style_and_no_foreign_address()
    {
        await using var host = await DashboardHost.StartAsync();

        var page = await host.Client.GetStringAsync(new Uri("/", UriKind.Relative), Token);

        Assert.DoesNotMatch("<script(?![^>]*src=)", page);
        Assert.DoesNotMatch("<style|\\sstyle=|\\son[a-z]+=", page);
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, br", "br")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("*", "br")]
    [InlineData("identity", null)]
    public async Task A_file_comes_in_the_smallest_form_that_the_client_takes(string accepted, string? expected)
    {
        await using var host = await DashboardHost.StartAsync();
        var plain = await host.Client.GetByteArrayAsync(new Uri("/dashboard/main.js", UriKind.Relative), Token);

        using var response = await GetAsync(host, "/dashboard/main.js", ("Accept-Encoding", accepted));

        Assert.Equal(expected, response.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal(plain, await UnpackAsync(response));
    }

    [Fact]
    public async Task A_file_that_the_client_has_is_not_sent_again()
    {
        await using var host = await DashboardHost.StartAsync();
        using var first = await GetAsync(host, "/dashboard/main.js", ("Accept-Encoding", "gzip"));
        var tag = first.Headers.ETag!.ToString();

        using var same = await GetAsync(host, "/dashboard/main.js", ("Accept-Encoding", "gzip"), ("If-None-Match", $"\"other\", {tag}"));
        using var plain = await GetAsync(host, "/dashboard/main.js", ("If-None-Match", tag));

        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        Assert.Empty(await same.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(HttpStatusCode.OK, plain.StatusCode);
        Assert.NotEqual(tag, plain.Headers.ETag!.ToString());
    }

    [Theory]
    [InlineData("POST", "/", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/v1/stats", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/dashboard/../secret", HttpStatusCode.NotFound)]
    [InlineData("GET", "/dashboard/", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/history?window=7h", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/v1/history?window=-1m", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/v1/history?window=10m&points=99999", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/v1/events?after=x", HttpStatusCode.BadRequest)]
    [InlineData("HEAD", "/v1/live", HttpStatusCode.OK)]
    [InlineData("HEAD", "/", HttpStatusCode.OK)]
    public async Task What_is_not_asked_for_rightly_gets_a_clear_status(string method, string path, HttpStatusCode expected)
    {
        await using var host = await DashboardHost.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await host.Client.SendAsync(request, Token);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Stats_tell_tiers_kinds_and_totals()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Figures.Tiers =
        [
            Tier(TierKind.Memory, Kind("cc", hits: 3, misses: 1, bytes: 500)),
            Tier(TierKind.Disk, Kind("cc", hits: 1, misses: 0, bytes: 900)) with { Available = false, QueuedEntries = 4 },
        ];
        host.Figures.Node = host.Figures.Node with { Circuit = "open" };
        host.Figures.Saved = TimeSpan.FromSeconds(90);

        using var stats = await JsonAsync(host, "/v1/stats");

        var root = stats.RootElement;
        Assert.Equal("open", root.GetProperty("node").GetProperty("circuit").GetString());
        Assert.Equal(90, root.GetProperty("node").GetProperty("savedSeconds").GetDouble());
        Assert.Equal(1, root.GetProperty("total").GetProperty("hitRatio").GetDouble());
        var memory = root.GetProperty("tiers")[0];
        Assert.Equal("memory", memory.GetProperty("tier").GetString());
        Assert.Equal(1000, memory.GetProperty("capacityBytes").GetInt64());
        Assert.Equal(0.75, memory.GetProperty("kinds")[0].GetProperty("hitRatio").GetDouble());
        Assert.False(root.GetProperty("tiers")[1].GetProperty("available").GetBoolean());
        Assert.Equal(4, root.GetProperty("tiers")[1].GetProperty("queuedEntries").GetInt64());
        Assert.Equal("cc", root.GetProperty("kinds")[0].GetProperty("kind").GetString());
    }

    [Fact]
    public async Task History_gives_arrays_of_one_length()
    {
        await using var host = await DashboardHost.StartAsync();
        for (var second = 1; second <= 30; second++)
        {
            host.Figures.Tiers = [Tier(TierKind.Memory, Kind("cc", hits: second * 2, misses: second, bytes: 100))];
            host.Clock.Advance(TimeSpan.FromSeconds(1));
            host.History.Sample();
        }

        using var history = await JsonAsync(host, "/v1/history?window=20s&points=10");

        var root = history.RootElement;
        Assert.Equal(10, root.GetProperty("time").GetArrayLength());
        Assert.Equal(30, root.GetProperty("sequence").GetInt64());
        var row = root.GetProperty("rows").EnumerateArray().Single(
            one => one.GetProperty("scope").GetString() == "memory" && one.GetProperty("kind").GetString() == "cc");
        foreach (var name in new[] { "lookups", "hits", "hitBytes", "storedBytes", "evicted", "entries", "bytes" })
        {
            Assert.Equal(10, row.GetProperty(name).GetArrayLength());
        }

        Assert.Equal(40, row.GetProperty("hits").EnumerateArray().Sum(value => value.GetInt64()));
    }

    [Fact]
    public async Task Events_tell_removals_and_explained_misses()
    {
        await using var host = await DashboardHost.StartAsync();
        var key = new ArtifactKey(ArtifactKind.Parse("cc"), Fingerprint.OfContent("a"u8));
        host.Events.RecordRemoval(TierKind.Disk, key, 77, 12, RemovalReason.EntryAndByteLimit);
        host.Events.RecordMiss(
            key with { Fingerprint = Fingerprint.OfNothing }, key.Fingerprint, [new ComponentChange("compiler", "<b>gcc", null)]);

        using var events = await JsonAsync(host, "/v1/events?after=0");

        var removal = events.RootElement.GetProperty("removals")[0];
        Assert.Equal(key.Fingerprint.ToString(), removal.GetProperty("fingerprint").GetString());
        Assert.Equal("entryAndByteLimit", removal.GetProperty("reason").GetString());
        Assert.Equal(12, removal.GetProperty("ageTicks").GetInt64());
        var miss = events.RootElement.GetProperty("misses")[0];
        Assert.Equal("differs", miss.GetProperty("cause").GetString());
        Assert.Equal("compiler", miss.GetProperty("differences")[0].GetProperty("name").GetString());
        Assert.Equal(JsonValueKind.Null, miss.GetProperty("differences")[0].GetProperty("now").ValueKind);
        Assert.Equal(3, events.RootElement.GetProperty("next").GetInt64());
    }

    private static async Task<JsonDocument> JsonAsync(DashboardHost host, string path)
    {
        using var response = await GetAsync(host, path, ("Accept-Encoding", "gzip"));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return JsonDocument.Parse(await UnpackAsync(response));
    }

    private static async Task<HttpResponseMessage> GetAsync(DashboardHost host, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await host.Client.SendAsync(request, Token);
    }

    private static async Task<byte[]> UnpackAsync(HttpResponseMessage response)
    {
        var stream = await response.Content.ReadAsStreamAsync(Token);
        using Stream plain = response.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "br" => new BrotliStream(stream, CompressionMode.Decompress),
            "gzip" => new GZipStream(stream, CompressionMode.Decompress),
            _ => stream,
        };
        using var copy = new MemoryStream();
        await plain.CopyToAsync(copy, Token);
        return copy.ToArray();
    }
}

using System.Text;
using System.Text.Json;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Node;

public sealed class MaintenanceTests
{
    [Fact]
    public async Task Listings_page_filter_and_sort()
    {
        await using var node = await TestNode.StartAsync();
        for (var index = 0; index < 25; index++)
        {
            await node.PutAsync(PathOf("handler", index), new byte[100 + index]);
        }

        await node.PutAsync(PathOf("other", 1), [1]);

        var page = Read(await node.GetAsync("/v1/artifacts/handler?sort=size&descending=true&limit=10&skip=5"));
        var large = Read(await node.GetAsync("/v1/entries?kind=handler&minBytes=120"));
        var prefix = Read(await node.GetAsync($"/v1/entries?prefix={NameOf(3).ToString()[..16]}"));
        var unused = Read(await node.GetAsync("/v1/entries?unusedSeconds=3600"));

        Assert.Equal(25, page.GetProperty("matching").GetInt64());
        Assert.Equal(
            Enumerable.Range(0, 10).Select(static index => 119L - index),
            page.GetProperty("entries").EnumerateArray().Select(static entry => entry.GetProperty("bytes").GetInt64()));
        Assert.Equal(5, large.GetProperty("matching").GetInt64());
        Assert.Equal(NameOf(3).ToString(), prefix.GetProperty("entries")[0].GetProperty("fingerprint").GetString());
        Assert.Equal(0, unused.GetProperty("matching").GetInt64());
    }

    [Theory]
    [InlineData("/v1/entries?limit=5000", "limit")]
    [InlineData("/v1/entries?sort=colour", "sort")]
    [InlineData("/v1/entries?kind=UPPER", "kind")]
    [InlineData("/v1/entries?colour=red", "colour")]
    [InlineData("/v1/entries?skip=-1", "skip")]
    public async Task A_mistake_in_a_query_is_a_sentence(string path, string word)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.GetAsync(path);

        Assert.Equal(400, answer.Status);
        Assert.Contains($"'{word}'", Read(answer, 400).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Purging_removes_what_it_is_told_and_nothing_else()
    {
        await using var node = await TestNode.StartAsync();
        await node.PutAsync(PathOf("handler", 1), new byte[10], ("Larder-Owner", "one"));
        await node.PutAsync(PathOf("handler", 2), new byte[20], ("Larder-Owner", "two"));
        await node.PutAsync(PathOf("other", 3), new byte[30], ("Larder-Owner", "one"));

        var dry = Read(await node.PostAsync("/v1/purge?dryRun=true", []));
        var old = Read(await node.PostAsync("/v1/purge?unusedSeconds=3600", []));
        var owner = Read(await node.PostAsync("/v1/purge?owner=one&kind=handler", []));

        Assert.Equal((3, 60), (dry.GetProperty("entries").GetInt64(), dry.GetProperty("bytes").GetInt64()));
        Assert.Equal(0, old.GetProperty("entries").GetInt64());
        Assert.Equal((1, 10), (owner.GetProperty("entries").GetInt64(), owner.GetProperty("bytes").GetInt64()));
        Assert.Equal(404, (await node.GetAsync(PathOf("handler", 1))).Status);
        Assert.Equal(200, (await node.GetAsync(PathOf("handler", 2))).Status);
        Assert.Equal(200, (await node.GetAsync(PathOf("other", 3))).Status);
    }

    [Fact]
    public async Task Verifying_and_scrubbing_say_what_is_sound()
    {
        await using var node = await TestNode.StartAsync();
        await node.PutAsync(PathOf("handler", 1), new byte[1000]);

        var sound = Read(await node.PostAsync($"/v1/verify/handler/{NameOf(1)}", []));
        var absent = Read(await node.PostAsync($"/v1/verify/handler/{NameOf(2)}", []));
        var scrub = await node.PostAsync("/v1/scrub", []);
        var scrubKind = await node.PostAsync("/v1/scrub?kind=handler", []);

        Assert.Equal("sound", sound.GetProperty("result").GetString());
        Assert.Equal("absent", absent.GetProperty("result").GetString());
        foreach (var answer in (RawAnswer[])[scrub, scrubKind])
        {
            var last = JsonDocument.Parse(answer.Text.TrimEnd('\n').Split('\n')[^1]).RootElement;
            Assert.True(last.GetProperty("done").GetBoolean());
            Assert.Equal(1, last.GetProperty("entries").GetInt64());
            Assert.Equal(0, last.GetProperty("damaged").GetInt64());
        }
    }

    [Fact]
    public async Task A_miss_is_explained_by_the_nearest_recipe()
    {
        await using var node = await TestNode.StartAsync();
        static byte[] Recipe(string version) => Encoding.UTF8.GetBytes(
            "{\"kind\":\"handler\",\"formatVersion\":1,\"components\":{\"source\":{\"text\":\"same\"},\"compiler\":{\"text\":\"" + version + "\"}}}");

        var first = Read(await node.PostAsync("/v1/explain", Recipe("1")));
        var second = Read(await node.PostAsync("/v1/explain", Recipe("2")));
        var malformed = await node.PostAsync("/v1/explain", "{}"u8.ToArray());

        Assert.Equal("nothingToCompare", first.GetProperty("reason").GetString());
        Assert.Equal("differs", second.GetProperty("reason").GetString());
        Assert.Equal("compiler", Assert.Single(second.GetProperty("differences").EnumerateArray().ToArray()).GetProperty("name").GetString());
        Assert.Equal(400, malformed.Status);
    }

    [Fact]
    public async Task Flushing_says_that_all_is_durable()
    {
        await using var node = await TestNode.StartAsync();
        await node.PutAsync(PathOf("handler", 1), new byte[1000]);

        var report = Read(await node.PostAsync("/v1/flush", []));

        Assert.Equal(0, report.GetProperty("pending").GetInt64());
        Assert.Equal(0, report.GetProperty("failed").GetInt64());
    }

    private static Fingerprint NameOf(int index) => Fingerprint.OfContent(BitConverter.GetBytes(index));

    private static string PathOf(string kind, int index) => $"/v1/artifacts/{kind}/{NameOf(index)}";

    private static JsonElement Read(RawAnswer answer, int status = 200)
    {
        Assert.Equal(status, answer.Status);
        return JsonDocument.Parse(answer.Body).RootElement;
    }
}

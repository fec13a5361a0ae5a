using System.Text;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Node;

public sealed class ArtifactApiTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 200_000).Select(static index => (byte)(index * 7))];
    private static readonly Fingerprint Name = Fingerprint.OfContent("a recipe"u8);
    private static readonly string Path = $"/v1/artifacts/handler/{Name}";
    private static readonly string Tag = $"\"{Fingerprint.OfContent(Content)}\"";

    [Fact]
    public async Task Metadata_comes_back_as_it_went()
    {
        await using var node = await TestNode.StartAsync();
        var put = await node.PutAsync(
            Path,
            Content,
            ("Larder-Digest", Fingerprint.OfContent(Content).ToString()),
            ("Larder-Cost-Ms", "1250"),
            ("Larder-Owner", Uri.EscapeDataString("mandant ä/7")),
            ("Larder-Recipe", Convert.ToBase64String("recipe bytes"u8)),
            ("Larder-Attr-media-type", "text%2Fplain"));
        var get = await node.GetAsync(Path);

        Assert.Equal(201, put.Status);
        Assert.Equal(Tag, put.Headers["ETag"]);
        Assert.Equal(Tag, get.Headers["ETag"]);
        Assert.Equal("1250", get.Headers["Larder-Cost-Ms"]);
        Assert.Equal("mandant ä/7", Uri.UnescapeDataString(get.Headers["Larder-Owner"]));
        Assert.Equal("recipe bytes", Encoding.UTF8.GetString(Convert.FromBase64String(get.Headers["Larder-Recipe"])));
        Assert.Equal("text/plain", Uri.UnescapeDataString(get.Headers["Larder-Attr-media-type"]));
        Assert.Contains(get.Headers["Larder-Tier"], (string[])["memory", "disk"]);
        Assert.Equal(Content, get.Body);
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=10-19", 10, 10)]
    [InlineData("bytes=199990-", 199_990, 10)]
    [InlineData("bytes=199990-999999999999999999999999", 199_990, 10)]
    [InlineData("bytes=-5", 199_995, 5)]
    [InlineData("bytes=-900000", 0, 200_000)]
    [InlineData("bytes=1-150000", 1, 150_000)]
    public async Task A_range_gives_exactly_its_bytes(string range, int offset, int length)
    {
        await using var node = await StartWithContentAsync();

        var answer = await GetAsync(node, ("Range", range));

        Assert.Equal(206, answer.Status);
        Assert.Equal($"bytes {offset}-{offset + length - 1}/200000", answer.Headers["Content-Range"]);
        Assert.Equal(Content[offset..(offset + length)], answer.Body);
    }

    [Theory]
    [InlineData("bytes=200000-")]
    [InlineData("bytes=99999999999999999999-")]
    [InlineData("bytes=-0")]
    public async Task A_range_past_the_end_is_not_satisfiable(string range)
    {
        await using var node = await StartWithContentAsync();

        var answer = await GetAsync(node, ("Range", range));

        Assert.Equal(416, answer.Status);
        Assert.Equal("bytes */200000", answer.Headers["Content-Range"]);
    }

    [Theory]
    [InlineData("bytes=0-1,5-6")]
    [InlineData("bytes=5-1")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=--5")]
    [InlineData("bytes=")]
    [InlineData("items=0-5")]
    [InlineData("bytes 0-5")]
    public async Task Several_and_malformed_ranges_give_everything(string range)
    {
        await using var node = await StartWithContentAsync();

        var answer = await GetAsync(node, ("Range", range));

        Assert.Equal(200, answer.Status);
        Assert.Equal(Content.Length, (answer.Body).Length);
    }

    [Fact]
    public async Task A_range_of_another_version_gives_everything()
    {
        await using var node = await StartWithContentAsync();

        var same = await GetAsync(node, ("Range", "bytes=0-9"), ("If-Range", Tag));
        var other = await GetAsync(node, ("Range", "bytes=0-9"), ("If-Range", "\"other\""));
        var date = await GetAsync(node, ("Range", "bytes=0-9"), ("If-Range", "Tue, 01 Jan 2030 00:00:00 GMT"));

        Assert.Equal(206, same.Status);
        Assert.Equal(200, other.Status);
        Assert.Equal(200, date.Status);
    }

    [Fact]
    public async Task Conditions_of_a_get_are_kept()
    {
        await using var node = await StartWithContentAsync();

        Assert.Equal(304, (await GetAsync(node, ("If-None-Match", Tag))).Status);
        Assert.Equal(304, (await GetAsync(node, ("If-None-Match", $"\"x\", W/{Tag}"))).Status);
        Assert.Equal(304, (await GetAsync(node, ("If-None-Match", "*"))).Status);
        Assert.Equal(200, (await GetAsync(node, ("If-None-Match", "\"x\""))).Status);
        Assert.Equal(200, (await GetAsync(node, ("If-Match", Tag))).Status);
        Assert.Equal(412, (await GetAsync(node, ("If-Match", "\"x\""))).Status);
    }

    [Fact]
    public async Task Conditions_of_a_put_are_kept()
    {
        await using var node = await StartWithContentAsync();

        var createOnly = await PutAsync(node, Path, [1], ("If-None-Match", "*"));
        var wrongVersion = await PutAsync(node, Path, [1], ("If-Match", "\"x\""));
        var rightVersion = await PutAsync(node, Path, [2], ("If-Match", Tag));
        var fresh = await PutAsync(node, Path.Replace("handler", "other", StringComparison.Ordinal), [3], ("If-None-Match", "*"));

        Assert.Equal(412, createOnly.Status);
        Assert.Equal(412, wrongVersion.Status);
        Assert.InRange(rightVersion.Status, 200, 201);
        Assert.Equal(201, fresh.Status);
        Assert.Equal([2], (await node.GetAsync(Path)).Body);
    }

    [Fact]
    public async Task A_wrong_digest_is_refused_and_nothing_is_stored()
    {
        await using var node = await TestNode.StartAsync();

        var put = await PutAsync(node, Path, [1, 2, 3], ("Larder-Digest", Fingerprint.OfNothing.ToString()));

        Assert.Equal(400, put.Status);
        Assert.Equal(404, (await node.GetAsync(Path)).Status);
    }

    [Theory]
    [InlineData("Larder-Digest", "123")]
    [InlineData("Larder-Cost-Ms", "-5")]
    [InlineData("Larder-Cost-Ms", "soon")]
    [InlineData("Larder-Recipe", "?not base64?")]
    public async Task Malformed_metadata_is_refused_in_a_sentence(string header, string value)
    {
        await using var node = await TestNode.StartAsync();

        var put = await PutAsync(node, Path, [1], (header, value));

        Assert.Equal(400, put.Status);
        Assert.Contains(header, put.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/artifacts/UPPER/", "a kind")]
    [InlineData("/v1/artifacts/-x/", "a kind")]
    [InlineData("/v1/artifacts/handler/xyz", "hexadecimal")]
    [InlineData("/v1/artifacts/handler/", "hexadecimal")]
    public async Task A_malformed_name_is_refused_in_a_sentence(string path, string word)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.GetAsync(path);

        Assert.Equal(400, answer.Status);
        Assert.Contains(word, answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_agrees_with_get_in_everything_but_the_body()
    {
        await using var node = await StartWithContentAsync();

        var get = await node.GetAsync(Path);
        var head = await node.HeadAsync(Path);

        Assert.Equal(get.Status, head.Status);
        Assert.Equal(get.Length, head.Length);
        Assert.Equal(get.Headers["ETag"], head.Headers["ETag"]);
        Assert.Equal(get.Headers["Larder-Digest"], head.Headers["Larder-Digest"]);
        Assert.Empty(head.Body);
    }

    [Fact]
    public async Task Every_range_of_a_small_artifact_is_right()
    {
        await using var node = await TestNode.StartAsync();
        byte[] content = [.. Enumerable.Range(0, 12).Select(static index => (byte)index)];
        await PutAsync(node, Path, content);

        for (var first = 0; first < content.Length; first++)
        {
            for (var last = first; last < content.Length; last++)
            {
                var answer = await GetAsync(node, ("Range", $"bytes={first}-{last}"));

                Assert.Equal(content[first..(last + 1)], answer.Body);
            }
        }
    }

    private static async Task<TestNode> StartWithContentAsync()
    {
        var node = await TestNode.StartAsync();
        Assert.Equal(201, (await node.PutAsync(Path, Content)).Status);
        return node;
    }

    private static Task<RawAnswer> GetAsync(TestNode node, params (string Name, string Value)[] headers) =>
        node.GetAsync(Path, headers);

    private static Task<RawAnswer> PutAsync(
        TestNode node, string path, byte[] content, params (string Name, string Value)[] headers) =>
        node.PutAsync(path, content, headers);
}

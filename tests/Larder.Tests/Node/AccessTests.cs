using System.Net;
using System.Security.Cryptography;
using System.Text;
using Larder.Cache.Fingerprints;
using Larder.Node;
using Larder.Node.Security;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Node;

public sealed class AccessTests
{
    private const string Reader = "reader-secret";
    private const string Writer = "writer-secret";
    private const string Builder = "builder-secret";
    private static readonly string Content = $"/cas/{Fingerprint.OfContent("x"u8)}";

    private static string Bearer(string secret) => $"Bearer {secret}";

    private static string Basic(string secret) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"anyone:{secret}"))}";

    [Theory]
    // What each token may do where: everything, only reading, only ccache.
    [InlineData(Writer, "PUT", "/ccache/x", 201)]
    [InlineData(Writer, "GET", "/ccache/x", 404)]
    [InlineData(Reader, "PUT", "/ccache/x", 403)]
    [InlineData(Reader, "DELETE", "/ccache/x", 403)]
    [InlineData(Reader, "GET", "/ccache/x", 404)]
    [InlineData(Reader, "HEAD", "/ccache/x", 404)]
    [InlineData(Reader, "POST", "/v1/purge", 403)]
    [InlineData(Reader, "GET", "/v1/stats", 200)]
    [InlineData(Builder, "PUT", "/ccache/x", 201)]
    [InlineData(Builder, "GET", "/v1/artifacts/handler/0000000000000000000000000000000000000000000000000000000000000000", 403)]
    [InlineData(Builder, "GET", "/v1/artifacts/ccache/0000000000000000000000000000000000000000000000000000000000000000", 404)]
    [InlineData(Builder, "GET", "/v1/artifacts/bazel-cas/0000000000000000000000000000000000000000000000000000000000000000", 404)]
    [InlineData(Builder, "PUT", "/v1/artifacts/bazel-cas/0000000000000000000000000000000000000000000000000000000000000000", 403)]
    [InlineData(Builder, "GET", "/metrics", 403)]
    [InlineData(Builder, "GET", "/v1/entries", 403)]
    [InlineData("nobodys-secret", "GET", "/ccache/x", 401)]
    [InlineData("nobodys-secret", "PUT", "/ccache/x", 401)]
    [InlineData("nobodys-secret", "GET", "/metrics", 401)]
    [InlineData("nobodys-secret", "GET", "/healthz", 200)]
    public async Task Rights_are_kept_for_both_kinds_of_credentials(string secret, string method, string path, int status)
    {
        await using var node = await StartAsync();

        foreach (var credentials in (string[])[Bearer(secret), Basic(secret)])
        {
            var content = method is "PUT" ? new ByteArrayContent([1]) : null;
            var answer = await node.SendAsync(new HttpMethod(method), path, content, ("Authorization", credentials));

            Assert.Equal(status, answer.Status == 200 && status == 201 ? 201 : answer.Status);
        }
    }

    [Fact]
    public async Task Who_shows_nothing_is_told_how_to()
    {
        await using var node = await StartAsync();

        var answer = await node.GetAsync("/ccache/x");

        Assert.Equal(401, answer.Status);
        Assert.Contains("Basic", answer.Headers["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Contains("Bearer", answer.Headers["WWW-Authenticate"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Basic !!!")]
    [InlineData("Basic bm9jb2xvbg==")]
    [InlineData("Digest username=x")]
    [InlineData("reader-secret")]
    [InlineData("Bearer reader-secre")]
    [InlineData("Bearer reader-secrett")]
    public async Task Odd_credentials_open_nothing(string credentials)
    {
        await using var node = await StartAsync();

        Assert.Equal(401, (await node.GetAsync("/ccache/x", ("Authorization", credentials))).Status);
        Assert.Equal(401, (await node.GetAsync("/ccache/x", ("Authorization", "Bearer " + new string('x', 5000)))).Status);
    }

    [Fact]
    public async Task A_refused_upload_is_not_read()
    {
        await using var node = await StartAsync();
        using var connection = await node.ConnectAsync();

        await connection.SendAsync(
            $"PUT {Content} HTTP/1.1\r\nHost: x\r\nAuthorization: {Bearer(Reader)}\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
        var answer = await connection.ReadAsync();

        Assert.Equal(403, answer!.Status);
    }

    [Fact]
    public async Task Any_address_but_loopback_needs_tokens()
    {
        var open = new NodeOptions { Listen = new IPEndPoint(IPAddress.Any, 0), DataDirectory = "/nonexistent" };

        var refused = await Assert.ThrowsAsync<NodeException>(
            () => NodeHost.StartAsync(open, NullLoggerFactory.Instance, TestContext.Current.CancellationToken));

        Assert.Equal(NodeErrorKind.Unprotected, refused.Kind);
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Listen = new IPEndPoint(IPAddress.Any, 0),
            Tokens = [AccessToken.Parse(Writer)],
        });
        Assert.Equal(200, (await node.AskAsync("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))!.Status);
    }

    [Theory]
    [InlineData("http://evil.example", "evil.example", 403)]
    [InlineData("http://evil.example", "127.0.0.1:7070", 403)]
    [InlineData("http://127.0.0.1:7070", "127.0.0.1:7070", 201)]
    [InlineData("http://localhost:7070", "localhost:7070", 201)]
    [InlineData("null", "127.0.0.1:7070", 403)]
    [InlineData("", "rebound.example", 201)]
    public async Task A_page_of_another_site_cannot_use_an_open_node(string origin, string host, int status)
    {
        await using var node = await TestNode.StartAsync();
        var header = origin.Length == 0 ? string.Empty : $"Origin: {origin}\r\n";

        var answer = await node.AskAsync($"PUT /ccache/x HTTP/1.1\r\nHost: {host}\r\n{header}Content-Length: 1\r\n\r\nx");

        Assert.Equal(status, answer!.Status);
    }

    [Fact]
    public void A_hash_can_stand_in_place_of_a_secret()
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Reader)));

        var token = AccessToken.Parse($"sha256:{hash};ccache=r");

        Assert.True(token.Matches(SHA256.HashData(Encoding.UTF8.GetBytes(Reader))));
        Assert.Equal(AccessRights.Read, token.RightsIn("ccache"));
        Assert.Equal(AccessRights.None, token.RightsIn("bazel"));
        Assert.DoesNotContain(hash, token.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("sha256:1234")]
    [InlineData("long-enough;ccache")]
    [InlineData("long-enough;ccache=q")]
    [InlineData("long-enough;=rw")]
    [InlineData("with blank inside")]
    public void A_malformed_token_is_a_sentence_without_the_secret(string text)
    {
        var error = Assert.Throws<FormatException>(() => AccessToken.Parse(text));

        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("long-enough", error.Message, StringComparison.Ordinal);
    }

    private static Task<TestNode> StartAsync() => TestNode.StartAsync(static options => options with
    {
        Tokens =
        [
            AccessToken.Parse(Writer),
            AccessToken.Parse($"{Reader};*=r"),
            AccessToken.Parse($"{Builder};ccache=rw;bazel=r"),
        ],
    });
}

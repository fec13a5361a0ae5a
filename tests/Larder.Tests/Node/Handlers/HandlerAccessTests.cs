using System.Net;
using Larder.Node;
using Larder.Node.Security;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Node.Handlers;

/// <summary>Who may run handlers and use panels.</summary>
public sealed class HandlerAccessTests
{
    private const string Everything = "Bearer everything-secret";
    private const string Runner = "Bearer runner-secret";
    private const string Watcher = "Bearer watcher-secret";

    public static TheoryData<string?, string, string, int> Rights
    {
        get
        {
            var read = Api.Bearer("""{"permissions":["panel:read"]}""");
            var create = Api.Bearer("""{"permissions":["panel:create"]}""");
            var execute = Api.Bearer("""{"permissions":["panel:execute"]}""");
            var all = Api.Bearer("""{"sub":"ann"}""");
            var expired = Api.Bearer("""{"exp":1}""");
            return new TheoryData<string?, string, string, int>
            {
                { null, "GET", "/panels", 401 },
                { null, "GET", "/v1/handlers", 401 },
                { null, "GET", "/health", 200 },
                { "Bearer nobodys-secret", "GET", "/panels", 401 },
                { expired, "GET", "/panels", 401 },
                { all, "GET", "/panels", 200 },
                { all, "POST", "/panels", 400 },
                { all, "POST", "/panels/none/trigger/x", 404 },
                { all, "POST", "/v1/handlers/infer", 400 },
                { all, "GET", "/metrics", 403 },
                { all, "GET", "/v1/stats", 403 },
                { all, "PUT", "/ccache/x", 403 },
                { all, "GET", "/v1/artifacts/handler/0000000000000000000000000000000000000000000000000000000000000000", 403 },
                { read, "GET", "/panels", 200 },
                { read, "POST", "/panels", 403 },
                { read, "DELETE", "/panels/none", 403 },
                { read, "POST", "/panels/none/trigger/x", 403 },
                { read, "POST", "/v1/handlers/infer", 403 },
                { create, "GET", "/panels", 403 },
                { create, "POST", "/panels", 400 },
                { create, "POST", "/panels/none/trigger/x", 403 },
                { execute, "GET", "/panels", 403 },
                { execute, "POST", "/panels/none/trigger/x", 404 },
                { execute, "POST", "/v1/handlers/infer", 400 },
                { execute, "POST", "/v1/handlers/clear", 403 },
                { Everything, "POST", "/panels", 400 },
                { Everything, "GET", "/metrics", 200 },
                { Runner, "POST", "/v1/handlers/infer", 400 },
                { Runner, "POST", "/v1/handlers/clear", 403 },
                { Runner, "GET", "/v1/handlers", 403 },
                { Runner, "GET", "/panels", 403 },
                { Watcher, "GET", "/panels", 200 },
                { Watcher, "POST", "/panels", 403 },
                { Watcher, "POST", "/v1/handlers/infer", 403 },
            };
        }
    }

    [Fact]
    public async Task Every_credential_has_its_rights_and_no_others()
    {
        await using var node = await StartAsync();
        foreach (var row in Rights)
        {
            var (credentials, method, path, status) = row.Data;
            (string, string)[] headers = credentials is null ? [] : [("Authorization", credentials)];

            var answer = await node.SendAsync(new HttpMethod(method), path, method is "POST" ? new ByteArrayContent([]) : null, headers);

            Assert.True(status == answer.Status, $"{method} {path} with {credentials}: {answer.Status}, not {status}");
        }
    }

    [Fact]
    public async Task A_token_in_the_query_opens_sockets_only()
    {
        await using var node = await StartAsync();

        Assert.Equal(401, (await node.GetAsync("/panels?token=everything-secret")).Status);
        Assert.Equal(401, (await node.GetAsync("/panels/none/ws?token=nobodys-secret")).Status);
        Assert.Equal(404, (await node.GetAsync("/panels/none/ws?token=everything-secret")).Status);
        Assert.Equal(404, (await node.GetAsync("/panels/none/ws?token=" + WebTokens.Sign("{}"))).Status);
    }

    [Fact]
    public async Task Workspaces_do_not_see_each_other()
    {
        await using var node = await StartAsync();
        var (one, two) = (("Authorization", Api.Bearer("""{"workspace_id":"one"}""")), ("Authorization", Api.Bearer("""{"workspace_id":"two"}""")));

        Assert.Equal(201, (await node.PostAsync("/panels", """{"id":"mine","kind":"x","tools":[]}""", one)).Status);

        Assert.Equal(200, (await node.JsonAsync("/panels/mine", one)).Status);
        Assert.Equal(404, (await node.JsonAsync("/panels/mine", two)).Status);
        Assert.Equal(404, (await node.SendAsync(HttpMethod.Delete, "/panels/mine", null, two)).Status);
        Assert.Equal(0, (await node.JsonAsync("/panels", two)).Body.GetProperty("total").GetInt32());
        Assert.Equal(1, (await node.JsonAsync("/panels", ("Authorization", Everything))).Body.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_node_of_one_workspace_refuses_the_others()
    {
        await using var node = await StartAsync(static options => options with { Panels = options.Panels with { Workspace = "one" } });

        Assert.Equal(200, (await node.JsonAsync("/panels", ("Authorization", Api.Bearer("""{"workspace_id":"one"}""")))).Status);
        Assert.Equal(403, (await node.JsonAsync("/panels", ("Authorization", Api.Bearer("""{"workspace_id":"two"}""")))).Status);
        Assert.Equal(200, (await node.JsonAsync("/panels", ("Authorization", Api.Bearer("{}")))).Status);
    }

    [Theory]
    [InlineData("https://app.example", true)]
    [InlineData("https://APP.example", true)]
    [InlineData("https://other.example", false)]
    [InlineData("null", false)]
    public async Task Pages_of_named_origins_may_use_the_node(string origin, bool isAllowed)
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Handlers = options.Handlers with { CorsOrigins = ["https://app.example"] },
        });

        var answer = await node.GetAsync("/panels", ("Origin", origin));
        var preflight = await node.SendAsync(
            HttpMethod.Options, "/panels", null, ("Origin", origin), ("Access-Control-Request-Method", "POST"));

        Assert.Equal(isAllowed ? 200 : 403, answer.Status);
        Assert.Equal(isAllowed ? 204 : 405, preflight.Status);
        Assert.Equal(isAllowed ? origin : null, answer.Headers.GetValueOrDefault("Access-Control-Allow-Origin"));
        Assert.Equal(isAllowed, preflight.Headers.ContainsKey("Access-Control-Allow-Methods"));
        Assert.Contains("Origin", answer.Headers["Vary"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_stands_in_place_of_tokens_off_the_loopback_address()
    {
        var open = new NodeOptions { Listen = new IPEndPoint(IPAddress.Any, 0), DataDirectory = "/nonexistent", JwtSecret = WebTokens.Secret };

        var off = await Assert.ThrowsAsync<NodeException>(() => TryAsync(open with { AuthEnabled = false }));
        var none = await Assert.ThrowsAsync<NodeException>(() => TryAsync(open with { AuthEnabled = true, JwtSecret = null }));
        var contrary = await Assert.ThrowsAsync<NodeException>(
            () => TryAsync(open with { AuthEnabled = false, Tokens = [AccessToken.Parse("everything-secret")] }));
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Listen = new IPEndPoint(IPAddress.Any, 0), AuthEnabled = true, JwtSecret = WebTokens.Secret,
        });

        Assert.Equal(NodeErrorKind.Unprotected, off.Kind);
        Assert.Contains("auth.", none.Message, StringComparison.Ordinal);
        Assert.Equal(NodeErrorKind.Configuration, contrary.Kind);
        Assert.Equal(401, (await node.AskAsync("GET /ccache/x HTTP/1.1\r\nHost: x\r\n\r\n"))!.Status);
        Assert.Equal(
            200, (await node.AskAsync($"GET /panels HTTP/1.1\r\nHost: x\r\nAuthorization: {Api.Bearer("{}")}\r\n\r\n"))!.Status);
    }

    private static Task<NodeHost> TryAsync(NodeOptions options) =>
        NodeHost.StartAsync(options, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

    private static Task<TestNode> StartAsync(Func<NodeOptions, NodeOptions>? adjust = null) => TestNode.StartAsync(options =>
        (adjust ?? (static same => same))(options with
        {
            JwtSecret = WebTokens.Secret,
            Tokens =
            [
                AccessToken.Parse("everything-secret"), AccessToken.Parse("runner-secret;handlers=x"), AccessToken.Parse("watcher-secret;*=r"),
            ],
        }));
}

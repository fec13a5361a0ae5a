using System.Text;
using System.Text.Json;
using Larder.Node;
using Larder.Tests.Handlers;

namespace Larder.Tests.Node.Handlers;

/// <summary>Calls of <c>/v1/handlers</c> and <c>/panels</c> as tests make them.</summary>
internal static class Api
{
    /// <summary>A node that runs handlers; the test is skipped where there is no engine.</summary>
    public static Task<TestNode> StartAsync(Func<NodeOptions, NodeOptions>? adjust = null)
    {
        TestEngine.Require();
        return TestNode.StartAsync(adjust);
    }

    public static async Task<(int Status, JsonElement Body)> PostAsync(
        this TestNode node, string path, string json, params (string Name, string Value)[] headers) =>
        Read(await node.PostAsync(path, Encoding.UTF8.GetBytes(json), headers));

    public static async Task<(int Status, JsonElement Body)> JsonAsync(
        this TestNode node, string path, params (string Name, string Value)[] headers) => Read(await node.GetAsync(path, headers));

    /// <summary>Runs a handler and insists on the status of the answer.</summary>
    public static async Task<JsonElement> RunAsync(this TestNode node, string source, string context = "{}", string limits = "{}")
    {
        var (status, body) = await node.PostAsync(
            "/v1/handlers/run", $$"""{"source":{{JsonSerializer.Serialize(source)}},"context":{{context}},"limits":{{limits}}}""");
        Assert.True(status == 200, $"{status}: {body}");
        return body;
    }

    public static string Code(this JsonElement body) => body.GetProperty("error").GetProperty("code").GetString()!;

    public static string Text(this JsonElement body, string name) => body.GetProperty(name).GetString()!;

    public static string Bearer(string claims) => "Bearer " + WebTokens.Sign(claims);

    private static (int Status, JsonElement Body) Read(RawAnswer answer) =>
        (answer.Status, answer.Body.Length == 0 ? default : JsonElement.Parse(answer.Body));
}

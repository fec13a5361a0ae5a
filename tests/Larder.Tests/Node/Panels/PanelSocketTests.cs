using System.Net.WebSockets;
using System.Text.Json;
using Larder.Node;
using Larder.Node.Security;
using Larder.Tests.Node.Handlers;

namespace Larder.Tests.Node.Panels;

public sealed class PanelSocketTests
{
    [Fact]
    public async Task A_trigger_is_told_in_order_and_its_result_to_the_caller_alone()
    {
        await using var node = await StartAsync();
        using var caller = await PanelClient.OpenAsync(node.Address, "counter");
        using var other = await PanelClient.OpenAsync(node.Address, "counter");

        await caller.SendAsync("""{"type":"TRIGGER","tool":"add","args":{"by":4},"requestId":"r1"}""");
        var messages = await caller.ReceiveAsync(4);
        var heard = await other.TypesAsync(3);
        await other.SendAsync("""{"type":"PING"}""");

        Assert.Equal(("counter", """{"count":0}"""), (caller.Greeting.Text("panelId"), caller.Greeting.GetProperty("state").GetRawText()));
        Assert.Equal("PATCH EVENT VIEW_COMMAND RESULT", Types(messages));
        Assert.Equal("""[{"key":"count","value":4,"operation":"set"}]""", messages[0].GetProperty("mutations").GetRawText());
        Assert.Equal(1, messages[0].GetProperty("version").GetInt64());
        Assert.Equal("added", messages[1].GetProperty("event").Text("name"));
        Assert.Equal("focus", messages[2].GetProperty("command").Text("type"));
        Assert.Equal(("r1", "success"), (messages[3].Text("requestId"), messages[3].Text("status")));
        Assert.Equal(4, messages[3].GetProperty("result").GetProperty("returnValue").GetInt32());
        Assert.Equal("PATCH EVENT VIEW_COMMAND", heard);
        Assert.Equal("PONG", await other.TypesAsync(1));
    }

    [Theory]
    [InlineData("{", "PARSE_ERROR")]
    [InlineData("[1]", "PARSE_ERROR")]
    [InlineData("""{"type":"DANCE"}""", "UNKNOWN_MESSAGE")]
    [InlineData("""{}""", "UNKNOWN_MESSAGE")]
    [InlineData("""{"type":"TRIGGER","tool":"nothing"}""", "TOOL_NOT_FOUND")]
    [InlineData("""{"type":"TRIGGER"}""", "INVALID_ARGUMENT")]
    [InlineData("""{"type":"TRIGGER","tool":"add","args":[]}""", "INVALID_ARGUMENT")]
    [InlineData("""{"type":"SUBSCRIBE","topics":["everything"]}""", "INVALID_ARGUMENT")]
    [InlineData("""{"type":"SUBSCRIBE","topics":5}""", "INVALID_ARGUMENT")]
    public async Task A_message_that_is_wrong_gets_an_error_and_the_socket_stays(string message, string code)
    {
        await using var node = await StartAsync();
        using var client = await PanelClient.OpenAsync(node.Address, "counter");

        await client.SendAsync(message);
        var error = await client.ReceiveAsync();
        await client.SendAsync("""{"type":"PING"}""");

        Assert.Equal(("ERROR", code), (error.Text("type"), error.Text("code")));
        Assert.Equal("PONG", await client.TypesAsync(1));
    }

    [Fact]
    public async Task Subscriptions_are_honoured()
    {
        await using var node = await StartAsync();
        using var client = await PanelClient.OpenAsync(node.Address, "counter");
        await client.SendAsync("""{"type":"UNSUBSCRIBE","topics":["state","events","views"]}""");
        await client.SendAsync("""{"type":"SUBSCRIBE","keys":["touched"]}""");
        await client.SendAsync("""{"type":"PING"}""");
        Assert.Equal("PONG", await client.TypesAsync(1));

        await node.PostAsync("/panels/counter/trigger/add", "{}");
        await node.PostAsync("/panels/counter/trigger/fail", "{}");
        var patch = await client.ReceiveAsync();
        await client.SendAsync("""{"type":"SUBSCRIBE","topics":["events:added"]}""");
        await client.SendAsync("""{"type":"PING"}""");
        Assert.Equal("PONG", await client.TypesAsync(1));
        await node.PostAsync("/panels/counter/trigger/add", "{}");

        Assert.Equal("""[{"key":"touched","value":true,"operation":"set"}]""", patch.GetProperty("mutations").GetRawText());
        Assert.Equal("EVENT", await client.TypesAsync(1));
    }

    [Fact]
    public async Task A_suspended_tool_shows_what_it_did_before_the_extension_answers()
    {
        await using var server = new WebServer(static request => WebServer.Json(request.StartsWith("GET /first", StringComparison.Ordinal) ? "{\"n\":1}" : "{\"n\":2}"));
        var gate = new TaskCompletionSource();
        server.Gate = gate.Task;
        await using var node = await StartAsync(static options => options with
        {
            Handlers = options.Handlers with { Http = options.Handlers.Http with { AllowedDomains = ["localhost"], AllowPrivateAddresses = true } },
        });
        await node.PostAsync("/panels", $$"""
            {"id":"asking","kind":"x","capabilities":["state:read:*","state:write:*","ext:http"],"tools":[{"name":"ask","handler":"$state.step = 'asking'; const a = await $ext.http.get('{{server.Url}}first'); $state.step = 'half'; const b = await $ext.http.get('{{server.Url}}second'); $state.step = 'done'; return a.data.n + b.data.n;"},{"name":"next","handler":"return $state.step"}]}
            """);
        using var caller = await PanelClient.OpenAsync(node.Address, "asking");
        using var other = await PanelClient.OpenAsync(node.Address, "asking");

        await caller.SendAsync("""{"type":"TRIGGER","tool":"ask","requestId":"q"}""");
        var before = await caller.ReceiveAsync(3);
        var status = (await node.JsonAsync("/panels/asking")).Body.Text("status");
        var state = (await node.JsonAsync("/panels/asking/state")).Body.Text("step");
        var queued = node.PostAsync("/panels/asking/trigger/next", "{}");
        gate.SetResult();
        var after = await caller.ReceiveAsync(7);

        Assert.Equal("PATCH PROGRESS RESULT", Types(before));
        Assert.Equal(("pending", "http"), (before[1].Text("status"), before[1].GetProperty("data").Text("extensionName")));
        Assert.Equal(("q", "suspended"), (before[2].Text("requestId"), before[2].Text("status")));
        Assert.Equal(("suspended", "asking"), (status, state));
        Assert.Equal("PROGRESS PATCH PROGRESS RESULT PROGRESS PATCH RESULT", Types(after));
        Assert.Equal("completed", after[0].Text("status"));
        Assert.False(after[6].TryGetProperty("requestId", out _));
        Assert.Equal(3, after[6].GetProperty("result").GetProperty("returnValue").GetInt32());
        Assert.Equal("PATCH PROGRESS PROGRESS PATCH PROGRESS RESULT PROGRESS PATCH RESULT", await other.TypesAsync(9));
        Assert.Equal("done", (await queued).Body.Text("returnValue"));
    }

    [Fact]
    public async Task A_patient_caller_gets_the_last_result()
    {
        await using var server = new WebServer(static _ => WebServer.Json("{\"n\":20}"));
        await using var node = await StartAsync(static options => options with
        {
            Handlers = options.Handlers with { Http = options.Handlers.Http with { AllowedDomains = ["localhost"], AllowPrivateAddresses = true } },
        });
        await node.PostAsync("/panels", $$"""
            {"id":"asking","kind":"x","capabilities":["ext:http"],"tools":[{"name":"ask","handler":"return (await $ext.http.get('{{server.Url}}')).data.n + 1"}]}
            """);

        var first = (await node.PostAsync("/panels/asking/trigger/ask", "{}")).Body;
        var last = (await node.PostAsync("/panels/asking/trigger/ask?wait=true", "{}")).Body;

        Assert.Equal("suspended", first.Text("status"));
        Assert.Equal(("success", 21), (last.Text("status"), last.GetProperty("returnValue").GetInt32()));
    }

    [Fact]
    public async Task A_client_that_reads_too_slowly_is_closed_with_a_reason()
    {
        await using var node = await StartAsync(static options => options with
        {
            Panels = options.Panels with { MaxSocketBytes = 300_000, MaxQueued = 1000 },
        });
        await node.PostAsync("/panels", """
            {"id":"loud","kind":"x","capabilities":["events:emit:*"],"tools":[{"name":"shout","handler":"$emit('noise', 'x'.repeat(100000));"}]}
            """);
        using var slow = await PanelClient.OpenAsync(node.Address, "loud");
        using var quick = await PanelClient.OpenAsync(node.Address, "loud");

        for (var n = 0; n < 150; n++)
        {
            Assert.Equal(200, (await node.PostAsync("/panels/loud/trigger/shout", "{}")).Status);
            Assert.Equal("EVENT", await quick.TypesAsync(1));
        }

        var (status, reason) = await slow.WaitForCloseAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, status);
        Assert.Contains("slowly", reason, StringComparison.Ordinal);
        Assert.Contains("larder_panels_sockets_slow_total 1", (await node.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_never_reads_again_is_cut_off()
    {
        await using var node = await StartAsync(static options => options with { Panels = options.Panels with { MaxSocketBytes = 300_000, MaxQueued = 1000 } });
        await node.PostAsync("/panels", """
            {"id":"loud","kind":"x","capabilities":["events:emit:*"],"tools":[{"name":"shout","handler":"$emit('noise', 'x'.repeat(100000));"}]}
            """);
        using var dead = await PanelClient.OpenAsync(node.Address, "loud");

        for (var n = 0; n < 150; n++)
        {
            await node.PostAsync("/panels/loud/trigger/shout", "{}");
        }

        for (var wait = 0; wait < 300 && (await node.JsonAsync("/panels/loud")).Body.GetProperty("sockets").GetInt32() > 0; wait++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, (await node.JsonAsync("/panels/loud")).Body.GetProperty("sockets").GetInt32());
    }

    [Fact]
    public async Task A_message_that_is_too_long_or_no_text_closes_the_socket()
    {
        await using var node = await StartAsync(static options => options with { Handlers = options.Handlers with { BodyBytes = 2000 } });
        using var large = await PanelClient.OpenAsync(node.Address, "counter");
        using var binary = await PanelClient.OpenAsync(node.Address, "counter");

        await large.SendAsync(new string(' ', 5000));
        await binary.Socket.SendAsync(new byte[10], WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);

        Assert.Equal(WebSocketCloseStatus.MessageTooBig, (await large.WaitForCloseAsync()).Status);
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, (await binary.WaitForCloseAsync()).Status);
    }

    [Fact]
    public async Task Deleting_and_stopping_close_sockets_properly()
    {
        await using var node = await StartAsync();
        await node.PostAsync("/panels", """{"id":"other","kind":"x","tools":[]}""");
        using var one = await PanelClient.OpenAsync(node.Address, "counter");
        using var two = await PanelClient.OpenAsync(node.Address, "other");

        var deleting = node.DeleteAsync("/panels/counter");
        var deleted = await one.WaitForCloseAsync();
        Assert.Equal(204, (await deleting).Status);
        var stopping = node.Host.StopAsync(CancellationToken.None);
        var stopped = await two.WaitForCloseAsync();
        await stopping;

        Assert.Equal(WebSocketCloseStatus.NormalClosure, deleted.Status);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, stopped.Status);
    }

    [Fact]
    public async Task A_thousand_sockets_hear_the_same()
    {
        await using var node = await StartAsync();
        var clients = new List<PanelClient>();
        try
        {
            for (var n = 0; n < 1000; n += 50)
            {
                clients.AddRange(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PanelClient.OpenAsync(node.Address, "counter"))));
            }

            Assert.Equal(1000, (await node.JsonAsync("/panels/counter")).Body.GetProperty("sockets").GetInt32());
            await node.PostAsync("/panels/counter/trigger/add", """{"by":7}""");
            foreach (var client in clients)
            {
                var patch = await client.ReceiveAsync();
                Assert.Equal(7, patch.GetProperty("mutations")[0].GetProperty("value").GetInt32());
            }
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }
    }

    [Fact]
    public async Task Too_many_sockets_are_refused()
    {
        await using var node = await StartAsync(static options => options with { Panels = options.Panels with { MaxSockets = 2 } });
        using var one = await PanelClient.OpenAsync(node.Address, "counter");
        using var two = await PanelClient.OpenAsync(node.Address, "counter");

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => PanelClient.OpenAsync(node.Address, "counter"));

        Assert.Contains("429", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_that_break_in_every_way_leave_nothing_behind()
    {
        await using var node = await StartAsync();
        const string Upgrade = "GET /panels/counter/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        byte[][] frames = [[], [0x81], [0x81, 0xFE, 0xFF, 0xFF], [0x81, 0x05, 1, 2, 3], [0xFF, 0xFF, 0xFF], [0x88, 0x80, 0, 0, 0, 0], [0x89, 0x80, 1, 2, 3, 4]];
        foreach (var frame in frames)
        {
            foreach (var isHalf in (bool[])[true, false])
            {
                using var connection = await node.ConnectAsync();
                await connection.SendAsync(Upgrade);
                var answer = await connection.ReadAsync();
                Assert.Equal(101, answer!.Status);
                await connection.SendAsync(frame);
                if (isHalf)
                {
                    connection.HalfClose();
                    Assert.True(await connection.IsClosedAsync());
                }
            }
        }

        for (var wait = 0; wait < 200 && (await node.JsonAsync("/panels/counter")).Body.GetProperty("sockets").GetInt32() > 0; wait++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, (await node.JsonAsync("/panels/counter")).Body.GetProperty("sockets").GetInt32());
        Assert.Equal(200, (await node.PostAsync("/panels/counter/trigger/add", "{}")).Status);
    }

    [Fact]
    public async Task Rights_hold_within_a_socket()
    {
        await using var node = await StartAsync(static options => options with { JwtSecret = WebTokens.Secret, Tokens = [AccessToken.Parse("everything-secret")] });
        var reader = WebTokens.Sign("""{"permissions":["panel:read"]}""");
        using var client = await PanelClient.OpenAsync(node.Address, "counter", "?token=" + reader);

        await client.SendAsync("""{"type":"TRIGGER","tool":"add"}""");

        Assert.Equal("FORBIDDEN", (await client.ReceiveAsync()).Text("code"));
        await Assert.ThrowsAsync<WebSocketException>(() => PanelClient.OpenAsync(node.Address, "counter"));
    }

    private static string Types(IEnumerable<JsonElement> messages) => string.Join(' ', messages.Select(static message => message.Text("type")));

    private static async Task<TestNode> StartAsync(Func<NodeOptions, NodeOptions>? adjust = null)
    {
        var node = await Api.StartAsync(adjust);
        var token = node.Host.Services.Options.Tokens.IsEmpty ? [] : ((string, string)[])[("Authorization", "Bearer everything-secret")];
        var (status, body) = await node.PostAsync("/panels", PanelApiTests.Counter, token);
        Assert.True(status == 201, body.ToString());
        return node;
    }
}

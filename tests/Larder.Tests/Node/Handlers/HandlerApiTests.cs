using System.Text.Json;
using Larder.Node.Handlers;

namespace Larder.Tests.Node.Handlers;

public sealed class HandlerApiTests
{
    private const string Counter = """
        const count = ($state.count ?? 0) + ($args.by ?? 1);
        $state.count = count;
        $emit('changed', { to: count });
        $view.focus('total');
        $log(`count is ${count}`);
        return { count };
        """;

    private const string CounterContext = """
        {"panelId":"p","handlerName":"add","stateSnapshot":{"count":5},"args":{"by":2},
         "capabilities":["state:read:count","state:write:count","events:emit:changed","view:update:total"]}
        """;

    [Fact]
    public async Task A_run_gives_what_it_returns_and_what_it_wants_done()
    {
        await using var node = await Api.StartAsync();

        var result = await node.RunAsync(Counter, CounterContext);

        Assert.Equal("success", result.Text("status"));
        Assert.Equal("""{"count":7}""", result.GetProperty("returnValue").GetRawText());
        Assert.Equal("""[{"key":"count","value":7,"operation":"set"}]""", result.GetProperty("stateMutations").GetRawText());
        Assert.Equal("""[{"name":"changed","payload":{"to":7}}]""", result.GetProperty("events").GetRawText());
        Assert.Equal("focus", result.GetProperty("viewCommands")[0].Text("type"));
        Assert.Equal("total", result.GetProperty("viewCommands")[0].Text("componentId"));
        Assert.Equal("""[{"level":"info","message":"count is 7"}]""", result.GetProperty("log").GetRawText());
        var metrics = result.GetProperty("metrics");
        Assert.Equal("compiled", metrics.Text("origin"));
        Assert.False(metrics.GetProperty("cacheHit").GetBoolean());
        Assert.True(metrics.GetProperty("compilationTimeUs").GetDouble() > 0);
        Assert.True(metrics.GetProperty("durationUs").GetDouble() >= metrics.GetProperty("runTimeUs").GetDouble());
        Assert.True(metrics.GetProperty("instructionCount").GetInt64() > 0);
        Assert.NotEmpty(metrics.GetProperty("hostCalls").EnumerateObject());
    }

    [Fact]
    public async Task The_second_run_comes_from_memory()
    {
        await using var node = await Api.StartAsync();

        await node.RunAsync(Counter, CounterContext);
        var metrics = (await node.RunAsync(Counter, CounterContext)).GetProperty("metrics");

        Assert.Equal("memory", metrics.Text("origin"));
        Assert.True(metrics.GetProperty("cacheHit").GetBoolean());
        Assert.False(metrics.TryGetProperty("compilationTimeUs", out _));
    }

    [Theory]
    [InlineData("return missing.property;", "EXECUTION_ERROR", 1)]
    [InlineData("const a = 1;\n\nthrow new Error('no');", "EXECUTION_ERROR", 3)]
    [InlineData("const a = ;", "COMPILATION_ERROR", 1)]
    [InlineData("return $state.secret;", "PERMISSION_DENIED", 1)]
    public async Task A_failure_is_a_result_with_its_place(string source, string code, int line)
    {
        await using var node = await Api.StartAsync();

        var result = await node.RunAsync(source);

        Assert.Equal("error", result.Text("status"));
        Assert.Equal(code, result.Code());
        var error = result.GetProperty("error");
        Assert.Equal(line, error.GetProperty("location").GetProperty("line").GetInt32());
        Assert.Equal(line, error.GetProperty("snippet").GetProperty("highlightLine").GetInt32());
    }

    [Fact]
    public async Task Limits_of_a_call_are_kept_and_cannot_pass_those_of_the_node()
    {
        await using var node = await Api.StartAsync();

        var stopped = await node.RunAsync("while (true) {}", limits: """{"timeoutMs":100}""");
        var starved = await node.RunAsync("while (true) {}", limits: """{"fuel":1000000}""");
        var (status, body) = await node.PostAsync("/v1/handlers/run", """{"source":"return 1","limits":{"timeoutMs":5001}}""");

        Assert.Equal("TIMEOUT", stopped.Code());
        Assert.Equal("TIMEOUT", starved.Code());
        Assert.Equal((400, "INVALID_ARGUMENT"), (status, body.Code()));
    }

    [Fact]
    public async Task A_suspended_run_is_resumed_once()
    {
        await using var node = await Api.StartAsync();
        const string Source = """
            $state.step = 1;
            const first = await $ext.http.get('https://a.example/');
            $state.step = 2;
            try { await $ext.http.post('https://a.example/', { first }); } catch (problem) { return problem.message; }
            """;

        var first = await node.RunAsync(Source, """{"capabilities":["state:write:*","ext:http"],"extensionRegistry":{"http":["get","post"]}}""");
        var second = await Resume(node, first, """{"success":true,"value":{"status":200}}""");
        var third = await Resume(node, second.Body, """{"success":false,"error":{"message":"out of paper"}}""");
        var again = await Resume(node, first, """{"success":true}""");

        Assert.Equal("suspended", first.Text("status"));
        Assert.Equal("http", first.GetProperty("suspension").Text("extensionName"));
        Assert.Equal("""["https://a.example/"]""", first.GetProperty("suspension").GetProperty("args").GetRawText());
        Assert.Equal("""[{"key":"step","value":2,"operation":"set"}]""", second.Body.GetProperty("stateMutations").GetRawText());
        Assert.Equal("out of paper", third.Body.Text("returnValue"));
        Assert.Empty(third.Body.GetProperty("stateMutations").EnumerateArray());
        Assert.Equal((404, "SUSPENSION_NOT_FOUND"), (again.Status, again.Body.Code()));
    }

    [Fact]
    public async Task What_was_compiled_can_be_kept_and_run()
    {
        await using var node = await Api.StartAsync();

        var (_, compiled) = await node.PostAsync("/v1/handlers/compile", """{"source":"return $args.a + 1"}""");
        var bytes = await node.PostAsync(
            "/v1/handlers/compile", """{"source":"return $args.a + 1"}"""u8.ToArray(), ("Accept", "application/octet-stream"));
        var artifact = compiled.Text("artifact");
        var (status, result) = await node.PostAsync("/v1/handlers/run-compiled", $$$$"""{"artifact":"{{{{artifact}}}}","context":{"args":{"a":1}}}""");

        Assert.Equal(artifact, Convert.ToBase64String(bytes.Body));
        Assert.Equal(compiled.Text("key"), bytes.Headers["Larder-Handler"]);
        Assert.Equal((200, 2, "given"), (status, result.GetProperty("returnValue").GetInt32(), result.GetProperty("metrics").Text("origin")));
    }

    [Fact]
    public async Task A_stored_handler_runs_by_its_key()
    {
        await using var node = await Api.StartAsync();
        var (_, compiled) = await node.PostAsync("/v1/handlers/compile", """{"source":"return $args.a + 1"}""");
        await node.PostAsync("/v1/flush", []);

        var (status, result) = await node.PostAsync("/v1/handlers/run", $$$$"""{"key":"{{{{compiled.Text("key")}}}}","context":{"args":{"a":1}}}""");
        var absent = await node.PostAsync("/v1/handlers/run", $$"""{"key":"{{new string('0', 64)}}"}""");
        var malformed = await node.PostAsync("/v1/handlers/run", """{"key":"../x"}""");

        Assert.True(status == 200, result.ToString());
        Assert.Equal(2, result.GetProperty("returnValue").GetInt32());
        Assert.Equal((404, "HANDLER_NOT_FOUND"), (absent.Status, absent.Body.Code()));
        Assert.Equal(400, malformed.Status);
    }

    [Fact]
    public async Task A_damaged_or_foreign_artifact_is_refused()
    {
        await using var node = await Api.StartAsync();
        var (_, compiled) = await node.PostAsync("/v1/handlers/compile", """{"source":"return 1"}""");
        var artifact = Convert.FromBase64String(compiled.Text("artifact"));

        foreach (var at in (int[])[0, artifact.Length / 2, artifact.Length - 1])
        {
            var damaged = artifact.ToArray();
            damaged[at] ^= 0x10;
            var (status, body) = await node.PostAsync("/v1/handlers/run-compiled", $$"""{"artifact":"{{Convert.ToBase64String(damaged)}}"}""");
            Assert.Equal((400, "INVALID_HANDLER"), (status, body.Code()));
        }

        Assert.Equal(400, (await node.PostAsync("/v1/handlers/run-compiled", """{"artifact":"AAAA"}""")).Status);
        Assert.Equal(400, (await node.PostAsync("/v1/handlers/run-compiled", """{"artifact":"not base64!"}""")).Status);
    }

    [Fact]
    public async Task A_source_that_cannot_be_compiled_is_refused_with_its_place()
    {
        await using var node = await Api.StartAsync();

        var (status, body) = await node.PostAsync("/v1/handlers/compile", """{"source":"let a;\nlet a;"}""");

        Assert.Equal((400, "COMPILATION_ERROR"), (status, body.Code()));
        Assert.Equal(2, body.GetProperty("error").GetProperty("details").GetProperty("location").GetProperty("line").GetInt32());
    }

    [Fact]
    public async Task A_batch_gives_its_results_in_order()
    {
        await using var node = await Api.StartAsync();
        var calls = string.Join(',', Enumerable.Range(0, 20).Select(static n => $$$$"""{"source":"return $args.n","context":{"args":{"n": {{{{n}}}} }}}"""));

        var (status, body) = await node.PostAsync("/v1/handlers/batch", $$"""{"calls":[{{calls}},{"source":"throw 1"}],"parallelism":4}""");

        Assert.Equal(200, status);
        var results = body.GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(0, 20), results[..20].Select(static result => result.GetProperty("returnValue").GetInt32()));
        Assert.Equal("error", results[20].Text("status"));
    }

    [Fact]
    public async Task Capabilities_are_inferred_without_an_engine()
    {
        await using var node = await TestNode.StartAsync();

        var (status, body) = await node.PostAsync(
            "/v1/handlers/infer", $$"""{"source":{{JsonSerializer.Serialize(Counter)}}}""");

        Assert.Equal(200, status);
        var tokens = body.GetProperty("capabilities").EnumerateArray().Select(static token => token.GetString()).ToArray();
        Assert.Contains("state:read:count", tokens);
        Assert.Contains("state:write:count", tokens);
        Assert.Contains("events:emit:changed", tokens);
    }

    [Fact]
    public async Task Statistics_balance_and_handlers_are_listed()
    {
        await using var node = await Api.StartAsync();
        for (var n = 0; n < 3; n++)
        {
            await node.RunAsync(Counter, CounterContext);
        }

        await node.RunAsync("throw new Error('x')", """{"handlerName":"broken"}""");
        var (_, statistics) = await node.JsonAsync("/v1/handlers/stats");
        var (_, list) = await node.JsonAsync("/v1/handlers");

        Assert.Equal("ready", statistics.Text("state"));
        Assert.Equal(4, statistics.GetProperty("totalExecutions").GetInt64());
        Assert.Equal((3, 1), (statistics.GetProperty("successfulExecutions").GetInt64(), statistics.GetProperty("failedExecutions").GetInt64()));
        Assert.Equal(2, statistics.GetProperty("cacheHits").GetInt64());
        Assert.Equal(0.5, statistics.GetProperty("cacheHitRate").GetDouble());
        Assert.Equal(1, statistics.GetProperty("errors").GetProperty("EXECUTION_ERROR").GetInt64());
        Assert.Equal(2, list.GetProperty("total").GetInt32());
        var add = list.GetProperty("handlers").EnumerateArray().Single(static handler => handler.Text("name") == "add");
        Assert.Equal((3, 0), (add.GetProperty("executions").GetInt64(), add.GetProperty("failures").GetInt64()));
    }

    [Fact]
    public async Task Handlers_are_compiled_ahead_and_cleared()
    {
        await using var node = await Api.StartAsync();

        var (_, warmed) = await node.PostAsync("/v1/handlers/warm", """{"sources":["return 1","return 2","not js("]}""");
        var warm = (await node.RunAsync("return 1")).GetProperty("metrics").Text("origin");
        var cleared = await node.PostAsync("/v1/handlers/clear", []);
        var cold = (await node.RunAsync("return 1")).GetProperty("metrics").Text("origin");

        Assert.Equal((3, 2), (warmed.GetProperty("handlers").GetInt32(), warmed.GetProperty("ready").GetInt32()));
        Assert.Equal(("memory", 204, "compiled"), (warm, cleared.Status, cold));
    }

    [Theory]
    [InlineData("GET", "/v1/handlers/run", 405)]
    [InlineData("PUT", "/v1/handlers", 405)]
    [InlineData("POST", "/v1/handlers/stats", 405)]
    [InlineData("DELETE", "/v1/handlers/run", 405)]
    [InlineData("GET", "/v1/handlers/nothing", 404)]
    [InlineData("POST", "/v1/handlers/run/more", 404)]
    public async Task What_is_not_there_has_the_envelope_too(string method, string path, int status)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.SendAsync(new HttpMethod(method), path, null);

        Assert.Equal(status, answer.Status);
        var error = JsonElement.Parse(answer.Body).GetProperty("error");
        Assert.False(string.IsNullOrEmpty(error.Text("code")));
        Assert.EndsWith(".", error.Text("message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("{", 400)]
    [InlineData("[]", 400)]
    [InlineData("null", 400)]
    [InlineData("{}", 400)]
    [InlineData("{\"source\":5}", 400)]
    [InlineData("{\"source\":\"a\",\"source\":\"b\"}", 400)]
    [InlineData("{\"source\":\"a\"} x", 400)]
    [InlineData("{\"source\":\"\\ud800\"}", 400)]
    [InlineData("{\"source\":\"return 1\",\"context\":[]}", 400)]
    [InlineData("{\"source\":\"return 1\",\"context\":{\"state\":[]}}", 400)]
    [InlineData("{\"source\":\"return 1\",\"context\":{\"capabilities\":\"*\"}}", 400)]
    [InlineData("{\"source\":\"return 1\",\"context\":{\"capabilities\":[\"everything\"]}}", 400)]
    [InlineData("{\"source\":\"return 1\",\"context\":{\"extensionRegistry\":{\"http\":\"get\"}}}", 400)]
    [InlineData("{\"source\":\"return 1\",\"limits\":{\"fuel\":-1}}", 400)]
    [InlineData("{\"source\":\"return 1\",\"limits\":{\"maxEvents\":1.5}}", 400)]
    public async Task A_bad_body_gets_one_sentence(string body, int status)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.PostAsync("/v1/handlers/run", body);

        Assert.Equal(status, answer.Status);
        Assert.EndsWith(".", answer.Body.GetProperty("error").Text("message").TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_that_are_huge_deep_or_no_text_are_refused()
    {
        await using var node = await TestNode.StartAsync(static options => options with { Handlers = options.Handlers with { BodyBytes = 10_000 } });
        var deep = """{"source":"return 1","context":{"state":{"a":DEEP}}}""".Replace(
            "DEEP", new string('[', 100) + new string(']', 100), StringComparison.Ordinal);

        var huge = await node.PostAsync("/v1/handlers/run", new byte[100_000]);
        var chunked = await node.SendAsync(
            HttpMethod.Post, "/v1/handlers/run", new StreamContent(new MemoryStream(new byte[100_000])), ("Transfer-Encoding", "chunked"));
        var announced = await node.AskAsync("POST /v1/handlers/run HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n");

        Assert.Equal((413, 413, 413), (huge.Status, chunked.Status, announced!.Status));
        Assert.Equal("BODY_TOO_LARGE", JsonElement.Parse(huge.Body).Code());
        Assert.Equal(400, (await node.PostAsync("/v1/handlers/run", deep)).Status);
        Assert.Equal(400, (await node.PostAsync("/v1/handlers/run", [.. "{\"source\":\""u8, 0xFF, 0xFE, .. "\"}"u8])).Status);
        Assert.Equal(200, (await node.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task A_node_without_an_engine_says_so_and_does_everything_else()
    {
        await using var node = await TestNode.StartAsync(static options => options with
        {
            Handlers = options.Handlers with { Runtime = options.Handlers.Runtime with { EngineModulePath = "/nowhere/quickjs.wasm" } },
        });

        var (status, body) = await node.PostAsync("/v1/handlers/run", """{"source":"return 1"}""");
        var (healthStatus, health) = await node.JsonAsync("/health");

        Assert.Equal((503, "SERVICE_UNAVAILABLE"), (status, body.Code()));
        Assert.Contains("/nowhere/quickjs.wasm", body.GetProperty("error").Text("message"), StringComparison.Ordinal);
        Assert.Equal((200, "degraded", "failed"), (healthStatus, health.Text("status"), health.GetProperty("runtime").Text("state")));
        Assert.Equal(201, (await node.PutAsync("/ccache/x", [1])).Status);
    }

    [Fact]
    public async Task Handlers_can_be_switched_off()
    {
        await using var node = await TestNode.StartAsync(static options => options with { Handlers = new HandlerOptions { Enabled = false } });

        Assert.Equal(503, (await node.PostAsync("/v1/handlers/run", """{"source":"return 1"}""")).Status);
        Assert.Equal("off", (await node.JsonAsync("/v1/handlers/stats")).Body.Text("state"));
    }

    [Fact]
    public async Task Clients_that_leave_in_the_middle_harm_nobody()
    {
        await using var node = await Api.StartAsync();
        await node.RunAsync("return 1");
        var body = """{"source":"while (true) {}"}""";

        for (var n = 0; n < 5; n++)
        {
            using var connection = await node.ConnectAsync();
            await connection.SendAsync($"POST /v1/handlers/run HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
            if (n % 2 == 0)
            {
                connection.HalfClose();
                await connection.IsClosedAsync();
            }
        }

        Assert.Equal(1, (await node.RunAsync("return 1")).GetProperty("returnValue").GetInt32());
    }

    private static Task<(int Status, JsonElement Body)> Resume(TestNode node, JsonElement suspended, string result) => node.PostAsync(
        "/v1/handlers/resume",
        $$"""{"suspensionId":"{{suspended.GetProperty("suspension").Text("suspensionId")}}","result":{{result}}}""");
}

using Larder.Tests.Node.Handlers;

namespace Larder.Tests.Node.Panels;

public sealed class PanelApiTests
{
    internal const string Counter = """
        {"id":"counter","kind":"demo","title":"A counter","initialState":{"count":0},"capabilities":["state:read:*","state:write:*","events:emit:*","view:update:*"],
         "tools":[
           {"name":"add","handler":"$state.count += $args.by ?? 1; $emit('added', { count: $state.count }); $view.focus('count'); return $state.count;","trigger":{"type":"manual"},"description":"Adds"},
           {"name":"fail","handler":"$state.touched = true; throw new Error('no');"},
           {"name":"typed","handler":"return $args.n * 2;","args":[{"name":"n","type":"number","required":true}]}],
         "metadata":{"owner":"tests"}}
        """;

    [Fact]
    public async Task A_panel_is_made_shown_used_and_removed()
    {
        await using var node = await Api.StartAsync();

        var (created, panel) = await node.PostAsync("/panels", Counter);
        var (_, info) = await node.JsonAsync("/panels/counter");
        var (_, list) = await node.JsonAsync("/panels");
        var (triggered, result) = await node.PostAsync("/panels/counter/trigger/add", """{"by":3}""");
        var (_, state) = await node.JsonAsync("/panels/counter/state");
        var deleted = await node.DeleteAsync("/panels/counter");

        Assert.Equal((201, "counter", "running"), (created, panel.Text("id"), panel.Text("status")));
        Assert.Equal($"ws://127.0.0.1:{node.Address.Port}/panels/counter/ws", panel.Text("wsUrl"));
        Assert.Equal(("demo", "A counter", 3), (info.Text("kind"), info.Text("title"), info.GetProperty("tools").GetArrayLength()));
        Assert.Equal("tests", info.GetProperty("metadata").Text("owner"));
        Assert.Equal(1, list.GetProperty("total").GetInt32());
        Assert.Equal((200, "success", 3), (triggered, result.Text("status"), result.GetProperty("returnValue").GetInt32()));
        Assert.Equal("""{"count":3}""", state.GetRawText());
        Assert.Equal(204, deleted.Status);
        Assert.Equal(404, (await node.DeleteAsync("/panels/counter")).Status);
        Assert.Equal(404, (await node.JsonAsync("/panels/counter/state")).Status);
    }

    [Fact]
    public async Task What_goes_wrong_has_its_status_and_code()
    {
        await using var node = await Api.StartAsync(static options => options with { Panels = options.Panels with { MaxPanels = 2 } });
        await node.PostAsync("/panels", Counter);

        async Task<(int, string)> Ask(string path, string body) => (await node.PostAsync(path, body)) is var (status, json) ? (status, json.Code()) : default;

        Assert.Equal((409, "PANEL_EXISTS"), await Ask("/panels", Counter));
        Assert.Equal((400, "INVALID_ARGUMENT"), await Ask("/panels", """{"kind":"x"}"""));
        Assert.Equal((400, "PARSE_ERROR"), await Ask("/panels", "{"));
        Assert.Equal((404, "TOOL_NOT_FOUND"), await Ask("/panels/counter/trigger/nothing", "{}"));
        Assert.Equal((404, "PANEL_NOT_FOUND"), await Ask("/panels/nothing/trigger/add", "{}"));
        Assert.Equal((400, "INVALID_ARGUMENT"), await Ask("/panels/counter/trigger/typed", "{}"));
        Assert.Equal((400, "INVALID_ARGUMENT"), await Ask("/panels/counter/trigger/typed", """{"n":"2"}"""));
        Assert.Equal(201, (await node.PostAsync("/panels", """{"kind":"x","tools":[]}""")).Status);
        Assert.Equal((429, "TOO_MANY_PANELS"), await Ask("/panels", """{"kind":"x","tools":[]}"""));
        Assert.Equal(426, (await node.GetAsync("/panels/counter/ws")).Status);
        Assert.Equal(405, (await node.PutAsync("/panels/counter", [])).Status);
    }

    [Fact]
    public async Task A_failed_tool_is_a_result_and_what_it_did_before_holds()
    {
        await using var node = await Api.StartAsync();
        await node.PostAsync("/panels", Counter);

        var (status, result) = await node.PostAsync("/panels/counter/trigger/fail", "");

        Assert.Equal((200, "error", "EXECUTION_ERROR"), (status, result.Text("status"), result.Code()));
        Assert.Equal("""{"count":0,"touched":true}""", (await node.JsonAsync("/panels/counter/state")).Body.GetRawText());
        Assert.Equal("running", (await node.JsonAsync("/panels/counter")).Body.Text("status"));
    }

    [Fact]
    public async Task No_update_is_lost_however_many_call_at_once()
    {
        await using var node = await Api.StartAsync(static options => options with { Panels = options.Panels with { MaxQueued = 1000 } });
        await node.PostAsync("/panels", Counter);

        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => node.PostAsync("/panels/counter/trigger/add", "{}")));

        Assert.All(results, static result => Assert.Equal(200, result.Status));
        Assert.Equal(
            Enumerable.Range(1, 200),
            results.Select(static result => result.Body.GetProperty("returnValue").GetInt32()).Order());
        Assert.Equal("""{"count":200}""", (await node.JsonAsync("/panels/counter/state")).Body.GetRawText());
        Assert.Equal(200, (await node.JsonAsync("/panels/counter")).Body.GetProperty("stateVersion").GetInt64());
    }

    [Fact]
    public async Task A_full_queue_is_told_and_does_not_grow()
    {
        await using var node = await Api.StartAsync(static options => options with { Panels = options.Panels with { MaxQueued = 2 } });
        await node.PostAsync("/panels", """{"id":"slow","kind":"x","tools":[{"name":"spin","handler":"const end = 3e6; for (let i = 0; i < end; i++);"}]}""");

        var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => node.PostAsync("/panels/slow/trigger/spin", "{}")));

        Assert.Contains(results, static result => result.Status == 429 && result.Body.Code() == "QUEUE_FULL");
        Assert.Contains(results, static result => result.Status == 200);
        Assert.All(results, static result => Assert.True(result.Status is 200 or 429));
    }

    [Fact]
    public async Task Mount_and_unmount_handlers_run()
    {
        await using var node = await Api.StartAsync();
        var (status, panel) = await node.PostAsync("/panels", """
            {"id":"life","kind":"x","tools":[],"capabilities":["state:write:*","events:emit:*"],
             "lifecycle":{"mount":"$state.mounted = true;","unmount":{"handler":"$emit('bye', 1);","capabilities":["events:emit:bye"]}}}
            """);
        using var client = await PanelClient.OpenAsync(node.Address, "life");

        var deleting = node.DeleteAsync("/panels/life");
        var last = await client.ReceiveAsync();
        var (closed, _) = await client.WaitForCloseAsync();

        Assert.Equal((201, "running"), (status, panel.Text("status")));
        Assert.Equal("""{"mounted":true}""", panel.GetProperty("initialState").GetRawText());
        Assert.Equal(("EVENT", "bye"), (last.Text("type"), last.GetProperty("event").Text("name")));
        Assert.Equal(1000, (int)closed!.Value);
        Assert.Equal(204, (await deleting).Status);
    }

    [Fact]
    public async Task A_panel_whose_mount_handler_fails_says_so_and_works()
    {
        await using var node = await Api.StartAsync();

        var (status, panel) = await node.PostAsync("/panels", """
            {"id":"life","kind":"x","tools":[{"name":"ok","handler":"return 1"}],"lifecycle":{"mount":"throw new Error('not today')"}}
            """);

        Assert.Equal((201, "error", "EXECUTION_ERROR"), (status, panel.Text("status"), panel.Code()));
        Assert.Equal(1, (await node.PostAsync("/panels/life/trigger/ok", "{}")).Body.GetProperty("returnValue").GetInt32());
        Assert.Equal("running", (await node.JsonAsync("/panels/life")).Body.Text("status"));
    }

    [Fact]
    public async Task A_state_that_would_grow_too_large_stays_as_it_was()
    {
        await using var node = await Api.StartAsync(static options => options with { Panels = options.Panels with { MaxStateBytes = 1000 } });
        await node.PostAsync("/panels", """
            {"id":"big","kind":"x","initialState":{"a":1},"capabilities":["state:write:*","events:emit:*"],
             "tools":[{"name":"grow","handler":"$state.a = 2; $state.b = 'x'.repeat(2000); $emit('grown');"}]}
            """);

        var (_, result) = await node.PostAsync("/panels/big/trigger/grow", "{}");

        Assert.Equal(("error", "RESOURCE_LIMIT"), (result.Text("status"), result.Code()));
        Assert.Empty(result.GetProperty("events").EnumerateArray());
        Assert.Equal("""{"a":1}""", (await node.JsonAsync("/panels/big/state")).Body.GetRawText());
    }

    [Fact]
    public async Task An_idle_panel_is_removed_and_one_in_use_is_not()
    {
        await using var node = await Api.StartAsync(
            static options => options with { Panels = options.Panels with { IdleTimeout = TimeSpan.FromMilliseconds(400) } });
        await node.PostAsync("/panels", """{"id":"idle","kind":"x","tools":[]}""");
        await node.PostAsync("/panels", """{"id":"watched","kind":"x","tools":[]}""");
        await node.PostAsync("/panels", """{"id":"timed","kind":"x","tools":[{"name":"t","handler":"","trigger":{"type":"cron","expression":"0 0 1 1 *"}}]}""");
        using var client = await PanelClient.OpenAsync(node.Address, "watched");

        for (var wait = 0; wait < 400 && (await node.JsonAsync("/panels")).Body.GetProperty("total").GetInt32() > 2; wait++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        var left = (await node.JsonAsync("/panels")).Body.GetProperty("panels").EnumerateArray().Select(static panel => panel.Text("id"));
        Assert.Equal(["timed", "watched"], left);
    }

    [Fact]
    public async Task Health_tells_what_is_there()
    {
        await using var node = await Api.StartAsync();
        await node.PostAsync("/panels", Counter);
        await node.PostAsync("/panels/counter/trigger/add", "{}");

        var (status, health) = await node.JsonAsync("/health");

        Assert.Equal((200, 1, 1000), (status, health.GetProperty("activePanels").GetInt32(), health.GetProperty("maxPanels").GetInt32()));
        Assert.Equal((1, 0), (health.GetProperty("panels").GetProperty("active").GetInt32(), health.GetProperty("panels").GetProperty("suspended").GetInt32()));
        Assert.Equal("ready", health.GetProperty("runtime").Text("state"));
        Assert.True(health.GetProperty("runtime").GetProperty("memoryBytes").GetInt64() > 0);
        Assert.True(health.GetProperty("uptime").GetInt64() >= 0);
        Assert.True(health.GetProperty("memoryUsage").GetProperty("used").GetInt64() > 0);
    }

    [Fact]
    public async Task Metrics_count_runs_and_sockets()
    {
        await using var node = await Api.StartAsync();
        await node.PostAsync("/panels", Counter);
        await node.PostAsync("/panels/counter/trigger/add", "{}");
        await node.PostAsync("/panels/counter/trigger/fail", "{}");
        using var client = await PanelClient.OpenAsync(node.Address, "counter");

        var text = (await node.GetAsync("/metrics")).Text;

        Assert.Contains("larder_panels_runs_total{outcome=\"success\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("larder_panels_runs_total{outcome=\"EXECUTION_ERROR\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("larder_panels_active 1", text, StringComparison.Ordinal);
        Assert.Contains("larder_panels_sockets_active 1", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Panels_over_a_second_port_are_the_same()
    {
        var port = FreePort();
        await using var node = await Api.StartAsync(options => options with
        {
            Listen = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, FreePort()),
            Panels = options.Panels with { WebSocketPort = port },
        });

        var (_, panel) = await node.PostAsync("/panels", Counter);
        using var client = await PanelClient.OpenAsync(new Uri(panel.Text("wsUrl").Replace("ws://", "http://", StringComparison.Ordinal)), "counter");

        Assert.Equal($"ws://127.0.0.1:{port}/panels/counter/ws", panel.Text("wsUrl"));
        Assert.Equal("""{"count":0}""", client.Greeting.GetProperty("state").GetRawText());
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}

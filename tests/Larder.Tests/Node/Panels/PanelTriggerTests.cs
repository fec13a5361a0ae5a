using System.Text.Json;
using Larder.Tests.Node.Handlers;

namespace Larder.Tests.Node.Panels;

/// <summary>Tools that something else than a caller makes run.</summary>
public sealed class PanelTriggerTests
{
    [Fact]
    public async Task An_interval_makes_a_tool_run_again_and_again()
    {
        await using var node = await Api.StartAsync();
        await CreateAsync(node, """{"name":"tick","handler":"$state.ticks = ($state.ticks ?? 0) + 1","trigger":{"type":"interval","ms":100}}""");

        await StateAsync(node, static state => state.TryGetProperty("ticks", out var ticks) && ticks.GetInt32() >= 3);

        await node.DeleteAsync("/panels/p");
    }

    [Fact]
    public async Task An_event_makes_the_tools_run_that_wait_for_it()
    {
        await using var node = await Api.StartAsync();
        await CreateAsync(
            node,
            """{"name":"save","handler":"$emit('doc:saved', { by: $args.by }); $emit('other');"}""",
            """{"name":"hear","handler":"$state.heard = [...($state.heard ?? []), $args.event.name, $args.event.payload.by]","trigger":{"type":"event","pattern":"doc:*"}}""");

        await node.PostAsync("/panels/p/trigger/save", """{"by":"ann"}""");
        await node.PostAsync("/panels/p/trigger/save", """{"by":"bob"}""");

        await StateAsync(node, static state => state.TryGetProperty("heard", out var heard) && heard.GetRawText() == """["doc:saved","ann","doc:saved","bob"]""");
    }

    [Fact]
    public async Task A_change_of_the_state_makes_the_tools_run_that_watch_its_path()
    {
        await using var node = await Api.StartAsync();
        await CreateAsync(
            node,
            """{"name":"set","handler":"$state.cart = { total: $args.total, note: $args.note };"}""",
            """{"name":"watch","handler":"$state.seen = [...($state.seen ?? []), [$args.previous, $args.value]]","trigger":{"type":"state_change","path":"cart.total"}}""");

        await node.PostAsync("/panels/p/trigger/set", """{"total":1,"note":"a"}""");
        await StateAsync(node, static state => state.TryGetProperty("seen", out var seen) && seen.GetArrayLength() == 1);
        await node.PostAsync("/panels/p/trigger/set", """{"total":1,"note":"b"}""");
        await node.PostAsync("/panels/p/trigger/set", """{"total":2,"note":"b"}""");

        await StateAsync(node, static state => state.GetProperty("seen").GetRawText() == "[[null,1],[1,2]]");
    }

    [Fact]
    public async Task A_chain_of_triggers_ends()
    {
        await using var node = await Api.StartAsync(static options => options with { Panels = options.Panels with { MaxTriggerDepth = 5 } });
        await CreateAsync(
            node, """{"name":"echo","handler":"$state.n = ($state.n ?? 0) + 1; $emit('again');","trigger":{"type":"event","pattern":"again"}}""");

        await node.PostAsync("/panels/p/trigger/echo", "{}");
        await StateAsync(node, static state => state.GetProperty("n").GetInt32() == 6);
        await Task.Delay(300, TestContext.Current.CancellationToken);

        Assert.Equal(6, (await node.JsonAsync("/panels/p/state")).Body.GetProperty("n").GetInt32());
        Assert.Contains("larder_panels_triggers_skipped_total{reason=\"depth\"} 1", (await node.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_that_is_slower_than_its_interval_is_never_entered_twice()
    {
        await using var node = await Api.StartAsync();
        await CreateAsync(node, """
            {"name":"slow","handler":"for (let i = 0; i < 3e6; i++); $state.n = ($state.n ?? 0) + 1;","trigger":{"type":"interval","ms":100}}
            """);

        await StateAsync(node, static state => state.TryGetProperty("n", out var n) && n.GetInt32() >= 2);

        Assert.True((await node.JsonAsync("/panels/p")).Body.GetProperty("queued").GetInt32() <= 1);
        await node.DeleteAsync("/panels/p");
    }

    private static async Task CreateAsync(TestNode node, params string[] tools)
    {
        var (status, body) = await node.PostAsync(
            "/panels", $$"""{"id":"p","kind":"x","capabilities":["state:read:*","state:write:*","events:emit:*"],"tools":[{{string.Join(',', tools)}}]}""");
        Assert.True(status == 201, body.ToString());
    }

    private static async Task StateAsync(TestNode node, Func<JsonElement, bool> holds)
    {
        var state = default(JsonElement);
        for (var wait = 0; wait < 400; wait++)
        {
            state = (await node.JsonAsync("/panels/p/state")).Body;
            if (holds(state))
            {
                return;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"The state is {state}.");
    }
}

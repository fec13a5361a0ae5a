namespace Larder.Tests.Node.Handlers;

public sealed class HandlerNodeMetricsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_are_in_the_metrics_of_the_node(bool aliases)
    {
        await using var node = await Api.StartAsync(options => options with { Handlers = options.Handlers with { MetricAliases = aliases } });
        await node.RunAsync("return 1");
        await node.RunAsync("throw new Error('no')");

        var text = (await node.GetAsync("/metrics")).Text;

        Assert.Contains("\nlarder_handlers_executions_total{status=\"success\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\nlarder_handlers_executions_total{status=\"error\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\nlarder_handlers_errors_total{code=\"EXECUTION_ERROR\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\nlarder_handlers_instances{state=\"active\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("\nlarder_handlers_duration_seconds_count{status=\"success\"} 1\n", text, StringComparison.Ordinal);
        Assert.Equal(aliases, text.Contains("\nnexus_handler_executions_total{status=\"success\"} 1\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Times_are_in_the_statistics_of_the_runtime()
    {
        await using var node = await Api.StartAsync();
        await node.RunAsync("return 1");

        var (_, body) = await node.JsonAsync("/v1/handlers/stats");

        Assert.Equal(1, body.GetProperty("compilationTime").GetProperty("count").GetInt64());
        Assert.True(body.GetProperty("runTime").GetProperty("p99Us").GetDouble() > 0);
        Assert.True(body.GetProperty("instructions").GetInt64() > 0);
    }
}

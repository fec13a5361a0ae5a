using System.Diagnostics.Metrics;
using Larder.Node.Telemetry;

namespace Larder.Tests.Node;

public sealed class MetricsTests
{
    [Fact]
    public async Task Metrics_are_well_formed_and_tell_what_happened()
    {
        await using var node = await TestNode.StartAsync();
        await node.GetAsync("/ccache/a");
        await node.PutAsync("/ccache/a", new byte[1000]);
        await node.GetAsync("/ccache/a");
        await node.GetAsync("/ccache/a");
        await node.GetAsync("/nothing/here");

        var parsed = PrometheusParser.Parse((await node.GetAsync("/metrics")).Text);

        Assert.Equal(1, parsed.Sum("larder_node_requests_total", "endpoint=\"ccache\",method=\"GET\",status=\"404\""));
        Assert.Equal(2, parsed.Sum("larder_node_requests_total", "endpoint=\"ccache\",method=\"GET\",status=\"200\""));
        Assert.Equal(1, parsed.Sum("larder_node_requests_total", "method=\"PUT\",status=\"201\""));
        Assert.Equal(4, parsed.Sum("larder_node_request_duration_seconds_count", "endpoint=\"ccache\""));
        Assert.Equal(1000, parsed.Sum("larder_node_received_bytes_total"));
        Assert.Equal(2000, parsed.Sum("larder_node_sent_bytes_total"));
        Assert.Equal(1, parsed.Sum("larder_node_requests_active"));
        Assert.Equal(0, parsed.Sum("larder_node_leases_active"));
    }

    [Fact]
    public async Task Statistics_balance_after_a_random_run()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var node = await TestNode.StartAsync(static options => options with
        {
            MemoryCapacityBytes = 512 * 1024,
            DiskCapacityBytes = 4 * 1024 * 1024,
        });

        await Parallel.ForAsync(0, 8, TestContext.Current.CancellationToken, async (worker, _) =>
        {
            var random = new Random(seed + worker);
            for (var step = 0; step < 150; step++)
            {
                var path = $"/ccache/{random.Next(200)}";
                switch (random.Next(10))
                {
                    case < 4:
                        await node.PutAsync(path, new byte[random.Next(60_000)]);
                        break;
                    case < 9:
                        await node.GetAsync(path);
                        break;
                    default:
                        await node.DeleteAsync(path);
                        break;
                }
            }
        });

        // The tiers' figures are one snapshot, at most a second old.
        await Task.Delay(1100, TestContext.Current.CancellationToken);
        var parsed = PrometheusParser.Parse((await node.GetAsync("/metrics")).Text);

        foreach (var tier in (string[])["memory", "disk"])
        {
            double Sum(string name) => parsed.Sum(name, $"tier=\"{tier}\"");
            Assert.True(Sum("larder_tier_lookups_total") > 0);
            Assert.Equal(
                parsed.Sum("larder_tier_puts_total", $"tier=\"{tier}\",kind=\"ccache\",outcome=\"stored\""),
                Sum("larder_tier_entries") + Sum("larder_tier_removals_total"));
            Assert.True(Sum("larder_tier_size_bytes") + Sum("larder_tier_reserved_bytes") <= Sum("larder_tier_capacity_bytes"));
        }

        foreach (var tier in node.Host.Cache.GetStatistics().Tiers)
        {
            Assert.All(tier.Kinds, static kind => Assert.Equal(kind.Lookups, kind.Hits + kind.Misses + kind.Throttled));
            Assert.All(tier.Kinds, static kind => Assert.Equal(
                kind.Puts + kind.Recovered, kind.Entries + kind.Evicted + kind.Removed + kind.Replaced + kind.Refused));
        }

        Assert.Equal(1200, parsed.Sum("larder_node_requests_total", "endpoint=\"ccache\""));
    }

    [Fact]
    public void Every_sort_of_instrument_is_rendered()
    {
        var scope = new object();
        using var listener = new PrometheusListener(scope);
        listener.Start();
        using var meter = new Meter("Larder.Test", null, null, scope);
        meter.CreateCounter<int>("larder.test.count", "By", "Has a \\ and a\nline.").Add(3, new KeyValuePair<string, object?>("odd.label", "a\"b\\c\nd"));
        meter.CreateUpDownCounter<long>("larder.test.level").Add(-2);
        meter.CreateHistogram<double>("larder.test.time", "s").Record(0.02);
        meter.CreateObservableGauge("larder.test.now", static () => 1.5, "1");
        meter.CreateGauge<double>("larder.test.set").Record(7);
        using var foreign = new Meter("Larder.Test", null, null, new object());
        foreign.CreateCounter<int>("larder.test.foreign").Add(1);

        var parsed = PrometheusParser.Parse(listener.Render());

        Assert.Equal(3, parsed.Samples["larder_test_count_bytes_total{odd_label=\"a\\\"b\\\\c\\nd\"}"]);
        Assert.Equal(-2, parsed.Samples["larder_test_level"]);
        Assert.Equal(1, parsed.Samples["larder_test_time_seconds_bucket{le=\"0.05\"}"]);
        Assert.Equal(0, parsed.Samples["larder_test_time_seconds_bucket{le=\"0.01\"}"]);
        Assert.Equal(1.5, parsed.Samples["larder_test_now_ratio"]);
        Assert.Equal(7, parsed.Samples["larder_test_set"]);
        Assert.DoesNotContain("foreign", string.Concat(parsed.Samples.Keys), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_can_be_open_where_all_else_needs_a_token()
    {
        await using var closed = await TestNode.StartAsync(static options => options with
        {
            Tokens = [Larder.Node.Security.AccessToken.Parse("some-secret")],
        });
        await using var open = await TestNode.StartAsync(static options => options with
        {
            Tokens = [Larder.Node.Security.AccessToken.Parse("some-secret")],
            OpenMetrics = true,
        });

        Assert.Equal(401, (await closed.GetAsync("/metrics")).Status);
        Assert.Equal(200, (await open.GetAsync("/metrics")).Status);
        Assert.Equal(401, (await open.GetAsync("/v1/stats")).Status);
    }
}

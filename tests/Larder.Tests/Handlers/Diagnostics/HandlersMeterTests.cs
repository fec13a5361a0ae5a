using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Larder.Handlers.Contract;
using Larder.Handlers.Diagnostics;
using Larder.Handlers.Pooling;
using Larder.Node.Telemetry;
using Larder.Tests.Support;

namespace Larder.Tests.Handlers.Diagnostics;

public sealed class HandlersMeterTests : IDisposable
{
    private readonly ScopedMeters _meters = new();
    private readonly PrometheusListener _listener;
    private readonly HandlerMetrics _metrics = Results.NewMetrics();
    private readonly InstancePoolStatistics _pool = new()
    {
        Requests = 9, Acquired = 7, Reused = 5, AffinityHits = 4, QueueFull = 2, Created = 3, Active = 1, Idle = 1, Expired = 1, Bytes = 5000, SuspendedBytes = 1000, MaxInstances = 10,
    };

    public HandlersMeterTests() => _listener = new PrometheusListener(_meters);

    [Fact]
    public void Every_figure_has_a_name_in_the_house_style()
    {
        using var meter = NewMeter(aliases: false);
        _listener.Start();
        RecordSome();

        var text = _listener.Render();

        AssertLine(text, "larder_handlers_executions_total{status=\"success\"} 2");
        AssertLine(text, "larder_handlers_executions_total{status=\"error\"} 1");
        AssertLine(text, "larder_handlers_errors_total{code=\"PERMISSION_DENIED\"} 1");
        AssertLine(text, "larder_handlers_host_calls_total{function=\"state_get\"} 3");
        AssertLine(text, "larder_handlers_instructions_total 21");
        AssertLine(text, "larder_handlers_lookups_total{outcome=\"memory\"} 2");
        AssertLine(text, "larder_handlers_lookups_total{outcome=\"compiled\"} 1");
        AssertLine(text, "larder_handlers_instances{state=\"active\"} 1");
        AssertLine(text, "larder_handlers_instances_max 10");
        AssertLine(text, "larder_handlers_instances_destroyed_total{reason=\"expired\"} 1");
        AssertLine(text, "larder_handlers_acquisitions_total{outcome=\"prepared\"} 4");
        AssertLine(text, "larder_handlers_acquisitions_total{outcome=\"refused\"} 2");
        AssertLine(text, "larder_handlers_memory_bytes{state=\"ready\"} 4000");
        AssertLine(text, "larder_handlers_run_memory_peak_bytes 1000");
        AssertLine(text, "larder_handlers_duration_seconds_count{status=\"success\"} 2");
        AssertLine(text, "larder_handlers_duration_seconds_bucket{status=\"success\",le=\"0.001\"} 2");
        AssertLine(text, "larder_handlers_compilation_seconds_count 1");
        var key = $"key of {Results.Source(1)}"[..12];
        AssertLine(text, $"larder_handlers_handler_executions_total{{handler=\"h\",key=\"{key}\",status=\"error\"}} 1");
        AssertLine(text, $"larder_handlers_handler_duration_seconds_total{{handler=\"h\",key=\"{key}\"}} 0.003");
        Assert.DoesNotContain("nexus_", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_names_of_the_document_are_there_when_wanted()
    {
        using var meter = NewMeter(aliases: true);
        _listener.Start();
        RecordSome();

        var text = _listener.Render();

        AssertLine(text, "nexus_handler_executions_total{status=\"success\"} 2");
        AssertLine(text, "nexus_handler_executions_total{status=\"error\"} 1");
        AssertLine(text, "nexus_handler_execution_time_us 1000");
        Assert.Contains("\nnexus_cache_hit_rate 0.666666", text, StringComparison.Ordinal);
        AssertLine(text, "nexus_peak_memory_bytes 1000");
        AssertLine(text, "nexus_host_calls_total{function=\"state_get\"} 3");
        AssertLine(text, "nexus_errors_total{code=\"PERMISSION_DENIED\"} 1");
        AssertLine(text, "nexus_panel_executions_total{panel_id=\"p\"} 2");
        AssertLine(text, "nexus_panel_executions_total{panel_id=\"q\"} 1");
        AssertLine(text, "nexus_panel_execution_duration_seconds_count 3");
        AssertLine(text, "nexus_panel_execution_duration_seconds_bucket{le=\"0.001\"} 3");
    }

    [Fact]
    public void Panels_beyond_the_bound_are_summed_up()
    {
        using var meter = NewMeter(aliases: true);
        _listener.Start();
        for (var call = 0; call < 2 * (HandlersMeter.MostPanels + 5); call++)
        {
            _metrics.Record(Results.Source(1), "h", Results.Of(), $"panel {call / 2}");
        }

        _metrics.Record(Results.Source(1), "h", Results.Of(suspended: true), "panel 0");
        _metrics.Record(Results.Source(1), "h", Results.Of(), new string('x', 5_000));

        var text = _listener.Render();
        AssertLine(text, "nexus_panel_executions_total{panel_id=\"panel 0\"} 2");
        AssertLine(text, $"nexus_panel_executions_total{{panel_id=\"panel {HandlersMeter.MostPanels - 1}\"}} 2");
        AssertLine(text, "nexus_panel_executions_total{panel_id=\"other\"} 11");
        Assert.DoesNotContain("xxx", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_meter_hears_nothing_more()
    {
        _listener.Start();
        var meter = NewMeter(aliases: false);
        RecordSome();
        meter.Dispose();
        RecordSome();

        Assert.Equal(6, _metrics.Read().Duration.Count);
        Assert.DoesNotContain("larder_handlers_duration_seconds_count{status=\"success\"} 4", _listener.Render(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_instrument_is_documented()
    {
        var names = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, _meters))
                {
                    names.Add(instrument.Name);
                }
            },
        };
        listener.Start();
        using var meter = NewMeter(aliases: true);

        var document = File.ReadAllText(Path.Combine(Repository.RepositoryFiles.Root, "docs", "METRICS.md"));
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains($"`{name}`", document, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.Dispose();
    }

    private static void AssertLine(string text, string line) =>
        Assert.True(text.Split('\n').Contains(line), $"there is no line \"{line}\" in\n{text}");

    private void RecordSome()
    {
        _metrics.Record(Results.Source(1), "h", Results.Of(origin: HandlerOrigin.Compiled), "p");
        _metrics.Record(Results.Source(1), "h", Results.Of(hostCalls: ImmutableDictionary<string, int>.Empty.Add("state_get", 3)), "p");
        _metrics.Record(Results.Source(1), "h", Results.Of(HandlerErrorCode.PermissionDenied), "q");
    }

    private HandlersMeter NewMeter(bool aliases) =>
        new(() => _metrics.Read(_pool), _metrics, _meters, aliases, new ManualTimeProvider());
}

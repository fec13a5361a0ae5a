using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Text;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Diagnostics;

/// <summary>
/// The figures of a handler runtime as metrics of <c>System.Diagnostics.Metrics</c>. Counters read what is kept anyway
/// when somebody looks; the histograms hear of every call, which costs nothing while nobody listens.
/// </summary>
/// <remarks>
/// Names are <c>larder.handlers.subject</c>. The snapshot behind the instruments is taken once a second at most, so that
/// instruments of one collection agree. A second meter gives the names of document 1 to dashboards that expect them; their
/// rate counts hits and misses as <see cref="RuntimeStatistics.CacheHitRate"/> does. Safe for use by many threads.
/// </remarks>
public sealed class HandlersMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Larder.Handlers";

    /// <summary>The name of the meter with the instruments of document 1.</summary>
    public const string AliasName = "Larder.Handlers.Aliases";

    /// <summary>Panels that are told apart.</summary>
    internal const int MostPanels = 1_000;

    private const int ShownKeyLength = 12;

    private static readonly TimeSpan SnapshotAge = TimeSpan.FromSeconds(1);

    private static readonly double[] Bounds =
        [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    // Those of the document.
    private static readonly double[] PanelBounds = [0.001, 0.01, 0.1, 1, 10];

    private static readonly KeyValuePair<string, object?>[] StatusTags =
        [.. Enum.GetValues<HandlerStatus>().Select(static status => new KeyValuePair<string, object?>("status", WireName(status)))];

    private readonly Meter _meter;
    private readonly Meter? _aliases;
    private readonly HandlerMetrics _metrics;
    private readonly Func<RuntimeStatistics> _read;
    private readonly TimeProvider _time;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _run;
    private readonly Histogram<double> _queue;
    private readonly Histogram<double> _compilation;

    // Only with the names of document 1: panels may be many, and each is a series.
    private readonly PanelCounts _panels;
    private Histogram<double>? _panelDuration;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private (RuntimeStatistics All, ImmutableArray<HandlerStatistics> Handlers)? _snapshot;
    private long _takenAt;

    /// <summary>Creates the instruments over a runtime, which must outlive the meter.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="meters">Where the meters are made; null for ones of its own.</param>
    /// <param name="aliases">Whether there are also the names of document 1, <c>nexus_…</c>.</param>
    public HandlersMeter(HandlerRuntime runtime, IMeterFactory? meters = null, bool aliases = false)
        : this(RequireRuntime(runtime).Statistics, runtime.Metrics, meters, aliases, runtime.Options.Time)
    {
    }

    internal HandlersMeter(
        Func<RuntimeStatistics> read, HandlerMetrics metrics, IMeterFactory? meters, bool aliases, TimeProvider time)
    {
        _read = read;
        _metrics = metrics;
        _time = time;
        _panels = new PanelCounts(MostPanels);
        _meter = meters?.Create(Name) ?? new Meter(Name);
        _duration = CreateHistogram("larder.handlers.duration", "Wall time of a call, from its start to its result.");
        _run = CreateHistogram("larder.handlers.run", "Time that guest code ran in a call.");
        _queue = CreateHistogram("larder.handlers.queue", "Time that a call waited for an instance.");
        _compilation = CreateHistogram("larder.handlers.compilation", "Time that the compiler took in a call that needed it.");
        CreateCallInstruments();
        CreatePoolInstruments();
        CreateHandlerInstruments();
        if (aliases)
        {
            _aliases = meters?.Create(AliasName) ?? new Meter(AliasName);
            CreateAliases(_aliases);
        }

        _metrics.Recorded += Record;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Recorded -= Record;
        _meter.Dispose();
        _aliases?.Dispose();
    }

    private static HandlerRuntime RequireRuntime(HandlerRuntime runtime)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        return runtime;
    }

    // As on the wire: PERMISSION_DENIED.
    private static string WireName(HandlerErrorCode code)
    {
        var text = new StringBuilder();
        foreach (var character in code.ToString())
        {
            text.Append(char.IsAsciiLetterUpper(character) && text.Length > 0 ? "_" : "").Append(char.ToUpperInvariant(character));
        }

        return text.ToString();
    }

    private static string WireName<TName>(TName name)
        where TName : struct, Enum => name.ToString().ToLowerInvariant();

    private static Measurement<long> Of(long value, string tag, string name) =>
        new(value, new KeyValuePair<string, object?>(tag, name));

    private static IEnumerable<Measurement<long>> Executions(RuntimeStatistics all) =>
        [Of(all.SuccessfulExecutions, "status", "success"), Of(all.FailedExecutions, "status", "error")];

    private static IEnumerable<Measurement<long>> Errors(RuntimeStatistics all) =>
        all.Errors.Select(static error => Of(error.Value, "code", WireName(error.Key)));

    private static IEnumerable<Measurement<long>> HostCalls(RuntimeStatistics all) =>
        all.HostCalls.Select(static call => Of(call.Value, "function", call.Key));

    private Histogram<double> CreateHistogram(string name, string description) => _meter.CreateHistogram(
        name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });

    private void Record(string panel, HandlerResult result)
    {
        if (_panelDuration is not null && result.Status != HandlerStatus.Suspended)
        {
            _panels.Add(panel);
            _panelDuration.Record(result.Metrics.Duration.TotalSeconds);
        }

        var metrics = result.Metrics;
        _duration.Record(metrics.Duration.TotalSeconds, StatusTags[(int)result.Status]);
        _run.Record(metrics.RunTime.TotalSeconds);
        _queue.Record(metrics.QueueTime.TotalSeconds);
        if (metrics.CompilationTime is { } compilation)
        {
            _compilation.Record(compilation.TotalSeconds);
        }
    }

    private void CreateCallInstruments()
    {
        Count("larder.handlers.executions", "{run}", "Runs that ended, by how.", Executions);
        Count("larder.handlers.errors", "{run}", "Runs that ended with an error, by its code.", Errors);
        Count("larder.handlers.host.calls", "{call}", "Calls of host functions, by function.", HostCalls);
        Count("larder.handlers.instructions", "{instruction}", "Fuel of all runs.", static all => [new(all.Instructions)]);
        Count(
            "larder.handlers.lookups",
            "{lookup}",
            "Calls by where the compiled handler came from.",
            static all =>
            [
                .. all.CacheHitsByOrigin.Select(static hits => Of(hits.Value, "outcome", WireName(hits.Key))),
                Of(all.CacheMisses, "outcome", "compiled"),
            ]);
        Count("larder.handlers.suspensions", "{run}", "Times that a run was suspended.", static all => [new(all.Suspensions)]);
        Count("larder.handlers.resumptions", "{run}", "Times that a suspended run went on.", static all => [new(all.Resumptions)]);
        Count("larder.handlers.expiries", "{run}", "Suspended runs that nobody resumed in time.", static all => [new(all.ExpiredSuspensions)]);
        Level("larder.handlers.run.memory.peak", "By", "Most bytes that the instance of one run had.", static all => [new(all.PeakMemoryBytes)]);
    }

    private void CreatePoolInstruments()
    {
        Level(
            "larder.handlers.instances",
            "{instance}",
            "Instances by what they do.",
            static all =>
            [
                Of(all.Pool.Active, "state", "active"), Of(all.Pool.Idle, "state", "idle"),
                Of(all.Pool.Suspended, "state", "suspended"), Of(all.Pool.Making, "state", "making"),
            ]);
        Level("larder.handlers.instances.max", "{instance}", "Most instances that may run at a time.", static all => [new(all.Pool.MaxInstances)]);
        Count("larder.handlers.instances.created", "{instance}", "Instances made.", static all => [new(all.Pool.Created)]);
        Count("larder.handlers.instances.failed", "{instance}", "Instances that could not be made.", static all => [new(all.Pool.CreationFailures)]);
        Count(
            "larder.handlers.instances.destroyed",
            "{instance}",
            "Instances that went, by why.",
            static all =>
            [
                Of(all.Pool.Discarded, "reason", "discarded"), Of(all.Pool.ResetFailures, "reason", "reset"),
                Of(all.Pool.Retired, "reason", "retired"), Of(all.Pool.Trimmed, "reason", "trimmed"),
                Of(all.Pool.Evicted, "reason", "evicted"), Of(all.Pool.Expired, "reason", "expired"),
                Of(all.Pool.Dropped, "reason", "dropped"), Of(all.Pool.DestroyedAtShutdown, "reason", "shutdown"),
            ]);
        Count("larder.handlers.instances.resets", "{reset}", "Instances put back into their first state.", static all => [new(all.Pool.Resets)]);
        Count(
            "larder.handlers.acquisitions",
            "{request}",
            "Requests for an instance, by how they ended.",
            static all =>
            [
                Of(all.Pool.AffinityHits, "outcome", "prepared"), Of(all.Pool.Reused - all.Pool.AffinityHits, "outcome", "reused"),
                Of(all.Pool.Acquired - all.Pool.Reused, "outcome", "created"), Of(all.Pool.Resumed, "outcome", "resumed"),
                Of(all.Pool.TimedOut, "outcome", "late"), Of(all.Pool.QueueFull, "outcome", "refused"),
                Of(all.Pool.Canceled, "outcome", "canceled"), Of(all.Pool.CallsWithoutCreation, "outcome", "failed"),
                Of(all.Pool.NotSuspended, "outcome", "unknown"), Of(all.Pool.ShutDown, "outcome", "shutdown"),
            ]);
        Level("larder.handlers.waiting", "{call}", "Calls that wait for an instance.", static all => [new(all.Pool.Waiting)]);
        Level(
            "larder.handlers.memory",
            "By",
            "Bytes that instances hold.",
            static all =>
            [
                Of(all.Pool.Bytes - all.Pool.SuspendedBytes, "state", "ready"), Of(all.Pool.SuspendedBytes, "state", "suspended"),
            ]);
        Level("larder.handlers.memory.peak", "By", "The most that instances ever held.", static all => [new(all.PeakTotalMemoryBytes)]);
    }

    private void CreateHandlerInstruments()
    {
        _meter.CreateObservableCounter(
            "larder.handlers.handler.executions",
            () => PerHandler(static handler => [("success", handler.Successes), ("error", handler.Failures)]),
            "{run}",
            "Runs of one handler that ended, by how.");
        _meter.CreateObservableCounter(
            "larder.handlers.handler.duration",
            () => Snapshot().Handlers.Select(static handler => new Measurement<double>(handler.Duration.Sum.TotalSeconds, TagsOf(handler))),
            "s",
            "Wall time of the calls of one handler.");
        _meter.CreateObservableGauge(
            "larder.handlers.handler.duration.p99",
            () => Snapshot().Handlers.Select(static handler => new Measurement<double>(handler.Duration.P99.TotalSeconds, TagsOf(handler))),
            "s",
            "Wall time that 99 of 100 calls of one handler stayed within.");
    }

    private void CreateAliases(Meter meter)
    {
        meter.CreateObservableCounter("nexus.handler.executions", () => Executions(Snapshot().All), null, "Runs that ended, by how.");
        meter.CreateObservableGauge(
            "nexus.handler.execution_time_us", () => Snapshot().All.AverageExecutionTime.TotalMicroseconds, null, "Mean wall time of a call.");
        meter.CreateObservableGauge("nexus.cache.hit_rate", () => Snapshot().All.CacheHitRate, null, "Hits through calls.");
        meter.CreateObservableGauge("nexus.wasm.cache.hit_rate", () => Snapshot().All.CacheHitRate, null, "Hits through calls.");
        meter.CreateObservableGauge(
            "nexus.peak_memory", () => Snapshot().All.PeakMemoryBytes, "By", "Most bytes that the instance of one run had.");
        meter.CreateObservableCounter("nexus.host_calls", () => HostCalls(Snapshot().All), null, "Calls of host functions.");
        meter.CreateObservableCounter(
            "nexus.panel.executions",
            () => _panels.Read().Select(static panel => Of(panel.Value, "panel_id", panel.Key)),
            null,
            "Runs of a panel's handlers that ended.");
        _panelDuration = meter.CreateHistogram(
            "nexus.panel.execution.duration",
            "s",
            "Wall time of calls whose run ended.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = PanelBounds });
        meter.CreateObservableCounter("nexus.errors", () => Errors(Snapshot().All), null, "Runs that ended with an error, by its code.");
    }

    private void Count(string name, string unit, string description, Func<RuntimeStatistics, IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableCounter(name, () => read(Snapshot().All), unit, description);

    private void Level(string name, string unit, string description, Func<RuntimeStatistics, IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableUpDownCounter(name, () => read(Snapshot().All), unit, description);

    private IEnumerable<Measurement<long>> PerHandler(Func<HandlerStatistics, (string Status, long Value)[]> read) =>
        from handler in Snapshot().Handlers
        from figure in read(handler)
        select new Measurement<long>(figure.Value, [.. TagsOf(handler), new("status", figure.Status)]);

    private static KeyValuePair<string, object?>[] TagsOf(HandlerStatistics handler) =>
        [new("handler", handler.Name), new("key", handler.Key.Length > ShownKeyLength ? handler.Key[..ShownKeyLength] : handler.Key)];

    private (RuntimeStatistics All, ImmutableArray<HandlerStatistics> Handlers) Snapshot()
    {
        lock (_gate)
        {
            if (_snapshot is not { } snapshot || _time.GetElapsedTime(_takenAt) >= SnapshotAge)
            {
                _snapshot = snapshot = (_read(), _metrics.ReadHandlers());
                _takenAt = _time.GetTimestamp();
            }

            return snapshot;
        }
    }
}

using System.Diagnostics.Metrics;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>What is counted about panels. Safe for many threads.</summary>
internal sealed class PanelMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Larder.Node.Panels";

    private readonly Meter _meter;
    private readonly Counter<long> _runs;
    private readonly Counter<long> _skipped;
    private readonly Counter<long> _slow;
    private readonly Counter<long> _messages;
    private long _sockets;

    public PanelMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _runs = _meter.CreateCounter<long>("larder.panels.runs", "{run}", "Runs of tools that ended, by outcome.");
        _skipped = _meter.CreateCounter<long>("larder.panels.triggers.skipped", "{trigger}", "Triggers that were passed over.");
        _slow = _meter.CreateCounter<long>("larder.panels.sockets.slow", "{socket}", "Sockets that were closed because their client was slow.");
        _messages = _meter.CreateCounter<long>("larder.panels.messages", "{message}", "Messages of clients.");
        _meter.CreateObservableUpDownCounter("larder.panels.sockets.active", () => Volatile.Read(ref _sockets), "{socket}", "Open sockets.");
    }

    /// <summary>Adds what is known once the panels are there.</summary>
    public void Observe(Func<int> active, Func<int> suspended)
    {
        _meter.CreateObservableUpDownCounter("larder.panels.active", active, "{panel}", "Panels.");
        _meter.CreateObservableUpDownCounter("larder.panels.suspended", suspended, "{panel}", "Panels that wait for an extension.");
    }

    /// <summary>A run of a tool ended.</summary>
    public void CountRun(HandlerResult result) => _runs.Add(
        1, new KeyValuePair<string, object?>("outcome", result.Error is { } error ? ResultWriter.Name(error.Code) : "success"));

    /// <summary>A trigger was passed over.</summary>
    public void CountSkipped(string reason) => _skipped.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>A client was closed because it was slow.</summary>
    public void CountSlow() => _slow.Add(1);

    /// <summary>A client said something.</summary>
    public void CountMessage() => _messages.Add(1);

    /// <summary>A client came, or went.</summary>
    public void CountSocket(int change) => Interlocked.Add(ref _sockets, change);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}

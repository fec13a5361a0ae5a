using System.Diagnostics.Metrics;
using System.Text;

namespace Larder.Node.Telemetry;

/// <summary>
/// Hears every instrument of the product's meters and renders their state as Prometheus text. Counters and gauges that
/// are observed are asked at rendering; measurements that are recorded are added up as they come. Safe for many threads.
/// </summary>
internal sealed class PrometheusListener : IDisposable
{
    /// <summary>Most series of one instrument, so that labels cannot grow memory.</summary>
    public const int MaxSeries = 2000;

    private readonly object _scope;
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly SortedDictionary<string, PrometheusFamily> _families = new(StringComparer.Ordinal);

    /// <summary>Creates a listener that does not listen yet.</summary>
    /// <param name="scope">Meters of another scope belong to another node of the process and are not heard.</param>
    public PrometheusListener(object scope) => _scope = scope;

    /// <summary>Begins to listen to meters whose names begin with <c>Larder.</c></summary>
    public void Start()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            var meter = instrument.Meter;
            if (meter.Name.StartsWith("Larder.", StringComparison.Ordinal)
                && (meter.Scope is null || ReferenceEquals(meter.Scope, _scope)))
            {
                listener.EnableMeasurementEvents(instrument, FamilyFor(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => Add(state, value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => Add(state, value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Add(state, value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Add(state, value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => Add(state, value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Add(state, value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => Add(state, (double)value, tags));
        _listener.Start();
    }

    /// <summary>Renders the state of every instrument.</summary>
    public string Render()
    {
        var text = new StringBuilder(16 * 1024);
        lock (_gate)
        {
            foreach (var family in _families.Values)
            {
                family.BeginObservation();
            }

            _listener.RecordObservableInstruments();
            foreach (var family in _families.Values)
            {
                family.WriteTo(text);
            }
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void Add(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((PrometheusFamily)state!).Add(value, tags);

    private PrometheusFamily FamilyFor(Instrument instrument)
    {
        var made = PrometheusFamily.For(instrument);
        lock (_gate)
        {
            if (!_families.TryGetValue(made.Name, out var family))
            {
                _families[made.Name] = family = made;
            }

            return family;
        }
    }
}

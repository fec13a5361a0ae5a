using System.Diagnostics.Metrics;
using System.Text;

namespace Larder.Node.Telemetry;

/// <summary>One metric with all its series. Safe for many threads.</summary>
internal sealed class PrometheusFamily
{
    private static readonly double[] DefaultBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

    private readonly string _help;
    private readonly PrometheusKind _kind;
    private readonly bool _isObserved;
    private readonly bool _isLevel;
    private readonly double[] _bounds;
    private readonly Lock _gate = new();

    // Replaced whole under _gate when a series is added; read without it.
    private volatile PrometheusSeries[] _series = [];

    private PrometheusFamily(string name, Instrument instrument, PrometheusKind kind, bool isLevel, double[] bounds)
    {
        Name = name;
        _help = instrument.Description ?? string.Empty;
        _kind = kind;
        _isObserved = instrument.IsObservable;
        _isLevel = isLevel;
        _bounds = bounds;
    }

    /// <summary>The metric's name.</summary>
    public string Name { get; }

    /// <summary>The family that an instrument's measurements belong to.</summary>
    public static PrometheusFamily For(Instrument instrument)
    {
        var type = instrument.GetType();
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        var kind = definition == typeof(Counter<>) || definition == typeof(ObservableCounter<>) ? PrometheusKind.Counter
            : definition == typeof(Histogram<>) ? PrometheusKind.Histogram
            : PrometheusKind.Gauge;
        var bounds = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advised }
            ? [.. advised]
            : DefaultBounds;
        return new PrometheusFamily(
            PrometheusText.NameOf(instrument.Name, instrument.Unit, kind),
            instrument,
            kind,
            isLevel: definition == typeof(Gauge<>),
            bounds);
    }

    /// <summary>Takes a measurement.</summary>
    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = Find(_series, tags) ?? Make(tags);
        if (series is null)
        {
            return;
        }

        if (_isObserved)
        {
            series.Observe(value);
        }
        else if (_isLevel)
        {
            series.Set(value);
        }
        else if (_kind == PrometheusKind.Histogram)
        {
            series.Record(value);
        }
        else
        {
            series.Increase(value);
        }
    }

    /// <summary>Forgets what was observed last, so that a series that is no longer reported goes away.</summary>
    public void BeginObservation()
    {
        if (_isObserved)
        {
            foreach (var series in _series)
            {
                series.Unset();
            }
        }
    }

    /// <summary>Writes the metric, if it has any series.</summary>
    public void WriteTo(StringBuilder text)
    {
        var series = _series.Where(static one => one.IsSet).ToArray();
        if (series.Length == 0)
        {
            return;
        }

        PrometheusText.Head(text, Name, _help, _kind);
        foreach (var one in series)
        {
            one.WriteTo(text, Name, _kind);
        }
    }

    private static PrometheusSeries? Find(PrometheusSeries[] series, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var one in series)
        {
            if (one.Has(tags))
            {
                return one;
            }
        }

        return null;
    }

    private PrometheusSeries? Make(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            var found = Find(_series, tags);
            if (found is not null || _series.Length >= PrometheusListener.MaxSeries)
            {
                return found;
            }

            var made = new PrometheusSeries(tags, _kind == PrometheusKind.Histogram ? _bounds : []);
            _series = [.. _series, made];
            return made;
        }
    }
}

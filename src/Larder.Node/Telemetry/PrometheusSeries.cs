using System.Text;

namespace Larder.Node.Telemetry;

/// <summary>One line, or one histogram's lines, of a metric. Safe for many threads.</summary>
internal sealed class PrometheusSeries
{
    private readonly KeyValuePair<string, object?>[] _tags;
    private readonly string _labels;
    private readonly double[] _bounds;
    private readonly Lock _gate = new();

    // Guarded by _gate. Counts are by bucket, the last one for values above every bound.
    private readonly long[] _counts;
    private double _value;
    private bool _isSet;

    public PrometheusSeries(ReadOnlySpan<KeyValuePair<string, object?>> tags, double[] bounds)
    {
        _tags = tags.ToArray();
        _labels = PrometheusText.Labels(_tags);
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    /// <summary>Whether there is something to show.</summary>
    public bool IsSet
    {
        get
        {
            lock (_gate)
            {
                return _isSet;
            }
        }
    }

    /// <summary>Whether these are the series' labels, in the same order.</summary>
    public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != _tags.Length)
        {
            return false;
        }

        for (var index = 0; index < tags.Length; index++)
        {
            if (!string.Equals(tags[index].Key, _tags[index].Key, StringComparison.Ordinal)
                || !Equals(tags[index].Value, _tags[index].Value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes the place of the value.</summary>
    public void Set(double value)
    {
        lock (_gate)
        {
            _value = value;
            _isSet = true;
        }
    }

    /// <summary>Takes what an observed instrument says; several values of one look are added up.</summary>
    public void Observe(double value)
    {
        lock (_gate)
        {
            _value = _isSet ? _value + value : value;
            _isSet = true;
        }
    }

    /// <summary>Adds to the value.</summary>
    public void Increase(double value)
    {
        lock (_gate)
        {
            _value += value;
            _isSet = true;
        }
    }

    /// <summary>Counts a value of a histogram.</summary>
    public void Record(double value)
    {
        var bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
        {
            bucket++;
        }

        lock (_gate)
        {
            _counts[bucket]++;
            _value += value;
            _isSet = true;
        }
    }

    /// <summary>Forgets the value.</summary>
    public void Unset()
    {
        lock (_gate)
        {
            _isSet = false;
        }
    }

    /// <summary>Writes the lines.</summary>
    public void WriteTo(StringBuilder text, string name, PrometheusKind kind)
    {
        lock (_gate)
        {
            if (kind != PrometheusKind.Histogram)
            {
                PrometheusText.Line(text, name, _labels, _value);
                return;
            }

            var total = 0L;
            for (var bucket = 0; bucket < _counts.Length; bucket++)
            {
                total += _counts[bucket];
                var bound = bucket < _bounds.Length ? PrometheusText.Number(_bounds[bucket]) : "+Inf";
                var labels = _labels.Length == 0 ? $"le=\"{bound}\"" : $"{_labels},le=\"{bound}\"";
                PrometheusText.Line(text, name + "_bucket", labels, total);
            }

            PrometheusText.Line(text, name + "_sum", _labels, _value);
            PrometheusText.Line(text, name + "_count", _labels, total);
        }
    }
}

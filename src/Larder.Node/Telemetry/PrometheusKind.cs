namespace Larder.Node.Telemetry;

/// <summary>The types of the Prometheus text format that the node uses.</summary>
internal enum PrometheusKind : byte
{
    /// <summary>Goes up or down.</summary>
    Gauge,

    /// <summary>Only goes up.</summary>
    Counter,

    /// <summary>Counts of values by size.</summary>
    Histogram,
}

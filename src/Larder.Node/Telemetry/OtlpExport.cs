using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Larder.Node.Telemetry;

/// <summary>Pushes every meter of the product to a collector.</summary>
internal static class OtlpExport
{
    /// <summary>Starts to push. Disposing sends what is left.</summary>
    public static IDisposable? Start(Uri endpoint) =>
        Sdk.CreateMeterProviderBuilder()
            .AddMeter("Larder.*")
            .AddOtlpExporter(options => options.Endpoint = endpoint)
            .Build();
}

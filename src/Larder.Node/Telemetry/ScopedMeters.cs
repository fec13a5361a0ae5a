using System.Diagnostics.Metrics;

namespace Larder.Node.Telemetry;

/// <summary>
/// Makes the meters of one node and is their scope, so that several nodes in one process are told apart. Safe for many
/// threads.
/// </summary>
internal sealed class ScopedMeters : IMeterFactory
{
    /// <inheritdoc/>
    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        return new Meter(options);
    }

    /// <summary>Does nothing: whoever asked for a meter disposes it.</summary>
    public void Dispose()
    {
    }
}

using System.Collections.Immutable;
using Larder.Handlers.Diagnostics;

namespace Larder.Handlers;

// What the runtime tells about itself.
public sealed partial class HandlerRuntime
{
    /// <summary>Counts calls, and tells a meter of each.</summary>
    internal HandlerMetrics Metrics => _metrics;

    /// <summary>What the runtime did since it started, or since <see cref="ResetStatistics"/>.</summary>
    public RuntimeStatistics Statistics() => _metrics.Read(_pool.GetStatistics());

    /// <summary>
    /// What each handler did that is remembered, the latest used first. The last one, named <c>other</c>, is the sum of
    /// those that are remembered no more and of sources that could not be compiled, when there are any.
    /// </summary>
    public ImmutableArray<HandlerStatistics> HandlerStatistics() => _metrics.ReadHandlers();

    /// <summary>
    /// Begins to count anew what calls did. The figures of the pool, such as instances made, go on.
    /// </summary>
    public void ResetStatistics() => _metrics.Reset();
}

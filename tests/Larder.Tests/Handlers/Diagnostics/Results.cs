using System.Collections.Immutable;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Contract;
using Larder.Handlers.Diagnostics;
using Larder.Handlers.Pooling;

namespace Larder.Tests.Handlers.Diagnostics;

/// <summary>Results of calls, and sources that they are of.</summary>
internal static class Results
{
    public static HandlerMetrics NewMetrics(int maxHandlers = 10, TimeProvider? time = null) =>
        new(maxHandlers, time ?? TimeProvider.System, static source => $"key of {source}");

    public static RuntimeStatistics Read(this HandlerMetrics metrics) => metrics.Read(new InstancePoolStatistics());

    public static Fingerprint Source(int number) => Fingerprint.OfContent(BitConverter.GetBytes(number));

    public static HandlerResult Of(
        HandlerErrorCode? error = null,
        HandlerOrigin origin = HandlerOrigin.Memory,
        double milliseconds = 1,
        bool suspended = false,
        long peakBytes = 1000,
        long usedBytes = 500,
        ImmutableDictionary<string, int>? hostCalls = null) => new()
        {
            Status = suspended ? HandlerStatus.Suspended : error is null ? HandlerStatus.Success : HandlerStatus.Error,
            Error = error is { } code ? new HandlerError(code, "it failed") : null,
            Metrics = new ExecutionMetrics
            {
                Duration = TimeSpan.FromMilliseconds(milliseconds),
                RunTime = TimeSpan.FromMilliseconds(milliseconds / 2),
                QueueTime = TimeSpan.FromMilliseconds(milliseconds / 4),
                CompilationTime = origin == HandlerOrigin.Compiled ? TimeSpan.FromMilliseconds(milliseconds / 8) : null,
                Origin = origin,
                MemoryPeakBytes = peakBytes,
                MemoryUsedBytes = usedBytes,
                InstructionCount = 7,
                HostCalls = hostCalls ?? ImmutableDictionary<string, int>.Empty,
            },
        };
}

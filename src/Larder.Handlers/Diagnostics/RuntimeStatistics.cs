using System.Collections.Immutable;
using Larder.Handlers.Contract;
using Larder.Handlers.Pooling;

namespace Larder.Handlers.Diagnostics;

/// <summary>
/// What a runtime did since it started. A run that is suspended and resumed counts as one execution when it ends;
/// executions = successes + failures.
/// </summary>
public sealed record RuntimeStatistics
{
    /// <summary>Runs that ended.</summary>
    public long TotalExecutions { get; init; }

    /// <summary>Runs that ended with success.</summary>
    public long SuccessfulExecutions { get; init; }

    /// <summary>Runs that ended with an error.</summary>
    public long FailedExecutions { get; init; }

    /// <summary>Times that a run was suspended.</summary>
    public long Suspensions { get; init; }

    /// <summary>Times that a suspended run got its instance back.</summary>
    public long Resumptions { get; init; }

    /// <summary>Runs that are suspended now.</summary>
    public int SuspendedInstances { get; init; }

    /// <summary>Suspended runs that were dropped because nobody resumed them in time.</summary>
    public long ExpiredSuspensions { get; init; }

    /// <summary>Instances in use now.</summary>
    public int ActiveInstances { get; init; }

    /// <summary>Instances that wait for work now.</summary>
    public int AvailableInstances { get; init; }

    /// <summary>Instances made.</summary>
    public long InstancesCreated { get; init; }

    /// <summary>Runs that got an instance which had been used before.</summary>
    public long InstancesReused { get; init; }

    /// <summary>Calls whose compiled handler came from a cache.</summary>
    public long CacheHits { get; init; }

    /// <summary>Calls whose handler had to be compiled.</summary>
    public long CacheMisses { get; init; }

    /// <summary>Hits through calls, 0 to 1; 0 before the first call.</summary>
    public double CacheHitRate => CacheHits + CacheMisses == 0 ? 0 : (double)CacheHits / (CacheHits + CacheMisses);

    /// <summary>The hits by the tier that had the compiled handler.</summary>
    public ImmutableSortedDictionary<HandlerOrigin, long> CacheHitsByOrigin { get; init; } =
        ImmutableSortedDictionary<HandlerOrigin, long>.Empty;

    /// <summary>Wall time of calls and resumptions, from their start to their result.</summary>
    public DurationSummary Duration { get; init; }

    /// <summary>The part of it in which guest code ran.</summary>
    public DurationSummary RunTime { get; init; }

    /// <summary>The part of it that went into waiting for an instance.</summary>
    public DurationSummary QueueTime { get; init; }

    /// <summary>Time that the compiler took, of calls that needed it.</summary>
    public DurationSummary CompilationTime { get; init; }

    /// <summary>Mean wall time of a call.</summary>
    public TimeSpan AverageExecutionTime => Duration.Mean;

    /// <summary>Wall time that half of the calls stayed within.</summary>
    public TimeSpan P50ExecutionTime => Duration.P50;

    /// <summary>Wall time that 95 of 100 calls stayed within.</summary>
    public TimeSpan P95ExecutionTime => Duration.P95;

    /// <summary>Wall time that 99 of 100 calls stayed within.</summary>
    public TimeSpan P99ExecutionTime => Duration.P99;

    /// <summary>Fuel of all runs.</summary>
    public long Instructions { get; init; }

    /// <summary>Runs that a deadline or the fuel ended.</summary>
    public long Timeouts => Errors.GetValueOrDefault(HandlerErrorCode.Timeout);

    /// <summary>Runs that reached the limit of memory.</summary>
    public long MemoryLimitErrors => Errors.GetValueOrDefault(HandlerErrorCode.MemoryLimit);

    /// <summary>Runs that lacked a capability.</summary>
    public long PermissionDenials => Errors.GetValueOrDefault(HandlerErrorCode.PermissionDenied);

    /// <summary>Runs that threw.</summary>
    public long ExecutionErrors => Errors.GetValueOrDefault(HandlerErrorCode.ExecutionError);

    /// <summary>Mean number of host calls of a call.</summary>
    public double AverageHostCalls => Duration.Count == 0 ? 0 : (double)HostCalls.Values.Sum() / Duration.Count;

    /// <summary>Everything that the pool of instances counts.</summary>
    public InstancePoolStatistics Pool { get; init; } = new();

    /// <summary>Bytes that the memories of all instances take now, suspended ones included.</summary>
    public long TotalMemoryBytes { get; init; }

    /// <summary>The most that this ever was.</summary>
    public long PeakTotalMemoryBytes { get; init; }

    /// <summary>Most bytes that one run's instance had.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Mean bytes of the JavaScript heap at the end of a run.</summary>
    public long AverageMemoryBytes { get; init; }

    /// <summary>Calls of each host function, by its name.</summary>
    public ImmutableSortedDictionary<string, long> HostCalls { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Failed runs, by the code of the error.</summary>
    public ImmutableSortedDictionary<HandlerErrorCode, long> Errors { get; init; } =
        ImmutableSortedDictionary<HandlerErrorCode, long>.Empty;
}

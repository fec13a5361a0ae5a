using System.Collections.Immutable;
using Larder.Handlers.Contract;

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

    /// <summary>Mean wall time of a run.</summary>
    public TimeSpan AverageExecutionTime { get; init; }

    /// <summary>Wall time that half of the runs stayed within.</summary>
    public TimeSpan P50ExecutionTime { get; init; }

    /// <summary>Wall time that 95 of 100 runs stayed within.</summary>
    public TimeSpan P95ExecutionTime { get; init; }

    /// <summary>Wall time that 99 of 100 runs stayed within.</summary>
    public TimeSpan P99ExecutionTime { get; init; }

    /// <summary>Bytes that the memories of all instances take now, suspended ones included.</summary>
    public long TotalMemoryBytes { get; init; }

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

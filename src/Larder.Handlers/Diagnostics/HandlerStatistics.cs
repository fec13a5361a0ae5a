using System.Collections.Immutable;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Diagnostics;

/// <summary>What the runs of one handler did, as far as it is remembered.</summary>
public sealed record HandlerStatistics
{
    /// <summary>The fingerprint of the compiled handler, in lower-case hex.</summary>
    public required string Key { get; init; }

    /// <summary>The name that the latest call gave it.</summary>
    public required string Name { get; init; }

    /// <summary>Runs that ended.</summary>
    public long Executions { get; init; }

    /// <summary>Runs that ended with an error.</summary>
    public long Failures { get; init; }

    /// <summary>Times that a run was suspended.</summary>
    public long Suspensions { get; init; }

    /// <summary>Calls whose compiled form came from a cache.</summary>
    public long CacheHits { get; init; }

    /// <summary>Mean wall time of a run.</summary>
    public TimeSpan AverageExecutionTime { get; init; }

    /// <summary>Wall time that half of the runs stayed within.</summary>
    public TimeSpan P50ExecutionTime { get; init; }

    /// <summary>Wall time that 95 of 100 runs stayed within.</summary>
    public TimeSpan P95ExecutionTime { get; init; }

    /// <summary>Wall time that 99 of 100 runs stayed within.</summary>
    public TimeSpan P99ExecutionTime { get; init; }

    /// <summary>Most bytes that one run's instance had.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>When the latest run began.</summary>
    public DateTimeOffset LastUsed { get; init; }

    /// <summary>Failed runs, by the code of the error.</summary>
    public ImmutableSortedDictionary<HandlerErrorCode, long> Errors { get; init; } =
        ImmutableSortedDictionary<HandlerErrorCode, long>.Empty;
}

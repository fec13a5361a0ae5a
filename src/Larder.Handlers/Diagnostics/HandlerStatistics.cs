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

    /// <summary>Calls for which it had to be compiled.</summary>
    public long CacheMisses { get; init; }

    /// <summary>Calls of host functions.</summary>
    public long HostCalls { get; init; }

    /// <summary>Fuel of all runs.</summary>
    public long Instructions { get; init; }

    /// <summary>Wall time of calls and resumptions.</summary>
    public DurationSummary Duration { get; init; }

    /// <summary>Time that the compiler took, all times together.</summary>
    public TimeSpan CompilationTime { get; init; }

    /// <summary>Mean bytes of the JavaScript heap at the end of a run.</summary>
    public long AverageMemoryBytes { get; init; }

    /// <summary>Runs that ended with success.</summary>
    public long Successes => Executions - Failures;

    /// <summary>Mean wall time of a call.</summary>
    public TimeSpan AverageExecutionTime => Duration.Mean;

    /// <summary>Wall time that half of the calls stayed within.</summary>
    public TimeSpan P50ExecutionTime => Duration.P50;

    /// <summary>Wall time that 95 of 100 calls stayed within.</summary>
    public TimeSpan P95ExecutionTime => Duration.P95;

    /// <summary>Wall time that 99 of 100 calls stayed within.</summary>
    public TimeSpan P99ExecutionTime => Duration.P99;

    /// <summary>Most bytes that one run's instance had.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>When the latest run began.</summary>
    public DateTimeOffset LastUsed { get; init; }

    /// <summary>Failed runs, by the code of the error.</summary>
    public ImmutableSortedDictionary<HandlerErrorCode, long> Errors { get; init; } =
        ImmutableSortedDictionary<HandlerErrorCode, long>.Empty;
}

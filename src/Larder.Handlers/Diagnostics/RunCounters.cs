using System.Collections.Immutable;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Diagnostics;

/// <summary>Counts runs. Thread safe.</summary>
internal sealed class RunCounters
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<HandlerErrorCode, long> _errors = [];
    private readonly SortedDictionary<string, long> _hostCalls = new(StringComparer.Ordinal);

    // Guarded by _gate.
    private long _successes;
    private long _failures;
    private long _suspensions;
    private long _hits;
    private long _misses;
    private long _ticks;
    private long _peakBytes;
    private long _usedBytes;

    /// <summary>Counts a suspension.</summary>
    public void CountSuspension() => Interlocked.Increment(ref _suspensions);

    /// <summary>Counts a run that ended.</summary>
    public void CountEnd(CompiledHandler? code, HandlerContext context, HandlerResult result)
    {
        _ = (code, context);
        lock (_gate)
        {
            _ = result.Error is null ? _successes++ : _failures++;
            _ = result.Metrics.CacheHit ? _hits++ : _misses++;
            _ticks += result.Metrics.Duration.Ticks;
            _peakBytes = Math.Max(_peakBytes, result.Metrics.MemoryPeakBytes);
            _usedBytes += result.Metrics.MemoryUsedBytes;
            if (result.Error is { } error)
            {
                _errors[error.Code] = _errors.GetValueOrDefault(error.Code) + 1;
            }

            foreach (var (name, count) in result.Metrics.HostCalls)
            {
                _hostCalls[name] = _hostCalls.GetValueOrDefault(name) + count;
            }
        }
    }

    /// <summary>What was counted.</summary>
    public RuntimeStatistics Read()
    {
        lock (_gate)
        {
            var runs = _successes + _failures;
            return new RuntimeStatistics
            {
                TotalExecutions = runs,
                SuccessfulExecutions = _successes,
                FailedExecutions = _failures,
                Suspensions = Interlocked.Read(ref _suspensions),
                CacheHits = _hits,
                CacheMisses = _misses,
                AverageExecutionTime = runs == 0 ? TimeSpan.Zero : new TimeSpan(_ticks / runs),
                AverageMemoryBytes = runs == 0 ? 0 : _usedBytes / runs,
                PeakMemoryBytes = _peakBytes,
                Errors = _errors.ToImmutableSortedDictionary(),
                HostCalls = _hostCalls.ToImmutableSortedDictionary(StringComparer.Ordinal),
            };
        }
    }

    /// <summary>What was counted of each handler.</summary>
    public ImmutableArray<HandlerStatistics> ReadHandlers()
    {
        lock (_gate)
        {
            return [];
        }
    }
}

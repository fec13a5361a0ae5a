using Larder.Cache.Fingerprints;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Diagnostics;

/// <summary>What is remembered of one handler, or of all that are remembered no more. Safe for many threads.</summary>
/// <param name="source">The digest of its source; the default for all that are remembered no more.</param>
/// <param name="key">The key of its compiled form.</param>
internal sealed class HandlerRecord(Fingerprint source, string key)
{
    // Two and a half kibibytes; percentiles are within 6.3 %.
    private const int HistogramBits = 4;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly CallCounters _counters = new();
    private readonly LogHistogram _duration = new(HistogramBits);
    private string _name = "";
    private DateTimeOffset _lastUsed;
    private bool _isFolded;

    public Fingerprint Source { get; } = source;

    /// <summary>Timestamp of the last use, for who is forgotten first. Written without a lock.</summary>
    public long UsedAt { get; set; }

    /// <summary>Takes a result; false when this was folded into another record, which has to take it then.</summary>
    public bool TryRecord(string name, HandlerResult result, long hostCalls, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_isFolded)
            {
                return false;
            }

            _counters.Record(result, hostCalls);
            _duration.Record(result.Metrics.Duration);
            _name = name;
            _lastUsed = now;
            return true;
        }
    }

    /// <summary>Gives what this has counted to another record, once and for all.</summary>
    public void FoldInto(HandlerRecord other)
    {
        // Lock order: what is folded before what takes it. The latter is never folded.
        lock (_gate)
        {
            _isFolded = true;
            lock (other._gate)
            {
                other._counters.Add(_counters);
                other._duration.Add(_duration);
                other._lastUsed = _lastUsed > other._lastUsed ? _lastUsed : other._lastUsed;
            }
        }
    }

    /// <summary>Adds what this has counted to a sum, unless another record has it.</summary>
    public void AddTo(CallCounters sum)
    {
        lock (_gate)
        {
            if (!_isFolded)
            {
                sum.Add(_counters);
            }
        }
    }

    /// <summary>A snapshot.</summary>
    public HandlerStatistics Read()
    {
        lock (_gate)
        {
            var duration = _duration.Read();
            return new HandlerStatistics
            {
                Key = key,
                Name = Source == default ? key : _name,
                Executions = _counters.Executions,
                Failures = _counters.Failures,
                Suspensions = _counters.Suspensions,
                CacheHits = _counters.CacheHits,
                CacheMisses = _counters.Of(HandlerOrigin.Compiled),
                HostCalls = _counters.HostCalls,
                Instructions = _counters.Instructions,
                Duration = duration,
                CompilationTime = _counters.CompilationTime,
                PeakMemoryBytes = _counters.PeakBytes,
                AverageMemoryBytes = _counters.Calls == 0 ? 0 : _counters.UsedBytes / _counters.Calls,
                LastUsed = _lastUsed,
                Errors = _counters.Errors,
            };
        }
    }
}

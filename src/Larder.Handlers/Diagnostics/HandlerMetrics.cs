using System.Collections.Concurrent;
using System.Collections.Immutable;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Contract;
using Larder.Handlers.Pooling;

namespace Larder.Handlers.Diagnostics;

/// <summary>
/// Counts what calls did, for each of a bounded number of handlers and for all others together. What is said of all
/// calls is the sum of these, so that the figures agree. Safe for many threads; a call takes one short lock, which only
/// calls of the same handler share.
/// </summary>
internal sealed class HandlerMetrics
{
    /// <summary>The key and name under which handlers are summed up that are remembered no more.</summary>
    public const string OtherName = "other";

    private readonly int _maxHandlers;
    private readonly TimeProvider _time;
    private readonly Func<Fingerprint, string> _keyOf;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<Fingerprint, HandlerRecord> _records = [];
    private readonly ConcurrentDictionary<string, HostCallCounter> _hostCalls = new(StringComparer.Ordinal);
    private readonly LogHistogram _duration = new();
    private readonly LogHistogram _run = new();
    private readonly LogHistogram _queue = new();
    private readonly LogHistogram _compilation = new();

    // Replaced by a reset, under _gate.
    private volatile HandlerRecord _other = new(default, OtherName);

    /// <param name="maxHandlers">Handlers that are told apart, from 0.</param>
    /// <param name="time">The clock.</param>
    /// <param name="keyOf">The key of the compiled handler, as text, by the digest of its source.</param>
    public HandlerMetrics(int maxHandlers, TimeProvider time, Func<Fingerprint, string> keyOf)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxHandlers);
        _maxHandlers = maxHandlers;
        _time = time;
        _keyOf = keyOf;
    }

    /// <summary>Hears of every result, after it was counted, and of the panel that it is for.</summary>
    public event Action<string, HandlerResult>? Recorded;

    /// <summary>Takes the result of a call.</summary>
    /// <param name="source">The digest of the handler's source; null when it could not be compiled.</param>
    /// <param name="name">What the caller names it.</param>
    /// <param name="result">The result.</param>
    /// <param name="panel">The panel that it is for.</param>
    public void Record(Fingerprint? source, string name, HandlerResult result, string panel = "")
    {
        var metrics = result.Metrics;
        var hostCalls = CountHostCalls(metrics);
        var now = _time.GetUtcNow();
        for (var recorded = false; !recorded;)
        {
            var record = RecordOf(source);
            recorded = record.TryRecord(name, result, hostCalls, now);
        }

        _duration.Record(metrics.Duration);
        _run.Record(metrics.RunTime);
        _queue.Record(metrics.QueueTime);
        if (metrics.CompilationTime is { } compilation)
        {
            _compilation.Record(compilation);
        }

        Recorded?.Invoke(panel, result);
    }

    /// <summary>What all calls did, with the figures of the pool that they ran in.</summary>
    public RuntimeStatistics Read(InstancePoolStatistics pool)
    {
        var sum = Sum();
        return new RuntimeStatistics
        {
            TotalExecutions = sum.Executions,
            SuccessfulExecutions = sum.Successes,
            FailedExecutions = sum.Failures,
            Suspensions = sum.Suspensions,
            CacheHitsByOrigin = ImmutableSortedDictionary.CreateRange(
                from origin in (HandlerOrigin[])[HandlerOrigin.Memory, HandlerOrigin.Disk, HandlerOrigin.Remote]
                select KeyValuePair.Create(origin, sum.Of(origin))),
            CacheHits = sum.CacheHits,
            CacheMisses = sum.Of(HandlerOrigin.Compiled),
            Duration = _duration.Read(),
            RunTime = _run.Read(),
            QueueTime = _queue.Read(),
            CompilationTime = _compilation.Read(),
            PeakMemoryBytes = sum.PeakBytes,
            AverageMemoryBytes = sum.Calls == 0 ? 0 : sum.UsedBytes / sum.Calls,
            Instructions = sum.Instructions,
            HostCalls = HostCalls(),
            Errors = sum.Errors,
            Pool = pool,
            SuspendedInstances = pool.Suspended,
            ExpiredSuspensions = pool.Expired,
            Resumptions = pool.Resumed,
            ActiveInstances = pool.Active,
            AvailableInstances = pool.Idle,
            InstancesCreated = pool.Created,
            InstancesReused = pool.Reused,
            TotalMemoryBytes = pool.Bytes,
            PeakTotalMemoryBytes = pool.PeakBytes,
        };
    }

    /// <summary>What the calls of each handler did, the latest used first; all others last, if there are any.</summary>
    public ImmutableArray<HandlerStatistics> ReadHandlers()
    {
        var handlers = _records.Values.Select(static record => record.Read())
            .Where(static handler => handler.Duration.Count > 0)
            .OrderByDescending(static handler => handler.LastUsed)
            .ThenBy(static handler => handler.Key, StringComparer.Ordinal);
        var other = _other.Read();
        return other.Duration.Count == 0 ? [.. handlers] : [.. handlers, other];
    }

    /// <summary>Begins anew. Calls that end meanwhile may be forgotten in part.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            foreach (var record in _records.Values)
            {
                record.FoldInto(_other);
            }

            _records.Clear();
            _other = new HandlerRecord(default, OtherName);
        }

        _hostCalls.Clear();
        _duration.Clear();
        _run.Clear();
        _queue.Clear();
        _compilation.Clear();
    }

    // Folding is exact: a record is in the table or has given everything to the other one, under the same lock.
    private CallCounters Sum()
    {
        var sum = new CallCounters();
        lock (_gate)
        {
            foreach (var record in _records.Values)
            {
                record.AddTo(sum);
            }

            _other.AddTo(sum);
        }

        return sum;
    }

    private HandlerRecord RecordOf(Fingerprint? source)
    {
        if (source is not { } digest || _maxHandlers == 0)
        {
            return _other;
        }

        if (!_records.TryGetValue(digest, out var record))
        {
            record = AddRecord(digest);
        }

        record.UsedAt = _time.GetTimestamp();
        return record;
    }

    private HandlerRecord AddRecord(Fingerprint source)
    {
        lock (_gate)
        {
            if (_records.TryGetValue(source, out var record))
            {
                return record;
            }

            if (_records.Count >= _maxHandlers)
            {
                FoldOldest();
            }

            record = new HandlerRecord(source, _keyOf(source)) { UsedAt = _time.GetTimestamp() };
            _records[source] = record;
            return record;
        }
    }

    // An eighth goes at once, so that a storm of new handlers does not search the table for each.
    private void FoldOldest()
    {
        foreach (var oldest in _records.Values.OrderBy(static record => record.UsedAt).Take(Math.Max(1, _maxHandlers / 8)).ToArray())
        {
            _records.TryRemove(oldest.Source, out _);
            oldest.FoldInto(_other);
        }
    }

    private long CountHostCalls(ExecutionMetrics metrics)
    {
        var sum = 0L;
        foreach (var (function, count) in metrics.HostCalls)
        {
            sum += count;
            if (!_hostCalls.TryGetValue(function, out var counter))
            {
                counter = _hostCalls.GetOrAdd(function, static _ => new HostCallCounter());
            }

            counter.Add(count);
        }

        return sum;
    }

    private ImmutableSortedDictionary<string, long> HostCalls() => ImmutableSortedDictionary.CreateRange(
        StringComparer.Ordinal, _hostCalls.Select(static pair => KeyValuePair.Create(pair.Key, pair.Value.Count)));

    /// <summary>Calls of one host function; their number is that of functions, which are the host's.</summary>
    private sealed class HostCallCounter
    {
        private long _count;

        public long Count => Volatile.Read(ref _count);

        public void Add(long count) => Interlocked.Add(ref _count, count);
    }
}

using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Dashboard;

/// <summary>
/// Remembers the cache's figures: takes a snapshot once a second into two rings, a fine one for minutes and a coarse
/// one for hours, and answers what happened within a window.
/// </summary>
/// <remarks>
/// Time is the monotonic timestamp of the <see cref="TimeProvider"/>, so that a wall clock that jumps moves no sample;
/// a process that was suspended gets one long step, whose rates are right because they divide by the time that really
/// passed. Memory is bounded by <see cref="StatisticsHistoryOptions.CapacityBytes"/>. Safe for use by many threads.
/// </remarks>
internal sealed partial class StatisticsHistory : IAsyncDisposable
{
    private readonly Func<CacheStatistics> _statistics;
    private readonly Func<NodeFigures> _node;
    private readonly RecentEvents _events;
    private readonly StatisticsHistoryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _startedAt;
    private readonly int _maxRows;
    private readonly CancellationTokenSource _closing = new();

    // Guards everything below. Held for a copy or an addition, never while other code is called.
    private readonly Lock _gate = new();
    private readonly SampleRing _fine;
    private readonly SampleRing _coarse;
    private readonly Dictionary<RowKey, int> _rows = [];
    private readonly List<RowKey> _keys = [];
    private Task _loop = Task.CompletedTask;

    // Whether the latest snapshot failed, so that a lasting failure is logged once. Only the sampler uses it.
    private bool _failing;

    // Completed and replaced at every sample. Written under _gate.
    private TaskCompletionSource _nextSample = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes a history that has seen nothing yet; <see cref="Start"/> begins to sample.</summary>
    /// <param name="statistics">Takes one snapshot of the cache.</param>
    /// <param name="node">Takes the host's own figures.</param>
    /// <param name="events">Counts removals by reason; its budget is refilled at every sample.</param>
    /// <param name="options">How much is remembered.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told when a snapshot fails.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public StatisticsHistory(
        Func<CacheStatistics> statistics,
        Func<NodeFigures> node,
        RecentEvents events,
        StatisticsHistoryOptions options,
        TimeProvider time,
        ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.FineStep, TimeSpan.Zero, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.FineSamples, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CoarseSamples, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CoarseEvery, 1, nameof(options));
        _statistics = statistics;
        _node = node;
        _events = events;
        _options = options;
        _time = time;
        _logger = logger;
        _startedAt = time.GetTimestamp();
        _fine = new SampleRing(options.FineStep, options.FineSamples);
        _coarse = new SampleRing(options.FineStep * options.CoarseEvery, options.CoarseSamples);
        _maxRows = (int)Math.Min(
            int.MaxValue, options.CapacityBytes / ((long)Figures.SizeBytes * (options.FineSamples + options.CoarseSamples)));
    }

    /// <summary>Time since this history was made, by the monotonic clock.</summary>
    public TimeSpan Uptime => _time.GetElapsedTime(_startedAt);

    /// <summary>Snapshots that failed and left a gap.</summary>
    public long Failures { get; private set; }

    /// <summary>Bytes that the rows take now.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return (long)_keys.Count * Figures.SizeBytes * (_fine.Capacity + _coarse.Capacity);
            }
        }
    }

    /// <summary>Completes when the next sample has been taken, or when the history closes.</summary>
    public Task NextSample
    {
        get
        {
            lock (_gate)
            {
                return _nextSample.Task;
            }
        }
    }

    /// <summary>Takes the first sample and goes on at the pace of the options until disposed.</summary>
    public void Start()
    {
        Sample();
        _loop = SampleRegularlyAsync(_closing.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        lock (_gate)
        {
            _nextSample.TrySetResult();
        }

        _closing.Dispose();
    }

    /// <summary>Takes one sample now. A snapshot that fails leaves a gap and is counted.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The owner of a loop outlives what it watches.")]
    internal void Sample()
    {
        try
        {
            var cache = _statistics();
            var node = _node();
            Span<long> removals = stackalloc long[NodeSample.Reasons];
            _events.Refill();
            _events.SumRemovals(removals);
            Append(cache, Describe(cache.Tiers, node), removals);
            _failing = false;
        }
        catch (Exception exception)
        {
            Failures++;
            if (!_failing)
            {
                _failing = true;
                DashboardLog.SampleFailed(_logger, exception);
            }
        }
    }

    private static NodeSample Describe(IReadOnlyList<TierStatistics> tiers, NodeFigures node)
    {
        long errors = node.RequestErrors, queued = 0;
        foreach (var tier in tiers)
        {
            errors += tier.Errors;
            queued += tier.QueuedEntries;
        }

        return new NodeSample
        {
            Requests = node.Requests,
            ReceivedBytes = node.ReceivedBytes,
            SentBytes = node.SentBytes,
            Errors = errors,
            QueuedEntries = queued,
            ActiveRequests = node.ActiveRequests,
            CpuMicroseconds = (long)Environment.CpuUsage.TotalTime.TotalMicroseconds,
            WorkingSetBytes = Environment.WorkingSet,
            ManagedHeapBytes = GC.GetTotalMemory(forceFullCollection: false),
        };
    }

    private async Task SampleRegularlyAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.FineStep, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                Sample();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private void Append(CacheStatistics cache, in NodeSample node, ReadOnlySpan<long> removals)
    {
        var figures = Tabulate(cache);
        TaskCompletionSource completed;
        lock (_gate)
        {
            var alsoCoarse = _fine.Next % _options.CoarseEvery == 0;
            var now = Uptime;
            _fine.Append(now, node, removals);
            if (alsoCoarse)
            {
                _coarse.Append(now, node, removals);
            }

            var rows = Place(figures);
            for (var row = 0; row < rows.Length; row++)
            {
                _fine.Set(row, rows[row]);
                if (alsoCoarse)
                {
                    _coarse.Set(row, rows[row]);
                }
            }

            completed = _nextSample;
            _nextSample = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        completed.SetResult();
    }

    /// <summary>Lays a snapshot out as rows: each tier and kind, each tier, each kind across tiers, and the whole.</summary>
    private static Dictionary<RowKey, Figures> Tabulate(CacheStatistics cache)
    {
        var table = new Dictionary<RowKey, Figures>();
        var held = new Dictionary<string, Figures>(StringComparer.Ordinal);
        foreach (var tier in cache.Tiers)
        {
            if (tier.Tier is TierKind.None or TierKind.Fill)
            {
                continue;
            }

            var scope = Names.Of(tier.Tier);
            var sum = default(Figures);
            foreach (var kind in tier.Kinds)
            {
                var figures = Figures.Of(kind);
                table[new RowKey(scope, kind.Kind)] = figures;
                held[kind.Kind] = Figures.LargestOf(held.GetValueOrDefault(kind.Kind), figures);
                sum += figures;
            }

            table[new RowKey(scope, null)] = sum with { Entries = tier.Entries, Bytes = tier.Bytes };
        }

        var lookups = cache.Kinds.ToDictionary(static kind => kind.Kind, StringComparer.Ordinal);
        var whole = default(Figures);
        foreach (var kind in held.Keys.Union(lookups.Keys, StringComparer.Ordinal))
        {
            var figures = Figures.Of(lookups.GetValueOrDefault(kind), held.GetValueOrDefault(kind));
            table[new RowKey(RowKey.All, kind)] = figures;
            whole += figures;
        }

        table[new RowKey(RowKey.All, null)] = whole;
        return table;
    }

    /// <summary>Gives every row of the table its place, new ones a new place while the budget lasts. Under _gate.</summary>
    private Figures[] Place(Dictionary<RowKey, Figures> table)
    {
        // Totals first, so that a flood of kinds cannot crowd them out.
        var other = new Dictionary<RowKey, Figures>();
        var placed = new List<(int Row, Figures Figures)>(table.Count);
        foreach (var (key, figures) in table.OrderBy(static pair => pair.Key.Kind is not null))
        {
            if (TryPlace(key, out var row))
            {
                placed.Add((row, figures));
            }
            else if (key.Kind is not null)
            {
                var rest = new RowKey(key.Scope, RowKey.OtherKinds);
                other[rest] = other.GetValueOrDefault(rest) + figures;
            }
        }

        foreach (var (key, figures) in other)
        {
            if (TryPlace(key, out var row))
            {
                placed.Add((row, figures));
            }
        }

        // A tier or kind that a snapshot leaves out keeps its figures: falling to zero and back would look like traffic.
        var rows = new Figures[_keys.Count];
        for (var row = 0; row < rows.Length && _fine.Next > 1; row++)
        {
            rows[row] = _fine.Row(row, _fine.Next - 2);
        }

        foreach (var (row, figures) in placed)
        {
            rows[row] = figures;
        }

        return rows;
    }

    private bool TryPlace(RowKey key, out int row)
    {
        if (_rows.TryGetValue(key, out row))
        {
            return true;
        }

        // The totals and the rests, at most two rows for each of four scopes, always find room.
        if (key.Kind is not (null or RowKey.OtherKinds) && _keys.Count >= _maxRows - 8)
        {
            return false;
        }

        row = _keys.Count;
        _rows.Add(key, row);
        _keys.Add(key);
        _fine.AddRow();
        _coarse.AddRow();
        return true;
    }
}

using Larder.Cache.Artifacts;

namespace Larder.Node.Dashboard;

internal sealed partial class StatisticsHistory
{
    /// <summary>Longest window that can be asked for.</summary>
    public TimeSpan LongestWindow => _coarse.Step * (_coarse.Capacity - 1);

    /// <summary>Longest window that is answered from the fine samples.</summary>
    public TimeSpan LongestFineWindow => _fine.Step * (_fine.Capacity - 1);

    /// <summary>
    /// What happened in the last <paramref name="window"/>, or since the start when that is shorter, for every row.
    /// </summary>
    public IReadOnlyDictionary<RowKey, WindowRates> Rates(TimeSpan window)
    {
        lock (_gate)
        {
            var rates = new Dictionary<RowKey, WindowRates>(_keys.Count);
            var last = _fine.Next - 1;
            if (last < 0)
            {
                return rates;
            }

            var first = _fine.AtOrBefore(_fine.Time(last) - window);
            var seconds = (_fine.Time(last) - _fine.Time(first)).TotalSeconds;
            for (var row = 0; row < _keys.Count; row++)
            {
                rates.Add(_keys[row], WindowRates.From(Figures.Between(_fine.Row(row, first), _fine.Row(row, last)), seconds));
            }

            return rates;
        }
    }

    /// <summary>
    /// The series of the last <paramref name="window"/>, in at most about <paramref name="points"/> steps, oldest first.
    /// </summary>
    /// <remarks>
    /// Steps begin at sample numbers that are multiples of the stride, so that asking again a moment later cuts the same
    /// steps and a plot does not shimmer. The newest step may be shorter than the others.
    /// </remarks>
    public HistoryReport History(TimeSpan window, int points)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(window, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(points, 1);
        lock (_gate)
        {
            var ring = window <= LongestFineWindow ? _fine : _coarse;
            var cuts = Cut(ring, window, points);
            var now = _time.GetUtcNow();
            var uptime = Uptime;
            var steps = Math.Max(0, cuts.Count - 1);
            var time = new long[steps];
            var seconds = new double[steps];
            for (var step = 0; step < steps; step++)
            {
                time[step] = (now - (uptime - ring.Time(cuts[step + 1]))).ToUnixTimeMilliseconds();
                seconds[step] = Math.Round((ring.Time(cuts[step + 1]) - ring.Time(cuts[step])).TotalSeconds, 3);
            }

            return new HistoryReport
            {
                WindowSeconds = window.TotalSeconds,
                Sequence = _fine.Next - 1,
                Time = time,
                Seconds = seconds,
                Rows = SeriesOfRows(ring, cuts),
                Node = SeriesOfNode(ring, cuts),
                Removals = SeriesOfRemovals(ring, cuts),
            };
        }
    }

    /// <summary>What happened between the last two samples; rows in which nothing changed are left out.</summary>
    public LiveReport Live()
    {
        lock (_gate)
        {
            var last = _fine.Next - 1;
            if (last < 0)
            {
                return LiveReport.Nothing(_time.GetUtcNow(), Uptime);
            }

            var previous = Math.Max(_fine.First, last - 1);
            var rows = new List<LiveRow>();
            for (var row = 0; row < _keys.Count; row++)
            {
                ref readonly var before = ref _fine.Row(row, previous);
                ref readonly var now = ref _fine.Row(row, last);
                if (_keys[row].Kind is null || before != now)
                {
                    rows.Add(LiveRow.From(_keys[row], Figures.Between(before, now)));
                }
            }

            var removals = new SortedDictionary<string, long>(StringComparer.Ordinal);
            for (var reason = 0; reason < NodeSample.Reasons; reason++)
            {
                var count = _fine.Removals(last)[reason] - _fine.Removals(previous)[reason];
                if (count > 0)
                {
                    removals.Add(Names.Of((RemovalReason)reason), count);
                }
            }

            return new LiveReport
            {
                Sequence = last,
                Time = (_time.GetUtcNow() - (Uptime - _fine.Time(last))).ToUnixTimeMilliseconds(),
                Seconds = Math.Round((_fine.Time(last) - _fine.Time(previous)).TotalSeconds, 3),
                UptimeSeconds = Math.Round(_fine.Time(last).TotalSeconds, 1),
                Rows = rows,
                Removals = removals,
                Node = LiveNode.From(NodeSample.Between(_fine.Node(previous), _fine.Node(last))),
                Totals = LiveRow.From(new RowKey(RowKey.All, null), _fine.Row(_rows[new RowKey(RowKey.All, null)], last)),
                NextEvent = _events.Next,
            };
        }
    }

    private static List<long> Cut(SampleRing ring, TimeSpan window, int points)
    {
        var cuts = new List<long>();
        var last = ring.Next - 1;
        if (last <= 0)
        {
            return cuts;
        }

        var first = ring.AtOrBefore(ring.Time(last) - window);
        var stride = Math.Max(1, (last - first + points - 1) / points);
        cuts.Add(first);
        for (var number = ((first / stride) + 1) * stride; number < last; number += stride)
        {
            cuts.Add(number);
        }

        if (cuts[^1] != last)
        {
            cuts.Add(last);
        }

        return cuts;
    }

    private List<RowSeries> SeriesOfRows(SampleRing ring, List<long> cuts)
    {
        var series = new List<RowSeries>(_keys.Count);
        for (var row = 0; row < _keys.Count; row++)
        {
            var one = new RowSeries(_keys[row], Math.Max(0, cuts.Count - 1));
            for (var step = 0; step + 1 < cuts.Count; step++)
            {
                one.Set(step, Figures.Between(ring.Row(row, cuts[step]), ring.Row(row, cuts[step + 1])));
            }

            series.Add(one);
        }

        return series;
    }

    private static NodeSeries SeriesOfNode(SampleRing ring, List<long> cuts)
    {
        var series = new NodeSeries(Math.Max(0, cuts.Count - 1));
        for (var step = 0; step + 1 < cuts.Count; step++)
        {
            series.Set(step, NodeSample.Between(ring.Node(cuts[step]), ring.Node(cuts[step + 1])));
        }

        return series;
    }

    private static SortedDictionary<string, long[]> SeriesOfRemovals(SampleRing ring, List<long> cuts)
    {
        var all = new SortedDictionary<string, long[]>(StringComparer.Ordinal);
        for (var reason = 0; reason < NodeSample.Reasons; reason++)
        {
            var counts = new long[Math.Max(0, cuts.Count - 1)];
            for (var step = 0; step + 1 < cuts.Count; step++)
            {
                counts[step] = Math.Max(0, ring.Removals(cuts[step + 1])[reason] - ring.Removals(cuts[step])[reason]);
            }

            if (counts.Any(static count => count > 0))
            {
                all.Add(Names.Of((RemovalReason)reason), counts);
            }
        }

        return all;
    }
}

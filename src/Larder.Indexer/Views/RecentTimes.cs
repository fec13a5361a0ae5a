namespace Larder.Indexer.Views;

/// <summary>The last 1,024 durations. Thread safe.</summary>
internal sealed class RecentTimes
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly long[] _ticks = new long[1024];
    private long _count;

    /// <summary>Notes a duration.</summary>
    public void Add(TimeSpan duration)
    {
        lock (_gate)
        {
            _ticks[_count++ % _ticks.Length] = duration.Ticks;
        }
    }

    /// <summary>Median, 99th percentile and maximum; zero when there is nothing.</summary>
    public (TimeSpan Median, TimeSpan Percentile99, TimeSpan Longest) Get()
    {
        long[] sorted;
        lock (_gate)
        {
            sorted = _ticks[..(int)Math.Min(_count, _ticks.Length)];
        }

        if (sorted.Length == 0)
        {
            return default;
        }

        Array.Sort(sorted);
        return (At(50), At(99), At(100));

        TimeSpan At(int percent) => TimeSpan.FromTicks(sorted[Math.Max(0, ((sorted.Length * percent) + 99) / 100 - 1)]);
    }
}

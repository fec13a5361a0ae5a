namespace Larder.Node.Dashboard;

/// <summary>Rates over a window. The ratio is null when nothing was looked up.</summary>
internal sealed record WindowRates
{
    public double Seconds { get; init; }

    public double? HitRatio { get; init; }

    public double LookupsPerSecond { get; init; }

    public double HitsPerSecond { get; init; }

    public double HitBytesPerSecond { get; init; }

    public double StoredPerSecond { get; init; }

    public double StoredBytesPerSecond { get; init; }

    public double EvictedPerSecond { get; init; }

    /// <summary>Divides what happened by the seconds it took; all zero when no time has passed.</summary>
    public static WindowRates From(in Figures change, double seconds)
    {
        return new WindowRates
        {
            Seconds = Math.Round(seconds, 3),
            HitRatio = change.HitRatio,
            LookupsPerSecond = Rate(change.Lookups, seconds),
            HitsPerSecond = Rate(change.Hits, seconds),
            HitBytesPerSecond = Rate(change.HitBytes, seconds),
            StoredPerSecond = Rate(change.Stored, seconds),
            StoredBytesPerSecond = Rate(change.StoredBytes, seconds),
            EvictedPerSecond = Rate(change.Evicted, seconds),
        };
    }

    private static double Rate(long count, double seconds) => seconds > 0 ? Math.Round(count / seconds, 3) : 0;
}

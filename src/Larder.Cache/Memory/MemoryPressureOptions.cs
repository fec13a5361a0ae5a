namespace Larder.Cache.Memory;

/// <summary>When and how far a <see cref="MemoryPressureMonitor"/> makes the memory tier give way.</summary>
public sealed record MemoryPressureOptions
{
    /// <summary>Time between two looks. From 10 milliseconds; default 1 second.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Used part of a limit (of a control group or of the machine) from which memory is short; from 0 to 1. Default
    /// 0.92.
    /// </summary>
    public double HighRatio { get; init; } = 0.92;

    /// <summary>Used part of every limit below which the tier may grow back; below <see cref="HighRatio"/>. Default 0.85.</summary>
    public double LowRatio { get; init; } = 0.85;

    /// <summary>
    /// Percentage of the last ten seconds in which tasks waited for memory, from which memory is short. From 0
    /// (exclusive) to 100; default 10.
    /// </summary>
    public double StallPercent { get; init; } = 10;

    /// <summary>Part of the capacity that is given up at each look while memory is short. Default 0.05.</summary>
    public double Step { get; init; } = 0.05;

    /// <summary>Most of the capacity that is given up in all. Default 0.20.</summary>
    public double Most { get; init; } = 0.20;

    /// <summary>Part of the capacity that comes back at each look once memory is not short. Default 0.01.</summary>
    public double RestoreStep { get; init; } = 0.01;

    internal void Validate()
    {
        Require(Interval >= TimeSpan.FromMilliseconds(10), $"{nameof(Interval)} is shorter than 10 milliseconds");
        Require(HighRatio is > 0 and <= 1, $"{nameof(HighRatio)} is not from 0 to 1");
        Require(LowRatio > 0 && LowRatio < HighRatio, $"{nameof(LowRatio)} is not between 0 and {nameof(HighRatio)}");
        Require(StallPercent is > 0 and <= 100, $"{nameof(StallPercent)} is not from 0 to 100");
        Require(Most is >= 0 and <= 1, $"{nameof(Most)} is not from 0 to 1");
        Require(Step > 0 && Step <= 1, $"{nameof(Step)} is not from 0 to 1");
        Require(RestoreStep > 0 && RestoreStep <= 1, $"{nameof(RestoreStep)} is not from 0 to 1");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CacheException(CacheErrorKind.Configuration, $"Memory pressure: {otherwise}.");
        }
    }
}

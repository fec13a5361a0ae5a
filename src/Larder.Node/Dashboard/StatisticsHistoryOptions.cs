namespace Larder.Node.Dashboard;

/// <summary>How much the history remembers. Checked once, when the history is made.</summary>
internal sealed record StatisticsHistoryOptions
{
    /// <summary>Pace of the fine samples. Default 1 second.</summary>
    public TimeSpan FineStep { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Fine samples kept. Default 601: ten minutes between the first and the last.</summary>
    public int FineSamples { get; init; } = 601;

    /// <summary>Every how many fine samples one is kept as a coarse one. Default 10.</summary>
    public int CoarseEvery { get; init; } = 10;

    /// <summary>Coarse samples kept. Default 2161: six hours between the first and the last.</summary>
    public int CoarseSamples { get; init; } = 2161;

    /// <summary>
    /// Most bytes that the rows may take; kinds that come when it is used up are summed in one row a tier. Default 8 MiB.
    /// </summary>
    public long CapacityBytes { get; init; } = 8 * 1024 * 1024;
}

namespace Larder.Bench.Arena;

/// <summary>The arena measured: <c>Larder.Bench arena [start|allocate|soak|hit]</c>, everything without a name.</summary>
internal static class ArenaBench
{
    public static int Run(string[] args)
    {
        var all = args.Length == 0;
        if (all || args.Contains("start"))
        {
            StartBench.Run();
        }

        if (all || args.Contains("allocate"))
        {
            AllocateBench.Run();
        }

        if (all || args.Contains("soak"))
        {
            SoakBench.Run();
        }

        if (all || args.Contains("hit"))
        {
            HitBench.Run();
        }

        return 0;
    }

    /// <summary>Processor time of this process so far: other work on the machine does not lengthen it.</summary>
    public static TimeSpan Processor => Environment.CpuUsage.TotalTime;

    /// <summary>The middle of the figures.</summary>
    public static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}

namespace Larder.Bench.Memory;

/// <summary>One measured cell.</summary>
internal sealed record MemoryBenchRow
{
    public string Keys { get; init; } = "";

    public string Workload { get; init; } = "";

    public int Threads { get; init; }

    public string Peer { get; init; } = "";

    public double Ratio { get; init; }

    public double LowRatio { get; init; }

    public double HighRatio { get; init; }

    public double Nanoseconds { get; init; }

    public double BaselineNanoseconds { get; init; }

    public double BytesAnOperation { get; init; }

    public void Print() => Console.WriteLine(
        $"{Keys,-7} {Workload,-12} {Threads}T {Peer,-14} ratio {Ratio,5:F2} ({LowRatio:F2}-{HighRatio:F2})  "
        + $"{Nanoseconds,7:F1} ns (dictionary {BaselineNanoseconds:F1})  {BytesAnOperation,7:F2} B/op");
}

/// <summary>Heap bytes an entry costs, key and value reference included.</summary>
internal sealed record MemoryBenchSize(string Peer, string Keys, double BytesAnEntry);

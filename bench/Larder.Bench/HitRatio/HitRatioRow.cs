namespace Larder.Bench.HitRatio;

/// <summary>One trace at one capacity under one policy.</summary>
internal sealed record HitRatioRow
{
    public required string Trace { get; init; }

    /// <summary>Capacity as a part of the trace's unique entries or bytes, in percent.</summary>
    public required int Percent { get; init; }

    public required bool InBytes { get; init; }

    public required long Capacity { get; init; }

    public required string Policy { get; init; }

    public required double MissRatio { get; init; }

    public required double ByteMissRatio { get; init; }

    /// <summary>Lowest miss ratio of the row: of the reference table when there is one, and of this run.</summary>
    public double Best { get; init; }
}

namespace Larder.Cache.Sizing;

/// <summary>One line of a plan: a capacity and what it brings.</summary>
/// <param name="CapacityBytes">The capacity in bytes, or in entries where the plan is in entries.</param>
/// <param name="HitRatio">Part of the lookups that an LRU tier of that capacity would have answered, 0 to 1.</param>
/// <param name="ByteHitRatio">The same by weight.</param>
/// <param name="Gain">How much more that is than in the line before, 0 to 1.</param>
public sealed record SizeStep(long CapacityBytes, double HitRatio, double ByteHitRatio, double Gain)
{
    /// <summary>What the default policy did at that capacity, where it was run; null where it was not.</summary>
    public double? PolicyHitRatio { get; init; }

    /// <summary>Why the line is there: <c>now</c>, <c>knee</c>, <c>recommended</c>, several with commas, or nothing.</summary>
    public string Marks { get; init; } = string.Empty;
}

using Larder.Cache.Artifacts;

namespace Larder.Cache.Sizing;

/// <summary>What one tier would answer at other capacities, by the lookups that it has seen.</summary>
/// <remarks>
/// Each curve is that of an LRU tier under the lookups that reach this one: all lookups for the memory tier, and for the
/// disk tier those that the memory tier, as large as it is now, does not answer.
/// </remarks>
public sealed record TierCurves
{
    /// <summary>What it is called in sentences; null for the tier's own name.</summary>
    public string? Name { get; init; }

    /// <summary>Which tier.</summary>
    public required TierKind Tier { get; init; }

    /// <summary>Its capacity now, in bytes.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Most entries that it may hold; -1 without a limit.</summary>
    public required long MaxEntries { get; init; }

    /// <summary>All lookups of the tier.</summary>
    public required MissRatioCurve Total { get; init; }

    /// <summary>All lookups of the tier, over capacities in entries.</summary>
    public required MissRatioCurve Entries { get; init; }

    /// <summary>The lookups of each kind, by name.</summary>
    public required IReadOnlyList<KindCurve> Kinds { get; init; }
}

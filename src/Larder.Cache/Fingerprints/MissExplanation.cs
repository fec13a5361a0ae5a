using System.Collections.Immutable;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Fingerprints;

/// <summary>Why a recipe finds nothing, as far as the recipes that were seen before can tell.</summary>
public sealed record MissExplanation
{
    /// <summary>What was asked for.</summary>
    public required ArtifactKey Key { get; init; }

    /// <summary>What the explanation rests on.</summary>
    public required MissReason Reason { get; init; }

    /// <summary>The earlier recipe with most equal parts, the latest of several; null when there is none.</summary>
    public Fingerprint? Nearest { get; init; }

    /// <summary>When <see cref="Nearest"/> was last seen, in UTC.</summary>
    public DateTimeOffset? NearestSeenAt { get; init; }

    /// <summary>Components, the format version among them, that are equal in both.</summary>
    public int EqualComponents { get; init; }

    /// <summary>What differs: the format version first, then components by name.</summary>
    public ImmutableArray<RecipeDifference> Differences { get; init; } = [];

    /// <summary>Earlier recipes of the kind that were compared.</summary>
    public int Compared { get; init; }

    /// <summary>Returns one sentence for people.</summary>
    public override string ToString() => Reason switch
    {
        MissReason.NothingToCompare => $"No earlier recipe of kind '{Key.Kind}' is remembered.",
        MissReason.SeenBefore =>
            $"The same recipe was seen at {NearestSeenAt:u}; its artifact was evicted, removed or never stored.",
        _ => $"The nearest earlier recipe, {Nearest}, differs in {string.Join(", ", Differences.Select(d => $"'{d.Name}'"))}.",
    };
}

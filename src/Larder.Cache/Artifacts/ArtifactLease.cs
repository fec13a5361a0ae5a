using System.Diagnostics.CodeAnalysis;

namespace Larder.Cache.Artifacts;

/// <summary>
/// The answer to a lookup: on a hit, a right to read the bytes that lasts until <see cref="Dispose"/>; eviction and
/// removal leave leased bytes alone.
/// </summary>
/// <remarks>
/// A structure, so that a hit allocates nothing. Dispose exactly one copy, once. Disposing a miss does nothing.
/// </remarks>
public struct ArtifactLease : IDisposable
{
    private ArtifactContent? _content;

    /// <summary>Wraps a reference that the lease gives back when disposed.</summary>
    /// <param name="content">Content on which the caller has taken a reference.</param>
    /// <param name="source">Where it was found.</param>
    public ArtifactLease(ArtifactContent content, TierKind source)
    {
        _content = content;
        Source = source;
        Outcome = LookupOutcome.Hit;
    }

    private ArtifactLease(LookupOutcome outcome) => Outcome = outcome;

    /// <summary>A lookup that found nothing.</summary>
    public static ArtifactLease Miss => default;

    /// <summary>A lookup that was refused for load; the artifact may exist.</summary>
    public static ArtifactLease Throttled => new(LookupOutcome.Throttled);

    /// <summary>How the lookup ended.</summary>
    public LookupOutcome Outcome { get; }

    /// <summary>Which tier answered; <see cref="TierKind.None"/> on a miss.</summary>
    public TierKind Source { get; }

    /// <summary>Whether there is content to read.</summary>
    [MemberNotNullWhen(true, nameof(_content))]
    public readonly bool IsHit => _content is not null;

    /// <summary>The bytes.</summary>
    /// <exception cref="InvalidOperationException">This is a miss, or the lease was given back.</exception>
    public readonly ArtifactContent Content =>
        _content ?? throw new InvalidOperationException("The lease holds nothing: the lookup missed or it was disposed.");

    /// <summary>Describes the bytes.</summary>
    /// <exception cref="InvalidOperationException">This is a miss, or the lease was given back.</exception>
    public readonly ArtifactMetadata Metadata => Content.Metadata;

    /// <inheritdoc/>
    public void Dispose()
    {
        var content = _content;
        _content = null;
        content?.Release();
    }
}

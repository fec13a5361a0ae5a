using System.Collections.Immutable;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Artifacts;

/// <summary>What is known of an artifact besides its bytes. Immutable; travels with the entry through every tier.</summary>
public sealed record ArtifactMetadata
{
    /// <summary>Most attributes an artifact may carry.</summary>
    public const int MaxAttributes = 16;

    /// <summary>Most bytes that attribute names and values together may take, as UTF-8.</summary>
    public const int MaxAttributeBytes = 4096;

    /// <summary>Payload length in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 of the payload.</summary>
    public required Fingerprint Digest { get; init; }

    /// <summary>When the artifact was first committed, in UTC. Shown to people; no decision depends on it.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>What making it cost; zero when unknown.</summary>
    public TimeSpan Cost { get; init; }

    /// <summary>Who may invalidate it together with others: a tenant, a module, a project. Null when nobody.</summary>
    public string? Owner { get; init; }

    /// <summary>The canonical recipe that its fingerprint was computed from; empty when unknown.</summary>
    public ReadOnlyMemory<byte> Recipe { get; init; }

    /// <summary>Small named values that a protocol needs back, such as a signature or a media type.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;
}

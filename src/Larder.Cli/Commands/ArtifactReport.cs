using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cli.Commands;

/// <summary>What <c>get --json</c> and <c>put --json</c> print.</summary>
internal sealed record ArtifactReport(
    string Kind, Fingerprint Fingerprint, long Bytes, Fingerprint Digest, string? Owner, string? Source, string? Outcome)
{
    public static ArtifactReport Of(ArtifactKey key, ArtifactMetadata metadata, TierKind source) => new(
        key.Kind.Name,
        key.Fingerprint,
        metadata.Length,
        metadata.Digest,
        metadata.Owner,
        source == TierKind.None ? null : source.ToString().ToLowerInvariant(),
        Outcome: null);
}

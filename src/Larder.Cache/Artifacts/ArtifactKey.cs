using Larder.Cache.Fingerprints;

namespace Larder.Cache.Artifacts;

/// <summary>What every tier looks an artifact up by: its kind and its fingerprint.</summary>
/// <param name="Kind">The family.</param>
/// <param name="Fingerprint">The name within the family.</param>
public readonly record struct ArtifactKey(ArtifactKind Kind, Fingerprint Fingerprint)
{
    /// <inheritdoc/>
    public bool Equals(ArtifactKey other) =>
        Fingerprint.Equals(other.Fingerprint) && Kind.Name == other.Kind.Name;

    /// <summary>The fingerprint's hash: two kinds hardly ever share one.</summary>
    public override int GetHashCode() => Fingerprint.GetHashCode();

    /// <summary>Returns <c>kind/fingerprint</c>, as in paths and log lines.</summary>
    public override string ToString() => $"{Kind.Name}/{Fingerprint}";
}

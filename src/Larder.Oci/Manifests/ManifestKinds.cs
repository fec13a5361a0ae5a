using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Artifacts;

namespace Larder.Oci.Manifests;

/// <summary>The kind of artifact that manifests and configurations are kept as.</summary>
public static class ManifestKinds
{
    /// <summary>A manifest, index or configuration by the digest of its bytes.</summary>
    public static ArtifactKind Manifest { get; } = ArtifactKind.Parse("image-manifest");

    /// <summary>The configured kinds with what manifests demand set beside them.</summary>
    /// <param name="configured">Kinds by name.</param>
    public static ImmutableSortedDictionary<string, KindOptions> Complete(ImmutableSortedDictionary<string, KindOptions> configured)
    {
        ArgumentNullException.ThrowIfNull(configured);
        return configured.SetItem(
            Manifest.Name,
            configured.GetValueOrDefault(Manifest.Name, new KindOptions { MaxEntryBytes = ManifestLimits.MaxConfigBytes }) with
            {
                ContentAddressed = true,
            });
    }
}

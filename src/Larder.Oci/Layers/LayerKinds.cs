using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>The kinds of artifacts that layers are kept as, and what the store demands of them.</summary>
public static class LayerKinds
{
    /// <summary>One regular file of a layer, by the digest of its bytes.</summary>
    public static ArtifactKind File { get; } = ArtifactKind.Parse("image-file");

    /// <summary>Small files of a layer one behind the other, by the digest of the whole.</summary>
    public static ArtifactKind Pack { get; } = ArtifactKind.Parse("image-pack");

    /// <summary>The index of a layer.</summary>
    public static ArtifactKind Index { get; } = ArtifactKind.Parse("layer-index");

    /// <summary>Where decompression of a layer's blob can begin.</summary>
    public static ArtifactKind Points { get; } = ArtifactKind.Parse("layer-points");

    /// <summary>The configured kinds with what the store demands set beside them.</summary>
    /// <param name="configured">Kinds by name.</param>
    public static ImmutableSortedDictionary<string, KindOptions> Complete(
        ImmutableSortedDictionary<string, KindOptions> configured)
    {
        ArgumentNullException.ThrowIfNull(configured);
        var completed = configured.ToBuilder();
        foreach (var (kind, form) in ((ArtifactKind Kind, DiskForm Form)[])[(File, DiskForm.Raw), (Pack, DiskForm.Framed)])
        {
            completed[kind.Name] = configured.GetValueOrDefault(kind.Name, new KindOptions()) with
            {
                Memory = false,
                ContentAddressed = true,
                DiskForm = form,
            };
        }

        foreach (var kind in (ReadOnlySpan<ArtifactKind>)[Index, Points])
        {
            completed[kind.Name] = configured.GetValueOrDefault(kind.Name, new KindOptions()) with { Memory = false };
        }

        return completed.ToImmutable();
    }

    /// <summary>What an object is kept by.</summary>
    internal static ArtifactKey KeyOf(in LayerObject item) =>
        new(item.Kind == LayerObjectKind.File ? File : Pack, item.Digest);
}

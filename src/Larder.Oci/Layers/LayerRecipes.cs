using Larder.Cache.Fingerprints;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;
using Larder.Oci.Sources;

namespace Larder.Oci.Layers;

/// <summary>What the index and the restart points of a layer are named by.</summary>
internal static class LayerRecipes
{
    /// <summary>Raised whenever the same archive would give another index or other objects.</summary>
    private const int ImporterVersion = 1;

    /// <summary>The index: of what is in the layer, however it is compressed.</summary>
    public static Recipe IndexOf(Fingerprint diffId, LayerStoreOptions options)
    {
        var recipe = Recipe.For(LayerKinds.Index, LayerIndexFormat.Version)
            .Add("diff-id", diffId)
            .Add("importer", ImporterVersion);
        return options.Decompressed is not null
            ? recipe.Add("form", "archive").Build()
            : recipe
                .Add("file-object-bytes", options.FileObjectBytes)
                .Add("pack-bytes", options.PackBytes)
                .Add("pack-span-bytes", options.PackSpanBytes)
                .Build();
    }

    /// <summary>The restart points: of one blob.</summary>
    public static Recipe PointsOf(ImageLayer layer, LayerStoreOptions options) =>
        Recipe.For(LayerKinds.Points, RestartPointFormat.Version)
            .Add("blob", layer.Blob.Digest.ToString())
            .Add("spacing", options.PointSpacingBytes)
            .Build();
}

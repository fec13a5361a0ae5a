using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;

namespace Larder.Tests.Oci.Support;

/// <summary>Puts images made of given layers into a layout on disk, in the forms that registries hold them in.</summary>
/// <remarks>
/// <code>
/// var source = await TestImages.WriteAsync(directory, "v1", OddLayers.All, LayerForm.Gzip);
/// var image = await source.ResolveAsync(ImageReference.OfLayout(directory, "v1"), null, default);
/// </code>
/// </remarks>
public static class TestImages
{
    /// <summary>Writes an image of uncompressed layers under a name, and opens the layout.</summary>
    public static async Task<LayoutImageSource> WriteAsync(
        string directory, string name, IReadOnlyList<byte[]> layers, LayerForm form = LayerForm.Gzip)
    {
        var writer = await LayoutWriter.OpenAsync(directory);
        await writer.TagAsync(name, await AddAsync(writer, layers, form));
        return new LayoutImageSource(directory);
    }

    /// <summary>Adds an image without a name.</summary>
    public static async Task<Descriptor> AddAsync(
        LayoutWriter writer, IReadOnlyList<byte[]> layers, LayerForm form = LayerForm.Gzip, ImagePlatform? platform = null)
    {
        List<ImageLayer> added = [];
        foreach (var layer in layers)
        {
            var blob = await writer.AddBlobAsync(MediaTypeOf(form), BlobOf(layer, form));
            added.Add(new ImageLayer(blob, OciDigest.Of(layer)));
        }

        return await writer.AddManifestAsync(platform ?? ImagePlatform.Current, added, form == LayerForm.Docker);
    }

    /// <summary>The blob of an uncompressed layer.</summary>
    public static byte[] BlobOf(byte[] layer, LayerForm form) => form switch
    {
        LayerForm.Plain => layer,
        LayerForm.GzipMembers => BlobForms.GzipMembers(layer, 4096),
        LayerForm.Zstd => BlobForms.ZstdFrames(layer, 64 * 1024),
        _ => BlobForms.Gzip(layer),
    };

    private static string MediaTypeOf(LayerForm form) => form switch
    {
        LayerForm.Plain => MediaTypes.OciLayer,
        LayerForm.Zstd => MediaTypes.OciLayerZstd,
        LayerForm.Docker => MediaTypes.DockerLayerGzip,
        _ => MediaTypes.OciLayerGzip,
    };
}

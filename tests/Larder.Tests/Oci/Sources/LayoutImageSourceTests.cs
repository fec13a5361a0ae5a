using System.Text;
using Larder.Cache.Artifacts;
using Larder.Oci;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Sources;

public sealed class LayoutImageSourceTests : IDisposable
{
    private static readonly byte[] Layer = new TarBuilder().File("hello", "world").ToArray();

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(LayerForm.Gzip)]
    [InlineData(LayerForm.GzipMembers)]
    [InlineData(LayerForm.Zstd)]
    [InlineData(LayerForm.Plain)]
    [InlineData(LayerForm.Docker)]
    public async Task What_was_written_is_found(LayerForm form)
    {
        var source = await TestImages.WriteAsync(_folder.Path, "v1", OddLayers.All, form);

        var image = await source.ResolveAsync(Reference("v1"), null, default);

        Assert.Equal(OddLayers.All.Select(static layer => OciDigest.Of(layer)), image.Config.DiffIds);
        Assert.Equal(image.Config.DiffIds, image.Layers.Select(static layer => layer.DiffId));
        Assert.Equal(ImagePlatform.Current, image.Config.Platform);
        Assert.Equal(form == LayerForm.Docker ? MediaTypes.DockerManifest : MediaTypes.OciManifest, image.Manifest.MediaType);
        foreach (var (layer, content) in image.Layers.Zip(OddLayers.All))
        {
            Assert.Equal(TestImages.BlobOf(content, form), await ReadAsync(source, layer.Blob));
        }
    }

    [Fact]
    public async Task A_part_of_a_blob_is_read_by_its_range()
    {
        var source = await TestImages.WriteAsync(_folder.Path, "v1", [Layer], LayerForm.Plain);
        var image = await source.ResolveAsync(Reference("v1"), null, default);

        var part = await ReadAsync(source, image.Layers[0].Blob, new ByteRange(512, 5));

        Assert.Equal("world"u8.ToArray(), part);
    }

    [Fact]
    public async Task A_range_beyond_the_blob_is_the_callers_mistake()
    {
        var source = await TestImages.WriteAsync(_folder.Path, "v1", [Layer], LayerForm.Plain);
        var image = await source.ResolveAsync(Reference("v1"), null, default);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await ReadAsync(source, image.Layers[0].Blob, new ByteRange(Layer.Length - 1, 2)));
    }

    [Fact]
    public async Task A_flipped_bit_fails_the_read_that_would_give_the_last_byte()
    {
        var source = await TestImages.WriteAsync(_folder.Path, "v1", [Layer], LayerForm.Plain);
        var image = await source.ResolveAsync(Reference("v1"), null, default);
        var path = BlobPath(image.Layers[0].Blob.Digest);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[700] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        await using var blob = await source.OpenBlobAsync(image.Layers[0].Blob, null, default);
        var buffer = new byte[Layer.Length - 1];
        await blob.ReadExactlyAsync(buffer);
        var failure = await Assert.ThrowsAsync<OciException>(async () => await blob.ReadExactlyAsync(buffer.AsMemory(0, 1)));

        Assert.Equal(OciErrorKind.DigestMismatch, failure.Kind);
    }

    [Fact]
    public async Task A_blob_that_was_cut_short_is_refused_at_once()
    {
        var source = await TestImages.WriteAsync(_folder.Path, "v1", [Layer], LayerForm.Plain);
        var image = await source.ResolveAsync(Reference("v1"), null, default);
        await using (var file = File.OpenWrite(BlobPath(image.Layers[0].Blob.Digest)))
        {
            file.SetLength(100);
        }

        var failure = await Assert.ThrowsAsync<OciException>(async () => await source.OpenBlobAsync(image.Layers[0].Blob, null, default));

        Assert.Equal(OciErrorKind.DigestMismatch, failure.Kind);
    }

    [Fact]
    public async Task The_platform_that_is_asked_for_is_chosen_from_an_index()
    {
        var writer = await LayoutWriter.OpenAsync(_folder.Path);
        var intel = await TestImages.AddAsync(writer, [Layer], platform: new ImagePlatform("linux", "amd64"));
        var arm = await TestImages.AddAsync(writer, [Layer, Layer], platform: new ImagePlatform("linux", "arm64"));
        var unknown = await TestImages.AddAsync(writer, [], platform: new ImagePlatform("unknown", "unknown"));
        await writer.TagAsync("multi", await writer.AddIndexAsync([unknown, arm, intel]));
        var source = new LayoutImageSource(_folder.Path);

        var first = await source.ResolveAsync(Reference("multi"), ImagePlatform.Parse("linux/x86_64"), default);
        var second = await source.ResolveAsync(Reference("multi"), ImagePlatform.Parse("linux/arm64/v8"), default);
        var failure = await Assert.ThrowsAsync<OciException>(
            async () => await source.ResolveAsync(Reference("multi"), ImagePlatform.Parse("linux/s390x"), default));

        Assert.Equal(intel.Digest, first.ManifestDescriptor.Digest);
        Assert.Equal(2, second.Layers.Length);
        Assert.Equal(OciErrorKind.NotFound, failure.Kind);
        Assert.Contains("linux/arm64, linux/amd64", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_in_an_index_is_looked_into()
    {
        var writer = await LayoutWriter.OpenAsync(_folder.Path);
        var image = await TestImages.AddAsync(writer, [Layer]);
        await writer.TagAsync("nested", await writer.AddIndexAsync([await writer.AddIndexAsync([image], docker: true)]));

        var found = await new LayoutImageSource(_folder.Path).ResolveAsync(Reference("nested"), null, default);

        Assert.Equal(image.Digest, found.ManifestDescriptor.Digest);
    }

    [Fact]
    public async Task Without_a_name_the_only_image_is_meant_and_of_several_none()
    {
        var source = await TestImages.WriteAsync(_folder.Path, "one", [Layer]);

        var only = await source.ResolveAsync(Reference(null), null, default);
        await TestImages.WriteAsync(_folder.Path, "two", [Layer, Layer]);
        var failure = await Assert.ThrowsAsync<OciException>(async () => await source.ResolveAsync(Reference(null), null, default));

        Assert.Single(only.Layers);
        Assert.Equal(OciErrorKind.NotFound, failure.Kind);
        Assert.Contains("one, two", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_digest_names_an_image_whatever_its_name_is_now()
    {
        var source = await TestImages.WriteAsync(_folder.Path, "v1", [Layer]);
        var before = await source.ResolveAsync(Reference("v1"), null, default);
        await TestImages.WriteAsync(_folder.Path, "v1", [Layer, Layer]);

        var byDigest = await source.ResolveAsync(Reference("v1").WithDigest(before.Digest), null, default);
        var byName = await source.ResolveAsync(Reference("v1"), null, default);

        Assert.Single(byDigest.Layers);
        Assert.Equal(2, byName.Layers.Length);
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        var empty = new LayoutImageSource(_folder["nowhere"]);
        var source = await TestImages.WriteAsync(_folder.Path, "v1", [Layer]);

        var noLayout = await Assert.ThrowsAsync<OciException>(
            async () => await empty.ResolveAsync(ImageReference.OfLayout(_folder["nowhere"]), null, default));
        var noName = await Assert.ThrowsAsync<OciException>(async () => await source.ResolveAsync(Reference("v2"), null, default));

        Assert.Equal(OciErrorKind.NotFound, noLayout.Kind);
        Assert.Contains("no such directory", noLayout.Message, StringComparison.Ordinal);
        Assert.Contains("it has v1", noName.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_with_another_number_of_layers_is_refused()
    {
        var writer = await LayoutWriter.OpenAsync(_folder.Path);
        var image = await TestImages.AddAsync(writer, [Layer, Layer]);
        var manifest = await File.ReadAllTextAsync(BlobPath(image.Digest));
        var layers = manifest.IndexOf("\"layers\":[", StringComparison.Ordinal) + "\"layers\":[".Length;
        var second = manifest.IndexOf("},{", layers, StringComparison.Ordinal) + 2;
        var shorter = manifest.Remove(layers, second - layers);
        await writer.TagAsync("short", await writer.AddBlobAsync(MediaTypes.OciManifest, Encoding.UTF8.GetBytes(shorter)));

        var failure = await Assert.ThrowsAsync<OciException>(
            async () => await new LayoutImageSource(_folder.Path).ResolveAsync(Reference("short"), null, default));

        Assert.Equal(OciErrorKind.InvalidManifest, failure.Kind);
        Assert.Contains("1 layers, but its configuration names 2", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<byte[]> ReadAsync(LayoutImageSource source, Descriptor blob, ByteRange? range = null)
    {
        await using var stream = await source.OpenBlobAsync(blob, range, default);
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        Assert.Equal(stream.Length, copy.Length);
        return copy.ToArray();
    }

    private ImageReference Reference(string? name) => ImageReference.OfLayout(_folder.Path, name);

    private string BlobPath(OciDigest digest) => _folder[Path.Combine("blobs", "sha256", digest.Hex)];
}

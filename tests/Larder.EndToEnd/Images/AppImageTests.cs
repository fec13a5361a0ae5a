using System.Text.Json;
using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;

namespace Larder.EndToEnd.Images;

/// <summary>The image that the tests here are made with is one that real tools take.</summary>
public sealed class AppImageTests
{
    [Theory]
    [InlineData("v1")]
    [InlineData("zstd")]
    [InlineData("tar")]
    [InlineData("gzmm")]
    [InlineData("odd")]
    [InlineData("odd-zstd")]
    public async Task Every_form_goes_through_a_real_registry_unchanged(string name)
    {
        var image = await AppImage.GetAsync();
        await using var registry = await DockerRegistry.StartAsync();
        var expected = await new LayoutImageSource(image.Layout).ResolveAsync(ImageReference.OfLayout(image.Layout, name), null, default);

        await registry.PushAsync(image.Named(name), "test/app:x", "--preserve-digests");
        var shown = await ProgramRun.OfAsync(new ProgramStart(
            "skopeo", "inspect", "--tls-verify=false", "--no-tags", $"docker://{registry.Host}/test/app:x"));

        using var document = JsonDocument.Parse(shown.Succeeded().Output);
        Assert.Equal(expected.Digest.ToString(), document.RootElement.GetProperty("Digest").GetString());
        Assert.Equal(
            expected.Layers.Select(static layer => layer.Blob.Digest.ToString()),
            document.RootElement.GetProperty("Layers").EnumerateArray().Select(static layer => layer.GetString()!));
    }

    [Fact]
    public async Task Skopeo_makes_a_docker_manifest_of_it_on_the_way()
    {
        var image = await AppImage.GetAsync();
        await using var registry = await DockerRegistry.StartAsync();

        await registry.PushAsync(image.Named("odd"), "test/app:x", "--format", "v2s2");
        var shown = await ProgramRun.OfAsync(new ProgramStart(
            "skopeo", "inspect", "--tls-verify=false", "--raw", $"docker://{registry.Host}/test/app:x"));

        Assert.Contains(MediaTypes.DockerManifest, shown.Succeeded().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_forms_of_the_image_have_the_same_layers_inside()
    {
        var image = await AppImage.GetAsync();
        var source = new LayoutImageSource(image.Layout);

        var forms = new List<ResolvedImage>();
        foreach (var name in (string[])["v1", "v2s2", "zstd", "tar", "gzmm", "multi"])
        {
            forms.Add(await source.ResolveAsync(ImageReference.OfLayout(image.Layout, name), null, default));
        }

        Assert.All(forms, form => Assert.Equal(forms[0].Config.DiffIds, form.Config.DiffIds));
        Assert.Equal(4, forms[0].Layers.Length);
    }

    [Fact]
    public async Task Umoci_unpacks_the_odd_image()
    {
        var image = await AppImage.GetAsync();
        using var directory = new TemporaryDirectory();

        var root = await AppImage.UnpackAsync(image.Named("odd"), directory["bundle"]);

        Assert.Equal("second life", await File.ReadAllTextAsync(Path.Combine(root, "back", "file")));
        Assert.False(File.Exists(Path.Combine(root, "links", "first")));
    }
}

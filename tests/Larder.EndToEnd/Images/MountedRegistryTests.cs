using System.Text.Json;
using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;
using Larder.Oci.Sources;
using Larder.Tests.Oci.Support;

namespace Larder.EndToEnd.Images;

/// <summary>Images that are mounted straight from Debian's registry, and shared between nodes.</summary>
public sealed class MountedRegistryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("DOCKER_CONFIG", null);
        _directory.Dispose();
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("zstd")]
    public async Task A_real_image_from_a_registry_equals_what_skopeo_and_umoci_make_of_it(string name)
    {
        MountedImage.Require();
        var image = await AppImage.GetAsync();
        await using var registry = await DockerRegistry.StartAsync();
        await registry.PushAsync(image.Named(name), "test/app:x");

        // Umoci knows no zstd; the layers inside are the same.
        await registry.PushAsync(image.Named("v1"), "test/app:reference");
        await registry.PullAsync("test/app:reference", _directory["pulled:app"]);
        var judge = await TreeJudge.UnpackAsync(_directory["pulled:app"], _directory["bundle"]);
        await using var mount = await MountedImage.MountAsync($"{registry.Host}/test/app:x");

        await judge.AssertEqualAsync(mount.Root);
    }

    [Fact]
    public async Task An_odd_image_behind_a_password_is_mounted_and_goes_on_when_the_registry_is_gone()
    {
        MountedImage.Require();
        await using var registry = await DockerRegistry.StartAsync("ada", "secret");
        await PushOddAsync(registry);
        await registry.PullAsync("test/odd:x", _directory["pulled:odd"]);
        var judge = await TreeJudge.UnpackAsync(_directory["pulled:odd"], _directory["bundle"]);
        (await ProgramRun.OfAsync(new ProgramStart(
            "skopeo", "login", "--tls-verify=false", "--authfile", _directory["config.json"], "-u", "ada", "-p", "secret", registry.Host))).Succeeded();
        Environment.SetEnvironmentVariable("DOCKER_CONFIG", _directory.Root);
        await using var mount = await MountedImage.MountAsync($"{registry.Host}/test/odd:x");

        await judge.AssertEqualAsync(mount.Root);
        await registry.StopAsync();
        await judge.AssertEqualAsync(mount.Root);
    }

    [Fact]
    public async Task A_second_node_takes_nothing_but_the_manifest_from_the_registry()
    {
        await using var registry = await DockerRegistry.StartAsync();
        await PushOddAsync(registry);
        await using var node = await NodeProcess.StartAsync(_directory["node"]);
        var reference = $"{registry.Host}/test/odd:x";

        using var first = await PullAsync(reference, node, "first");
        using var second = await PullAsync(reference, node, "second");

        Assert.True(first.RootElement.GetProperty("sourceBytes").GetInt64() > 0);
        Assert.Equal(0, second.RootElement.GetProperty("sourceBytes").GetInt64());
        Assert.True(second.RootElement.GetProperty("remoteBytes").GetInt64() > 0);
    }

    private async Task<JsonDocument> PullAsync(string reference, NodeProcess node, string cache)
    {
        var run = await BuiltTool.RunAsync("pull", reference, "--json", "--remote", node.Url, "--cache-dir", _directory[cache]);
        return JsonDocument.Parse(run.Succeeded().Output);
    }

    private async Task PushOddAsync(DockerRegistry registry)
    {
        var writer = await LayoutWriter.OpenAsync(_directory["layout"]);
        await writer.TagAsync("odd", await TestImages.AddAsync(writer, OddLayers.All));
        await registry.PushAsync($"{_directory["layout"]}:odd", "test/odd:x", "--format", "v2s2");
    }
}

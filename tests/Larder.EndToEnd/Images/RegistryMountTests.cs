using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;
using Larder.Tests.Oci.Support;

namespace Larder.EndToEnd.Images;

/// <summary>Mounts from a real registry: what they ask for, and what happens when it fails.</summary>
public sealed class RegistryMountTests
{
    private static readonly byte[] Large = [.. Enumerable.Range(0, 3_000_000).Select(static i => (byte)((i * 31) ^ (i >> 11)))];

    [Theory]
    [InlineData("v1", "v2s2")]
    [InlineData("odd", "oci")]
    public async Task An_image_of_a_registry_equals_what_skopeo_pulls_and_umoci_unpacks(string name, string format)
    {
        var image = await AppImage.GetAsync();
        await using var registry = await DockerRegistry.StartAsync("reader", "secret");
        await registry.PushAsync(image.Named(name), "test/app:x", "--format", format);
        using var directory = new TemporaryDirectory();
        await registry.PullAsync("test/app:x", $"{directory["pulled"]}:x");
        var judge = await TreeJudge.UnpackAsync($"{directory["pulled"]}:x", directory["bundle"]);

        await using var mount = await MountedImage.MountWithAsync(
            new Dictionary<string, string?> { ["LARDER_REGISTRY_USERNAME"] = "reader", ["LARDER_REGISTRY_PASSWORD"] = "secret" },
            $"{registry.Host}/test/app:x");

        await judge.AssertEqualAsync(mount.Root);
    }

    [Fact]
    public async Task The_second_mount_asks_for_the_manifest_and_nothing_else()
    {
        using var directory = new TemporaryDirectory();
        await using var registry = await StartAsync(directory["layout"]);
        await using var proxy = await RegistryProxy.StartAsync(registry.Host);
        await using (var first = await MountedImage.MountAsync($"{proxy.Host}/test/app:x", directory["cache"]))
        {
            Assert.Equal(Large, await File.ReadAllBytesAsync(Path.Combine(first.Root, "large")));
        }

        Assert.True(proxy.Blobs > 0);
        proxy.Requests.Clear();
        await using var second = await MountedImage.MountAsync($"{proxy.Host}/test/app:x", directory["cache"]);

        Assert.Equal(Large, await File.ReadAllBytesAsync(Path.Combine(second.Root, "large")));
        Assert.All(proxy.Requests, static request => Assert.Matches("/manifests/|^GET /v2/$", request));
        Assert.InRange(proxy.Requests.Count, 1, 2);
    }

    [Fact]
    public async Task A_second_node_gets_everything_but_the_manifest_of_the_tag_from_the_first_nodes_remote_tier()
    {
        using var directory = new TemporaryDirectory();
        await using var registry = await StartAsync(directory["layout"]);
        await using var proxy = await RegistryProxy.StartAsync(registry.Host);
        await using var node = await NodeProcess.StartAsync(directory["node"]);
        string[] remote = ["--remote", node.Url];
        await using (var first = await MountedImage.MountAsync($"{proxy.Host}/test/app:x", directory["one"], remote))
        {
            Assert.Equal(Large, await File.ReadAllBytesAsync(Path.Combine(first.Root, "large")));
            (await first.RunAsync("unmount", first.Root)).Succeeded();
        }

        proxy.Requests.Clear();
        await using var second = await MountedImage.MountAsync($"{proxy.Host}/test/app:x", directory["two"], remote);

        Assert.Equal(Large, await File.ReadAllBytesAsync(Path.Combine(second.Root, "large")));
        Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(second.Root, "d", "small")));
        Assert.Equal(0, proxy.Blobs);
    }

    [Fact]
    public async Task A_registry_that_fails_hurts_only_reads_of_what_is_not_here_and_they_go_on_when_it_is_back()
    {
        using var directory = new TemporaryDirectory();
        await using var registry = await StartAsync(directory["layout"]);
        await using var proxy = await RegistryProxy.StartAsync(registry.Host);
        await using var mount = await MountedImage.MountAsync($"{proxy.Host}/test/app:x", directory["cache"], "--no-passthrough");
        Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(mount.Root, "d", "small")));
        Directory.Delete(Path.Combine(directory["cache"], "image-file"), recursive: true);
        proxy.Refuses = static path => path.Contains("/blobs/", StringComparison.Ordinal);

        var reading = File.ReadAllBytesAsync(Path.Combine(mount.Root, "large"));
        Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(mount.Root, "d", "small")));
        await MountedImage.WaitAsync("a refused request", () => proxy.Blobs > 0);
        proxy.Refuses = static _ => false;

        Assert.Equal(Large, await reading.WaitAsync(TimeSpan.FromMinutes(2)));
    }

    [Fact]
    public async Task A_blob_that_is_not_what_its_digest_says_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await using var registry = await StartAsync(directory["layout"]);
        var blob = Directory.EnumerateFiles(directory["layout/blobs/sha256"]).MaxBy(static path => new FileInfo(path).Length)!; // Not null: there are some.
        await using (var file = new FileStream(registry.PathOf(Path.GetFileName(blob)), FileMode.Open))
        {
            file.Position = file.Length / 2;
            file.Write("damage"u8);
        }

        Directory.CreateDirectory(directory["mnt"]);
        var run = await BuiltTool.RunAsync(
            new ProgramStart("dotnet") { Timeout = TimeSpan.FromMinutes(5), Environment = new Dictionary<string, string?> { ["XDG_RUNTIME_DIR"] = directory.Root } },
            "mount", $"{registry.Host}/test/app:x", directory["mnt"], "--cache-dir", directory["cache"]);

        Assert.NotEqual(0, run.ExitCode);
        Assert.DoesNotContain("defect", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(directory["mnt"], await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    private static async Task<DockerRegistry> StartAsync(string layout)
    {
        MountedImage.Require();
        var layer = new TarBuilder().Directory("d/").File("large", Large).File("d/small", "small").ToArray();
        await TestImages.WriteAsync(layout, "x", [layer]);
        var registry = await DockerRegistry.StartAsync();
        await registry.PushAsync($"{layout}:x", "test/app:x");
        return registry;
    }
}

using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;
using Larder.EndToEnd.Remote;
using Larder.Tests.Oci.Support;

namespace Larder.EndToEnd.Images;

/// <summary>Mounts that share their layers through Redis: what a second node asks for, and what Redis in trouble does to reads.</summary>
[Collection(EngineTests.Name)]
public sealed class RedisMountTests : IAsyncLifetime
{
    private const int Files = 12;

    private readonly TemporaryDirectory _directory = new();
    private DockerRegistry? _registry;
    private RegistryProxy? _proxy;

    public async ValueTask InitializeAsync()
    {
        MountedImage.Require();
        var layer = new TarBuilder().Directory("d/").File("d/small", "small");
        for (var i = 0; i < Files; i++)
        {
            layer.File($"large-{i}", Content(i));
        }

        await TestImages.WriteAsync(_directory["layout"], "x", [layer.ToArray()]);
        _registry = await DockerRegistry.StartAsync();
        await _registry.PushAsync($"{_directory["layout"]}:x", "test/app:x");
        _proxy = await RegistryProxy.StartAsync(_registry.Host);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_registry is not null)
        {
            await _registry.DisposeAsync();
        }

        _directory.Dispose();
    }

    [Fact]
    public async Task A_second_node_gets_everything_but_the_manifest_of_the_tag_from_Redis()
    {
        await using var engine = await EngineProcess.StartRedisAsync();
        await ShareAsync(engine);
        _proxy!.Requests.Clear();

        await using var second = await MountAsync(engine, "two");

        await AssertWholeAsync(second);
        Assert.Equal(0, _proxy.Blobs);
        Assert.All(_proxy.Requests, static request => Assert.Matches("/manifests/|^GET /v2/$", request));
    }

    [Fact]
    public async Task What_Redis_evicts_comes_from_the_registry()
    {
        await using var engine = await EngineProcess.StartRedisAsync("--maxmemory", "8mb", "--maxmemory-policy", "allkeys-random");
        await ShareAsync(engine);

        await using var second = await MountAsync(engine, "two");

        await AssertWholeAsync(second);
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("stopped")]
    [InlineData("emptied")]
    [InlineData("killed and started again")]
    public async Task Redis_that_goes_away_between_reads_loses_none(string trouble)
    {
        await using var engine = await EngineProcess.StartRedisAsync();
        await ShareAsync(engine);
        await using var second = await MountAsync(engine, "two");
        Assert.Equal(Content(0), await File.ReadAllBytesAsync(Path.Combine(second.Root, "large-0")));

        switch (trouble)
        {
            case "stopped":
                await engine.PauseAsync();
                break;
            case "emptied":
                await engine.AskAsync("FLUSHALL");
                break;
            default:
                await engine.KillAsync();
                break;
        }

        if (trouble == "killed and started again")
        {
            var reading = AssertWholeAsync(second);
            await engine.RunAsync();
            await reading;
        }

        await AssertWholeAsync(second);
        await engine.EnsureRunningAsync();
    }

    [Fact]
    public async Task Redis_that_says_nothing_from_the_start_does_not_keep_an_image_from_being_mounted()
    {
        await using var engine = await EngineProcess.StartRedisAsync();
        await engine.PauseAsync();

        await using var mount = await MountAsync(engine, "one");

        await AssertWholeAsync(mount);
        await engine.ResumeAsync();
    }

    private Task<MountedImage> MountAsync(EngineProcess engine, string cache) => MountedImage.MountAsync(
        $"{_proxy!.Host}/test/app:x", _directory[cache], "--remote", engine.Address.ToString().TrimEnd('/'));

    // A first node reads all of the image; what it sends behind its reads is there once it has unmounted.
    private async Task ShareAsync(EngineProcess engine)
    {
        await using var first = await MountAsync(engine, "one");
        await AssertWholeAsync(first);
        (await first.RunAsync("unmount", first.Root)).Succeeded();
    }

    private static async Task AssertWholeAsync(MountedImage mount)
    {
        Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(mount.Root, "d", "small")));
        for (var i = 0; i < Files; i++)
        {
            Assert.Equal(Content(i), await File.ReadAllBytesAsync(Path.Combine(mount.Root, $"large-{i}")));
        }
    }

    private static byte[] Content(int number)
    {
        var bytes = new byte[1_500_000];
        new Random(number).NextBytes(bytes);
        return bytes;
    }
}

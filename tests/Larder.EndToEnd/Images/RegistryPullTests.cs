using System.Text.Json;
using Larder.Cache.Artifacts;
using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Registry;
using Larder.Oci.Sources;
using Larder.Tests.Oci.Support;

namespace Larder.EndToEnd.Images;

/// <summary>Images out of Debian's registry, put there by skopeo: by the library and by the tool.</summary>
public sealed class RegistryPullTests : IDisposable
{
    private const int Unreachable = 5;
    private const int Damaged = 4;
    private const int NotFound = 3;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("v1")]
    [InlineData("zstd")]
    [InlineData("tar")]
    [InlineData("gzmm")]
    [InlineData("multi")]
    public async Task What_is_read_is_what_was_pushed(string name)
    {
        var image = await AppImage.GetAsync();
        await using var registry = await DockerRegistry.StartAsync();
        await registry.PushAsync(image.Named(name), "test/app:x", "--preserve-digests");
        var layout = new LayoutImageSource(image.Layout);
        var expected = await layout.ResolveAsync(ImageReference.OfLayout(image.Layout, name), null, default);
        using var client = new RegistryClient(new RegistryOptions { DockerConfigDirectory = string.Empty });
        var reference = ImageReference.Parse($"{registry.Host}/test/app:x");
        var source = new RegistryImageSource(client, reference);

        var found = await source.ResolveAsync(reference, null, default);

        Assert.Equal(expected.Digest, found.Digest);
        Assert.Equal(expected.Config.DiffIds, found.Config.DiffIds);
        foreach (var layer in found.Layers)
        {
            await using var whole = await source.OpenBlobAsync(layer.Blob, null, default);
            await using var same = await layout.OpenBlobAsync(layer.Blob, null, default);
            Assert.Equal(await HashAsync(same), await HashAsync(whole));
            var part = new ByteRange(layer.Blob.Size / 3, Math.Min(100_000, layer.Blob.Size / 2));
            await using var piece = await source.OpenBlobAsync(layer.Blob, part, default);
            await using var samePiece = await layout.OpenBlobAsync(layer.Blob, part, default);
            Assert.Equal(await HashAsync(samePiece), await HashAsync(piece));
        }
    }

    [Fact]
    public async Task The_tool_pulls_an_image_and_remembers_it_while_the_registry_is_away()
    {
        await using var registry = await StartWithOddAsync();
        var reference = $"{registry.Host}/test/odd:v2s2";

        var first = (await PullAsync(reference, "--json")).Succeeded();
        var second = (await PullAsync(reference, "--json")).Succeeded();
        var listed = (await RunAsync("images", "--json")).Succeeded();
        var layers = (await RunAsync("layers", reference)).Succeeded();
        await registry.StopAsync();
        var away = (await PullAsync(reference, "--json")).Succeeded();
        var unknown = await PullAsync($"{registry.Host}/test/odd:other");

        using var report = JsonDocument.Parse(first.Output);
        using var again = JsonDocument.Parse(second.Output);
        using var images = JsonDocument.Parse(listed.Output);
        using var pinned = JsonDocument.Parse(away.Output);
        Assert.Equal(
            OddLayers.All.Select(static layer => OciDigest.Of(layer).ToString()),
            report.RootElement.GetProperty("layers").EnumerateArray().Select(static layer => layer.GetProperty("diffId").GetString()!));
        Assert.True(report.RootElement.GetProperty("sourceBytes").GetInt64() > 0);
        Assert.Equal(0, again.RootElement.GetProperty("sourceBytes").GetInt64());
        Assert.Equal(reference, Assert.Single(images.RootElement.EnumerateArray()).GetProperty("reference").GetString());
        Assert.Contains(MediaTypes.DockerLayerGzip, layers.Text, StringComparison.Ordinal);
        Assert.True(pinned.RootElement.GetProperty("isPinned").GetBoolean());
        Assert.Contains("cannot be reached", away.Error, StringComparison.Ordinal);
        Assert.Equal(Unreachable, unknown.ExitCode);
    }

    [Fact]
    public async Task A_registry_that_wants_a_password_gets_it_from_where_it_is()
    {
        await using var registry = await StartWithOddAsync("ada", "p:ass word");
        var reference = $"{registry.Host}/test/odd:v2s2";
        var login = await ProgramRun.OfAsync(new ProgramStart(
            "skopeo", "login", "--tls-verify=false", "--authfile", _directory["config.json"], "-u", "ada", "--password-stdin", registry.Host)
        {
            Input = "p:ass word"u8.ToArray(),
        });
        login.Succeeded();

        var nobody = await PullAsync(reference);
        var wrong = await RunAsync(new ProgramStart(string.Empty) { Input = "other"u8.ToArray() }, "pull", reference, "--dry-run", "--username", "ada", "--password-stdin");
        var given = await RunAsync(new ProgramStart(string.Empty) { Input = "p:ass word\n"u8.ToArray() }, "pull", reference, "--dry-run", "--username", "ada", "--password-stdin");
        var known = await RunAsync(
            new ProgramStart(string.Empty) { Environment = new Dictionary<string, string?> { ["DOCKER_CONFIG"] = _directory.Root } },
            "pull", reference, "--dry-run");
        var variables = await RunAsync(
            new ProgramStart(string.Empty)
            {
                Environment = new Dictionary<string, string?> { ["LARDER_REGISTRY_USERNAME"] = "ada", ["LARDER_REGISTRY_PASSWORD"] = "p:ass word" },
            },
            "pull", reference, "--dry-run");

        Assert.Equal(Unreachable, nobody.ExitCode);
        Assert.Contains("docker login", nobody.Error, StringComparison.Ordinal);
        Assert.Equal(Unreachable, wrong.ExitCode);
        Assert.Equal(0, given.Succeeded().ExitCode);
        Assert.Equal(0, known.Succeeded().ExitCode);
        Assert.Equal(0, variables.Succeeded().ExitCode);
    }

    [Fact]
    public async Task What_a_registry_does_not_have_or_has_damaged_is_said()
    {
        await using var registry = await StartWithOddAsync();
        using var layers = JsonDocument.Parse((await RunAsync("layers", $"{registry.Host}/test/odd:v2s2", "--json")).Succeeded().Output);
        var blob = registry.PathOf(layers.RootElement[0].GetProperty("digest").GetString()!["sha256:".Length..]);
        var bytes = await File.ReadAllBytesAsync(blob);
        bytes[^100] ^= 1;
        await File.WriteAllBytesAsync(blob, bytes);

        var damaged = await PullAsync($"{registry.Host}/test/odd:v2s2");
        var missing = await PullAsync($"{registry.Host}/test/nothing:v1");

        Assert.Equal(Damaged, damaged.ExitCode);
        Assert.Equal(NotFound, missing.ExitCode);
        Assert.Contains("test/nothing", missing.Error, StringComparison.Ordinal);
    }

    private static async Task<string> HashAsync(Stream stream) =>
        Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(stream));

    private async Task<DockerRegistry> StartWithOddAsync(string? user = null, string? password = null)
    {
        var registry = await DockerRegistry.StartAsync(user, password);
        var writer = await LayoutWriter.OpenAsync(_directory["layout"]);
        await writer.TagAsync("odd", await TestImages.AddAsync(writer, OddLayers.All));
        await registry.PushAsync($"{_directory["layout"]}:odd", "test/odd:v2s2", "--format", "v2s2");
        return registry;
    }

    private Task<ProgramRun> PullAsync(string reference, params string[] options) => RunAsync(["pull", reference, .. options]);

    private Task<ProgramRun> RunAsync(params string[] arguments) => RunAsync(new ProgramStart(string.Empty), arguments);

    private Task<ProgramRun> RunAsync(ProgramStart start, params string[] arguments)
    {
        // What this machine's user has logged in to must not reach the tests.
        var environment = new Dictionary<string, string?> { ["DOCKER_CONFIG"] = _directory["nothing"] };
        foreach (var (name, value) in start.Environment)
        {
            environment[name] = value;
        }

        return BuiltTool.RunAsync(start with { Environment = environment }, [.. arguments, "--cache-dir", _directory["cache"]]);
    }
}

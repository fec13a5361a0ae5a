using Larder.Oci.Registry;
using Larder.Oci.Sources;
using Larder.Tests.Oci.Support;
using Larder.Tests.Remote;

namespace Larder.Tests.Oci.Registry;

/// <summary>Mirrors are asked first, and never in the way.</summary>
public sealed class RegistryMirrorTests : RegistryTest
{
    [Fact]
    public async Task What_a_mirror_has_is_not_asked_of_the_registry()
    {
        await using var mirror = await FakeRegistry.StartAsync();
        await mirror.AddAsync("app", "v1", [Layer]);
        var source = Open(options: WithMirrors(mirror.Host));

        await PullAsync(source);

        Assert.Empty(Registry.Requests);
    }

    [Fact]
    public async Task A_mirror_that_does_not_have_it_is_followed_by_the_next_and_by_the_registry()
    {
        await using var empty = await FakeRegistry.StartAsync();
        await using var second = await FakeRegistry.StartAsync();
        var root = await second.AddAsync("app", "v1", [Layer]);
        await Registry.AddAsync("app", "v1", [Layer]);
        second.Interfere = static context =>
            FakeRegistry.RefuseAsync(context, context.Request.Path.Value!.Contains("/blobs/", StringComparison.Ordinal), 404);
        var source = Open(options: WithMirrors(empty.Host, second.Url));

        var image = await PullAsync(source);

        Assert.Equal(root.Digest, image.Digest);
        Assert.Equal(0, Registry.Count("GET", "manifests"));
        Assert.Equal(2, Registry.Count("GET", "/blobs/"));
    }

    [Fact]
    public async Task A_mirror_that_is_down_is_asked_once_and_then_passed_over()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        var dead = RawServer.DeadAddress();
        await using var ailing = await FakeRegistry.StartAsync();
        ailing.Interfere = static context => FakeRegistry.RefuseAsync(context, true, 500);
        var source = Open(options: WithMirrors(dead.Authority, ailing.Host) with { MirrorPenalty = TimeSpan.FromHours(1) });

        await PullAsync(source);
        await PullAsync(source);

        Assert.Single(ailing.Requests);
    }

    [Fact]
    public async Task A_mirror_that_gives_wrong_bytes_is_found_out_and_passed_over()
    {
        await using var mirror = await FakeRegistry.StartAsync();
        await mirror.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        mirror.Damage = static content => [.. content[..^1], (byte)(content[^1] ^ 1)];
        var source = Open(options: WithMirrors(mirror.Host));
        var image = await Open().ResolveAsync(Reference(), null, default);

        await Assert.ThrowsAsync<Larder.Oci.OciException>(async () => await ReadAsync(source, image.Layers[0].Blob));
        var again = await ReadAsync(source, image.Layers[0].Blob);

        Assert.Equal(Layer, again);
    }

    [Fact]
    public async Task A_mirror_that_breaks_off_is_replaced_in_the_middle_of_a_blob()
    {
        await using var mirror = await FakeRegistry.StartAsync();
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        mirror.Interfere = async context =>
        {
            await FakeRegistry.CutAsync(context, Layer, 400_000);
            return true;
        };
        var image = await Open().ResolveAsync(Reference(), null, default);

        var blob = await ReadAsync(Open(options: WithMirrors(mirror.Host)), image.Layers[0].Blob);

        Assert.Equal(Layer, blob);
        Assert.Single(mirror.Requests);
    }

    [Fact]
    public async Task A_mirror_does_not_see_what_was_given_for_the_registry()
    {
        await using var mirror = await FakeRegistry.StartAsync();
        (mirror.Scheme, mirror.Account) = ("basic", "ada:secret");
        await Registry.AddAsync("app", "v1", [Layer]);
        (Registry.Scheme, Registry.Account) = ("basic", "ada:secret");
        var options = WithMirrors(mirror.Host) with { Credential = new RegistryCredential { User = "ada", Password = "secret" } };

        await PullAsync(Open(options: options));

        Assert.All(mirror.Requests, static seen => Assert.Null(seen.Authorization));
    }

    private async Task<ResolvedImage> PullAsync(RegistryImageSource source)
    {
        var image = await source.ResolveAsync(Reference(), null, default);
        Assert.Equal(TestImages.BlobOf(Layer, LayerForm.Gzip), await ReadAsync(source, image.Layers[0].Blob));
        return image;
    }
}

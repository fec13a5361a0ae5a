using Larder.Cache;
using Larder.Oci;
using Larder.Oci.Manifests;
using Larder.Oci.Registry;
using Larder.Oci.Sources;

namespace Larder.Tests.Oci.Registry;

/// <summary>What is remembered of images: manifests by digest, tags by what they stood for.</summary>
public sealed class PinnedTagTests : RegistryTest
{
    private readonly CacheOptions _cacheOptions = new()
    {
        Memory = new() { CapacityBytes = 16 * 1024 * 1024 },
        Kinds = ManifestKinds.Complete(System.Collections.Immutable.ImmutableSortedDictionary<string, KindOptions>.Empty),
    };

    private TagPins Pins => new(Folder["pins.json"]);

    [Fact]
    public async Task A_second_look_asks_for_the_name_of_the_manifest_and_nothing_else()
    {
        await Registry.AddAsync("app", "v1", [Layer], asIndex: true);
        await using var cache = await TieredCache.OpenAsync(_cacheOptions);
        using var client = new RegistryClient(Options);
        var first = await new RegistryImageSource(client, Reference(), cache, Pins).ResolveAsync(Reference(), null, default);
        Registry.Requests.Clear();

        var second = await new RegistryImageSource(client, Reference(), cache, Pins).ResolveAsync(Reference(), null, default);

        Assert.Equal(first.Digest, second.Digest);
        Assert.False(second.IsPinned);
        Assert.Equal("HEAD", Assert.Single(Registry.Requests).Method);
    }

    [Fact]
    public async Task A_node_that_shares_the_cache_asks_for_the_manifest_of_the_tag_and_nothing_else()
    {
        await Registry.AddAsync("app", "v1", [Layer], asIndex: true);
        await using var cache = await TieredCache.OpenAsync(_cacheOptions);
        using var client = new RegistryClient(Options);
        await new RegistryImageSource(client, Reference(), cache).ResolveAsync(Reference(), null, default);
        Registry.Requests.Clear();

        await new RegistryImageSource(client, Reference(), cache).ResolveAsync(Reference(), null, default);

        Assert.Contains("/manifests/v1", Assert.Single(Registry.Requests).Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_that_moved_is_followed()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        await using var cache = await TieredCache.OpenAsync(_cacheOptions);
        using var client = new RegistryClient(Options);
        var source = new RegistryImageSource(client, Reference(), cache, Pins);
        await source.ResolveAsync(Reference(), null, default);
        var moved = await Registry.AddAsync("app", "v1", [Layer, Layer]);

        var image = await source.ResolveAsync(Reference(), null, default);

        Assert.Equal(moved.Digest, image.Digest);
        Assert.Equal(moved.Digest.ToString(), Assert.Single(await Pins.ListAsync()).Digest);
    }

    [Fact]
    public async Task What_is_remembered_is_recalled_without_asking_anybody()
    {
        await Registry.AddAsync("app", "v1", [Layer], asIndex: true);
        await using var cache = await TieredCache.OpenAsync(_cacheOptions);
        using var client = new RegistryClient(Options);
        var source = new RegistryImageSource(client, Reference(), cache, Pins);
        var nothing = await source.RecallAsync(Reference(), null, default);
        var image = await source.ResolveAsync(Reference(), null, default);
        Registry.Requests.Clear();

        var recalled = await source.RecallAsync(Reference(), null, default);
        var elsewhere = await new RegistryImageSource(client, Reference(), cache: null, Pins).RecallAsync(Reference(), null, default);

        Assert.Null(nothing);
        Assert.Null(elsewhere);
        Assert.Equal(image.ManifestDescriptor, recalled!.ManifestDescriptor);
        Assert.Equal(image.Layers, recalled.Layers);
        Assert.True(recalled.IsPinned);
        Assert.Empty(Registry.Requests);
    }

    [Fact]
    public async Task What_was_asked_early_is_not_asked_again_and_is_the_answer_once()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        await using var cache = await TieredCache.OpenAsync(_cacheOptions);
        using (var before = new ImageSources(Options, Pins))
        {
            before.Ask(Reference()); // Of a tag that nobody has looked up nothing is asked.
            await before.Open(Reference(), cache).ResolveAsync(Reference(), null, default);
        }

        Assert.Equal("GET", Assert.Single(Registry.Requests, static request => request.Path.Contains("/manifests/", StringComparison.Ordinal)).Method);
        Registry.Requests.Clear();
        using var sources = new ImageSources(Options, Pins);
        sources.Ask(Reference());
        var source = sources.Open(Reference(), cache);

        await source.ResolveAsync(Reference(), null, default);
        Assert.Equal("HEAD", Assert.Single(Registry.Requests).Method);

        var moved = await Registry.AddAsync("app", "v1", [Layer, Layer]);
        Assert.Equal(moved.Digest, (await source.ResolveAsync(Reference(), null, default)).Digest);
    }

    [Fact]
    public async Task An_image_that_was_used_can_be_used_while_its_registry_is_away()
    {
        var root = await Registry.AddAsync("app", "v1", [Layer]);
        await using var cache = await TieredCache.OpenAsync(_cacheOptions);
        using var client = new RegistryClient(Options with { MaxAttempts = 1 });
        var source = new RegistryImageSource(client, Reference(), cache, Pins);
        await source.ResolveAsync(Reference(), null, default);
        Registry.Interfere = static context => FakeRegistry.RefuseAsync(context, true, 503);

        var byTag = await source.ResolveAsync(Reference(), null, default);
        var byDigest = await source.ResolveAsync(Reference().WithDigest(root.Digest), null, default);
        var other = await Assert.ThrowsAsync<OciException>(async () => await source.ResolveAsync(Reference("app:other"), null, default));

        Assert.True(byTag.IsPinned);
        Assert.Equal(root.Digest, byTag.Digest);
        Assert.False(byDigest.IsPinned);
        Assert.Equal(OciErrorKind.Unavailable, other.Kind);
    }

    [Fact]
    public async Task A_tag_that_is_gone_or_forbidden_is_not_taken_from_memory()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        await using var cache = await TieredCache.OpenAsync(_cacheOptions);
        using var client = new RegistryClient(Options);
        var source = new RegistryImageSource(client, Reference(), cache, Pins);
        await source.ResolveAsync(Reference(), null, default);

        foreach (var (status, kind) in new[] { (404, OciErrorKind.NotFound), (403, OciErrorKind.Unauthorized) })
        {
            Registry.Interfere = context => FakeRegistry.RefuseAsync(context, true, status);
            Assert.Equal(kind, (await Assert.ThrowsAsync<OciException>(async () => await source.ResolveAsync(Reference(), null, default))).Kind);
        }
    }

    [Fact]
    public async Task Many_writers_of_the_file_lose_nothing_and_damage_begins_it_anew()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        using var client = new RegistryClient(Options);
        for (var i = 0; i < 8; i++)
        {
            await Registry.AddAsync("app", $"t{i}", [Layer]);
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => new RegistryImageSource(client, Reference(), null, Pins)
            .ResolveAsync(Reference($"app:t{i}"), null, default).AsTask()));
        var listed = await Pins.ListAsync();
        await File.WriteAllTextAsync(Folder["pins.json"], "[{\"reference\":");

        Assert.Equal(8, listed.Count);
        Assert.All(listed, static pin => Assert.Equal(1, pin.Layers));
        Assert.Empty(await Pins.ListAsync());
    }
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using Larder.Oci.Layers;
using Larder.Tests.Oci.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Larder.Tests.Oci.Layers;

/// <summary>The form of source document 3: an archive a layer, under names that others share.</summary>
public sealed class DecompressedLayersTests
{
    [Fact]
    public async Task A_layer_is_one_archive_on_disk_under_its_name()
    {
        await using var fixture = new LayerFixture();
        var names = Path.Combine(fixture.Folder, "names");
        var (archive, files) = LayerFixture.Mixed(1);
        var (cache, store) = await fixture.OpenAsync(Options(names), capacityBytes: archive.Length * 3L / 2);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));

        var index = await store.GetIndexAsync(origin);

        var name = Path.Combine(names, $"layer-{origin.Layer.Blob.Digest.Hex}.decompressed");
        Assert.Equal(archive, await File.ReadAllBytesAsync(name));
        Assert.Equal(1, index.Objects.Length);
        await LayerFixture.AssertHoldsAsync(store, origin, index, files);
        using (var lease = await store.OpenObjectAsync(origin, index, 0))
        {
            Assert.False(lease.IsWholeFile);
        }

        // The name goes with the bytes, when another layer needs their room.
        var (other, _) = LayerFixture.Mixed(99);
        await store.GetIndexAsync(fixture.Source.Add(other, other));
        Assert.False(Path.Exists(name));
        Assert.Null(new FileInfo(name).LinkTarget);
        Assert.Single(Directory.GetFiles(names));
        await LayerFixture.AssertHoldsAsync(store, origin, index, files);
        Assert.Equal(3, fixture.Source.Requests);
        cache.Disk!.CheckIntegrity();
    }

    [Fact]
    public async Task What_others_have_decompressed_is_taken_when_it_is_right()
    {
        await using var fixture = new LayerFixture();
        var names = Directory.CreateDirectory(Path.Combine(fixture.Folder, "names")).FullName;
        var (_, store) = await fixture.OpenAsync(Options(names));
        var (right, files) = LayerFixture.Mixed(2, files: 12);
        var (wrong, otherFiles) = LayerFixture.Mixed(3, files: 12);
        var rightOrigin = fixture.Source.Add(right, BlobForms.Gzip(right));
        var wrongOrigin = fixture.Source.Add(wrong, BlobForms.Gzip(wrong));
        await File.WriteAllBytesAsync(Path.Combine(names, $"layer-{rightOrigin.Layer.Blob.Digest.Hex}.decompressed"), right);
        await File.WriteAllBytesAsync(Path.Combine(names, $"layer-{wrongOrigin.Layer.Blob.Digest.Hex}.decompressed"), wrong.AsMemory(0, 9_000));

        await LayerFixture.AssertHoldsAsync(store, rightOrigin, await store.GetIndexAsync(rightOrigin), files);
        Assert.Equal(0, fixture.Source.Requests);
        await LayerFixture.AssertHoldsAsync(store, wrongOrigin, await store.GetIndexAsync(wrongOrigin), otherFiles);
        Assert.Equal(1, fixture.Source.Requests);
    }

    [Fact]
    public async Task The_first_to_decompress_gives_the_layer_to_the_content_cache_and_the_next_takes_it()
    {
        var contents = new ConcurrentDictionary<string, byte[]>();
        await using var server = await ServeAsync(contents);
        using var client = new HttpClient();
        var cache = new HttpContentCache(client, new Uri(server.Urls.Single()));
        await using var fixture = new LayerFixture();
        var (_, first) = await fixture.OpenAsync(Options(null, cache), name: "first");
        var (archive, files) = LayerFixture.Mixed(4);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        await first.GetIndexAsync(origin);
        var key = $"clip:oci:layer:decompressed:{origin.Layer.Blob.Digest}";
        for (var left = 600; !contents.ContainsKey(key); left--)
        {
            Assert.True(left > 0, "Nothing was stored in 60 seconds.");
            await Task.Delay(100);
        }

        Assert.Equal(archive, contents[key]);
        var (_, second) = await fixture.OpenAsync(Options(null, cache), name: "second");
        await LayerFixture.AssertHoldsAsync(second, origin, await second.GetIndexAsync(origin), files);
        Assert.Equal(1, fixture.Source.Requests);

        // A copy that is damaged is not believed.
        contents[key][archive.Length / 2] ^= 1;
        var (_, third) = await fixture.OpenAsync(Options(null, cache), name: "third");
        await LayerFixture.AssertHoldsAsync(third, origin, await third.GetIndexAsync(origin), files);
        Assert.Equal(2, fixture.Source.Requests);
    }

    [Fact]
    public async Task A_content_cache_that_is_away_is_passed_over()
    {
        using var client = new HttpClient();
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync(Options(null, new HttpContentCache(client, new Uri("http://127.0.0.1:1/"))));
        var (archive, files) = LayerFixture.Mixed(5, files: 12);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));

        await LayerFixture.AssertHoldsAsync(store, origin, await store.GetIndexAsync(origin), files);

        Assert.Equal(1, fixture.Source.Requests);
        Assert.Equal(SHA256.HashData(archive), Convert.FromHexString((await store.GetIndexAsync(origin)).DiffId.ToString()));
    }

    private static LayerStoreOptions Options(string? directory, IContentCache? cache = null) => LayerFixture.Options with
    {
        Decompressed = new DecompressedLayerOptions { Directory = directory, ContentCache = cache, ChunkBytes = 100_000 },
    };

    // A server of files in memory: GET with one range, PUT.
    private static async Task<WebApplication> ServeAsync(ConcurrentDictionary<string, byte[]> contents)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(static options => options.Limits.MaxRequestBodySize = null);
        var application = builder.Build();
        application.Run(async context =>
        {
            var key = Uri.UnescapeDataString(context.Request.Path.Value!.TrimStart('/'));
            if (context.Request.Method == "PUT")
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                contents[key] = body.ToArray();
            }
            else if (contents.TryGetValue(key, out var content))
            {
                await Results.Bytes(content, enableRangeProcessing: true).ExecuteAsync(context);
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            }
        });
        await application.StartAsync();
        return application;
    }
}

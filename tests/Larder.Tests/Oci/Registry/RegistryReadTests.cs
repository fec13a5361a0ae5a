using System.Text;
using Larder.Cache.Artifacts;
using Larder.Oci;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Tests.Oci.Support;
using Microsoft.AspNetCore.Http;

namespace Larder.Tests.Oci.Registry;

/// <summary>Manifests and blobs from a registry that keeps its word, and from those that do not.</summary>
public sealed class RegistryReadTests : RegistryTest
{
    [Theory]
    [InlineData(LayerForm.Gzip, false)]
    [InlineData(LayerForm.Docker, false)]
    [InlineData(LayerForm.Zstd, true)]
    [InlineData(LayerForm.Docker, true)]
    public async Task An_image_is_read_as_it_was_pushed(LayerForm form, bool asIndex)
    {
        var root = await Registry.AddAsync("app", "v1", [Layer], form, asIndex);
        var source = Open();

        var image = await source.ResolveAsync(Reference(), null, default);
        var blob = await ReadAsync(source, image.Layers[0].Blob);

        Assert.Equal(root.Digest, image.Digest);
        Assert.Equal(OciDigest.Of(Layer), image.Layers[0].DiffId);
        Assert.Equal(TestImages.BlobOf(Layer, form), blob);
        Assert.All(Registry.Requests, static seen => Assert.Null(seen.Authorization));
    }

    [Fact]
    public async Task All_types_of_manifests_are_asked_for()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        IEnumerable<string?> accepted = [];
        Registry.Interfere = context =>
        {
            accepted = context.Request.Path.Value!.Contains("manifests", StringComparison.Ordinal) ? context.Request.Headers.Accept : accepted;
            return Task.FromResult(false);
        };

        await Open().ResolveAsync(Reference(), null, default);

        var all = string.Join(',', accepted);
        Assert.All(MediaTypes.AcceptedManifests, type => Assert.Contains(type, all, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_part_is_read_by_its_range_even_from_a_server_that_knows_none(bool ignored)
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        Registry.IgnoresRanges = ignored;
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);

        var part = await ReadAsync(source, image.Layers[0].Blob, new ByteRange(300_000, 70_000));

        Assert.Equal(Layer[300_000..370_000], part);
        Assert.Contains(Registry.Requests, static seen => seen.Range == "bytes=300000-369999");
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_gone_on_with_where_it_broke()
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        var cuts = 0;
        Registry.Interfere = async context =>
        {
            if (context.Request.Path.Value!.Contains("/blobs/", StringComparison.Ordinal) && cuts++ < 2)
            {
                var from = (int)(context.Request.GetTypedHeaders().Range?.Ranges.Single().From ?? 0);
                context.Response.Headers.ContentRange = $"bytes {from}-{Layer.Length - 1}/{Layer.Length}";
                await FakeRegistry.CutAsync(context, Layer[from..], 100_000, from == 0 ? 200 : 206);
                return true;
            }

            return false;
        };

        Assert.Equal(Layer, await ReadAsync(source, image.Layers[0].Blob));
        Assert.Equal(3, cuts);
        Assert.Equal(2, Registry.Requests.Count(static seen => seen.Range?.EndsWith($"-{Layer.Length - 1}", StringComparison.Ordinal) == true));
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_gone_on_with_at_a_server_that_knows_no_ranges()
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        Registry.IgnoresRanges = true;
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        var cuts = 0;
        Registry.Interfere = async context =>
        {
            if (context.Request.Path.Value!.Contains("/blobs/", StringComparison.Ordinal) && cuts++ == 0)
            {
                await FakeRegistry.CutAsync(context, Layer, 300_000);
                return true;
            }

            return false;
        };

        Assert.Equal(Layer, await ReadAsync(source, image.Layers[0].Blob));
    }

    [Fact]
    public async Task A_body_that_never_comes_to_an_end_is_given_up()
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        Registry.Interfere = async context =>
        {
            await FakeRegistry.CutAsync(context, Layer, 0);
            return true;
        };

        var failure = await Assert.ThrowsAsync<OciException>(async () => await ReadAsync(source, image.Layers[0].Blob));

        Assert.Equal(OciErrorKind.Unavailable, failure.Kind);
        Assert.InRange(Registry.Count("GET", "/blobs/"), 2, 20);
    }

    [Fact]
    public async Task A_flipped_bit_is_found_before_the_last_byte_is_given()
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        Registry.Damage = static content =>
        {
            byte[] damaged = [.. content];
            damaged[damaged.Length / 2] ^= 4;
            return damaged;
        };

        await using var blob = await source.OpenBlobAsync(image.Layers[0].Blob, null, default);
        var copy = new MemoryStream();
        var failure = await Assert.ThrowsAsync<OciException>(async () => await blob.CopyToAsync(copy));

        Assert.Equal(OciErrorKind.DigestMismatch, failure.Kind);
        Assert.True(copy.Length < Layer.Length);
    }

    [Fact]
    public async Task A_blob_of_another_length_is_refused_at_once()
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        Registry.Damage = static content => content[..^1];

        var failure = await Assert.ThrowsAsync<OciException>(async () => await source.OpenBlobAsync(image.Layers[0].Blob, null, default));

        Assert.Equal(OciErrorKind.DigestMismatch, failure.Kind);
    }

    [Fact]
    public async Task Another_part_than_was_asked_for_is_refused()
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var source = Open();
        var image = await source.ResolveAsync(Reference(), null, default);
        Registry.Interfere = async context =>
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes 0-9/{Layer.Length}";
            await context.Response.Body.WriteAsync(Layer.AsMemory(0, 10));
            return true;
        };

        var failure = await Assert.ThrowsAsync<OciException>(
            async () => await source.OpenBlobAsync(image.Layers[0].Blob, new ByteRange(100, 10), default));

        Assert.Equal(OciErrorKind.Protocol, failure.Kind);
    }

    [Theory]
    [InlineData("Docker-Content-Digest")]
    [InlineData("reference")]
    public async Task A_manifest_with_another_digest_than_was_promised_is_refused(string promise)
    {
        var root = await Registry.AddAsync("app", "v1", [Layer]);
        Registry.Interfere = async context =>
        {
            if (promise != "reference")
            {
                context.Response.Headers[promise] = OciDigest.Of("other"u8).ToString();
            }

            await context.Response.WriteAsync("""{"schemaVersion":2,"manifests":[]}""");
            return true;
        };
        var reference = promise == "reference" ? Reference().WithDigest(root.Digest) : Reference();

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(reference, null, default));

        Assert.Equal(OciErrorKind.DigestMismatch, failure.Kind);
    }

    [Theory]
    [InlineData("""<html>please log in</html>""", OciErrorKind.InvalidManifest)]
    [InlineData("""{"schemaVersion":1,"fsLayers":[]}""", OciErrorKind.Unsupported)]
    [InlineData("", OciErrorKind.InvalidManifest)]
    public async Task What_is_no_manifest_is_refused(string content, OciErrorKind kind)
    {
        Registry.AddManifest("app", "v1", Encoding.UTF8.GetBytes(content), "text/html");

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(kind, failure.Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_manifest_without_end_is_given_up(bool saysLength)
    {
        var written = 0L;
        Registry.Interfere = async context =>
        {
            var block = Encoding.UTF8.GetBytes(new string('[', 64 * 1024));
            context.Response.ContentLength = saysLength ? 1L << 40 : null;
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(block);
                written += block.Length;
            }

            return true;
        };

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.LimitExceeded, failure.Kind);
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        await Registry.AddAsync("app", "v1", [Layer]);

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference("app:v2"), null, default));

        Assert.Equal(OciErrorKind.NotFound, failure.Kind);
        Assert.Contains("app:v2", failure.Message, StringComparison.Ordinal);
        Assert.Contains("manifest unknown", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, Registry.Count("GET", "manifests"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_server_in_trouble_is_asked_again(int status)
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        var refusals = 3;
        Registry.Interfere = context => FakeRegistry.RefuseAsync(context, refusals-- > 0, status);

        await Open().ResolveAsync(Reference(), null, default);

        Assert.Equal(4, Registry.Count("GET", "manifests"));
    }

    [Fact]
    public async Task A_server_is_left_alone_for_as_long_as_it_asks()
    {
        await Registry.AddAsync("app", "v1", [Layer]);
        var refusals = 1;
        Registry.Interfere = context => FakeRegistry.RefuseAsync(context, refusals-- > 0, 429, "1");
        var clock = System.Diagnostics.Stopwatch.StartNew();

        await Open().ResolveAsync(Reference(), null, default);

        Assert.True(clock.Elapsed >= TimeSpan.FromMilliseconds(950));
    }

    [Fact]
    public async Task A_server_that_asks_for_an_hour_is_not_waited_for()
    {
        Registry.Interfere = static context => FakeRegistry.RefuseAsync(context, true, 429, "3600");

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open().ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.Unavailable, failure.Kind);
        Assert.Equal(TimeSpan.FromHours(1), failure.RetryAfter);
        Assert.Equal(1, Registry.Count("GET", "manifests"));
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up()
    {
        Registry.Interfere = static async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        var options = Options with { ConnectTimeout = TimeSpan.FromMilliseconds(200), FirstByteTimeout = TimeSpan.FromMilliseconds(200), MaxAttempts = 2 };

        var failure = await Assert.ThrowsAsync<OciException>(async () => await Open(options: options).ResolveAsync(Reference(), null, default));

        Assert.Equal(OciErrorKind.Unavailable, failure.Kind);
        Assert.Contains("did not answer", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_body_that_stands_still_or_creeps_is_gone_on_with(int bytesAtATime)
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var options = Options with { IdleTimeout = TimeSpan.FromMilliseconds(400) };
        var source = Open(options: options);
        var image = await Open().ResolveAsync(Reference(), null, default);
        var slow = 1;
        Registry.Interfere = async context =>
        {
            if (slow-- <= 0)
            {
                return false;
            }

            context.Response.ContentLength = Layer.Length;
            for (var i = 0; i < Layer.Length && !context.RequestAborted.IsCancellationRequested; i++)
            {
                await context.Response.Body.WriteAsync(Layer.AsMemory(i, bytesAtATime));
                await context.Response.Body.FlushAsync();
                await Task.Delay(20, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return true;
        };

        Assert.Equal(Layer, await ReadAsync(source, image.Layers[0].Blob));
    }

    [Fact]
    public async Task A_caller_that_gives_up_is_heard_at_once()
    {
        Registry.Interfere = static async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        using var impatience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Open().ResolveAsync(Reference(), null, impatience.Token));
    }

    [Fact]
    public async Task Requests_to_one_server_are_limited_and_all_come_through()
    {
        await Registry.AddAsync("app", "v1", [Layer], LayerForm.Plain);
        var source = Open(options: Options with { MaxRequestsPerHost = 2 });
        var image = await source.ResolveAsync(Reference(), null, default);
        var running = 0;
        var most = 0;
        Registry.Interfere = async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Delay(20);
            Interlocked.Decrement(ref running);
            return false;
        };

        var blobs = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => ReadAsync(source, image.Layers[0].Blob)));

        Assert.All(blobs, static blob => Assert.Equal(Layer, blob));
        Assert.InRange(most, 1, 2);
    }
}

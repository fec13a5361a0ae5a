using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Larder.Oci;
using Larder.Oci.Manifests;

namespace Larder.Tests.Oci.Manifests;

public sealed class ManifestReaderTests
{
    private const string Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Config = $$"""{"mediaType":"{{MediaTypes.OciConfig}}","digest":"{{Digest}}","size":2}""";
    private const string Layer = $$"""{"mediaType":"{{MediaTypes.OciLayerGzip}}","digest":"{{Digest}}","size":3}""";
    private const string Image = $$$"""{"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{Digest}}}","size":4,"platform":{"os":"linux","architecture":"amd64"}}""";

    [Theory]
    [InlineData(null, null, MediaTypes.OciManifest)]
    [InlineData(MediaTypes.DockerManifest, null, MediaTypes.DockerManifest)]
    [InlineData(null, MediaTypes.DockerManifest, MediaTypes.DockerManifest)]
    [InlineData(MediaTypes.OciManifest, "text/plain; charset=utf-8", MediaTypes.OciManifest)]
    [InlineData(null, "application/json", MediaTypes.OciManifest)]
    public void A_manifest_is_known_by_its_content_whatever_the_server_calls_it(string? own, string? said, string type)
    {
        var manifest = Assert.IsType<ImageManifest>(Read(Manifest(own, [Layer, Layer]), said));

        Assert.Equal(type, manifest.MediaType);
        Assert.Equal(2, manifest.Layers.Length);
        Assert.Equal(3, manifest.Layers[0].Size);
        Assert.Equal(Digest, manifest.Config.Digest.ToString());
    }

    [Fact]
    public void An_index_is_known_by_its_content()
    {
        var index = Assert.IsType<ImageIndex>(Read($$$"""{"schemaVersion":2,"manifests":[{{{Image}}}],"annotations":{"a":"b"}}"""));

        Assert.Equal("linux/amd64", index.Manifests[0].Platform?.ToString());
        Assert.Equal("b", index.Annotations["a"]);
    }

    [Fact]
    public void Unknown_media_types_of_layers_are_kept()
    {
        var odd = Layer.Replace(MediaTypes.OciLayerGzip, "application/vnd.oci.image.layer.v1.tar+brotli", StringComparison.Ordinal);

        var manifest = Assert.IsType<ImageManifest>(Read(Manifest(null, [odd])));

        Assert.Equal("application/vnd.oci.image.layer.v1.tar+brotli", manifest.Layers[0].MediaType);
    }

    [Theory]
    [InlineData("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "must not be passed on")]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "must not be passed on")]
    [InlineData("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted")]
    public void Layers_that_cannot_be_had_are_refused_with_a_reason(string type, string reason) =>
        AssertFails(
            Manifest(null, [Layer.Replace(MediaTypes.OciLayerGzip, type, StringComparison.Ordinal)]), OciErrorKind.Unsupported, reason);

    [Theory]
    [InlineData("""{"schemaVersion":1,"fsLayers":[{"blobSum":"x"}]}""", OciErrorKind.Unsupported, "schema 1")]
    [InlineData("""{"schemaVersion":2,"fsLayers":[]}""", OciErrorKind.Unsupported, "schema 1")]
    [InlineData("""{"schemaVersion":3}""", OciErrorKind.InvalidManifest, "schemaVersion is 3")]
    [InlineData("""{"schemaVersion":2}""", OciErrorKind.InvalidManifest, "neither layers nor manifests")]
    [InlineData("""{"schemaVersion":2,"layers":[]}""", OciErrorKind.InvalidManifest, "no configuration")]
    [InlineData("""{"schemaVersion":2,"layers":[],"manifests":[]}""", OciErrorKind.InvalidManifest, "at once")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"manifests":[]}""", OciErrorKind.InvalidManifest, "at once")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[null]}""", OciErrorKind.InvalidManifest, "null")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{}]}""", OciErrorKind.InvalidManifest, "not a digest")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{"digest":"{{Digest}}","size":-1,"mediaType":"a"}]}""", OciErrorKind.InvalidManifest, "size")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{"digest":"{{Digest}}","size":1}]}""", OciErrorKind.InvalidManifest, "media type")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{"digest":"{{Digest}}","size":1e400,"mediaType":"a"}]}""", OciErrorKind.InvalidManifest, "not the JSON")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"layers":[{{Layer}}]}""", OciErrorKind.InvalidManifest, "not the JSON")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.cncf.helm.chart"}""", OciErrorKind.Unsupported, "no container image")]
    [InlineData("""<html>login</html>""", OciErrorKind.InvalidManifest, "not the JSON")]
    [InlineData("""null""", OciErrorKind.InvalidManifest, "null")]
    [InlineData("", OciErrorKind.InvalidManifest, "not the JSON")]
    public void What_is_no_image_is_refused_with_a_reason(string text, OciErrorKind kind, string reason) => AssertFails(text, kind, reason);

    [Fact]
    public void An_artifact_that_is_no_image_is_called_by_its_name()
    {
        var chart = Manifest(null, [Layer]).Replace(MediaTypes.OciConfig, "application/vnd.cncf.helm.config.v1+json", StringComparison.Ordinal);

        AssertFails(chart, OciErrorKind.Unsupported, "helm");
    }

    [Fact]
    public void A_type_that_contradicts_the_content_is_refused()
    {
        AssertFails(Manifest(MediaTypes.OciIndex, [Layer]), OciErrorKind.InvalidManifest, "contradict");
        AssertFails(Manifest(null, [Layer]), OciErrorKind.InvalidManifest, "contradict", MediaTypes.DockerManifestList);
    }

    [Fact]
    public void Limits_hold_for_size_count_and_depth()
    {
        var nested = string.Concat(Enumerable.Repeat("{\"a\":", 100_000));
        var annotations = string.Join(',', Enumerable.Range(0, 5000).Select(static i => $"\"{i}\":\"\""));

        AssertFails(new string(' ', ManifestLimits.MaxManifestBytes) + "{}", OciErrorKind.LimitExceeded, "bytes");
        AssertFails(Manifest(null, Enumerable.Repeat(Layer, 4097)), OciErrorKind.LimitExceeded, "layers");
        AssertFails($$"""{"schemaVersion":2,"unknown":{{nested}}""", OciErrorKind.InvalidManifest, "not the JSON");
        AssertFails(Manifest(null, []).Replace("\"layers\"", $"\"annotations\":{{{annotations}}},\"layers\"", StringComparison.Ordinal), OciErrorKind.LimitExceeded, "annotations");
    }

    [Fact]
    public void A_configuration_says_how_an_image_is_started()
    {
        var config = ReadConfig(
            $$$$"""
            {"architecture":"arm64","variant":"v8","os":"linux","created":"2024-05-06T07:08:09.123456789Z","history":[{"created_by":"x"}],
             "config":{"User":"1000:1000","Env":["A=b","C="],"Entrypoint":["/bin/sh","-c"],"Cmd":["true"],"WorkingDir":"/srv","Labels":{"l":"v"},"Volumes":{"/v":{}}},
             "rootfs":{"type":"layers","diff_ids":["{{{{Digest}}}}"]},"unknown":{"x":[1,2]}}
            """);

        Assert.Equal("linux/arm64", config.Platform.ToString());
        Assert.Equal(new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc), config.Created!.Value.UtcDateTime, TimeSpan.FromSeconds(1));
        Assert.Equal("1000:1000", config.User);
        Assert.Equal(["A=b", "C="], config.Environment);
        Assert.Equal(["/bin/sh", "-c"], config.Entrypoint);
        Assert.Equal(["true"], config.Command);
        Assert.Equal("/srv", config.WorkingDirectory);
        Assert.Equal("v", config.Labels["l"]);
        Assert.Equal(Digest, Assert.Single(config.DiffIds).ToString());
    }

    [Theory]
    [InlineData("""{"os":"linux"}""")]
    [InlineData("""{"rootfs":{"type":"other","diff_ids":[]}}""")]
    [InlineData("""{"rootfs":{"type":"layers","diff_ids":["x"]}}""")]
    [InlineData("""{"rootfs":{"type":"layers","diff_ids":[null]}}""")]
    [InlineData("""{"rootfs":{"type":"layers","diff_ids":[]},"config":{"Env":[null]}}""")]
    public void A_configuration_without_its_layers_is_refused(string text) =>
        Assert.Equal(OciErrorKind.InvalidManifest, Assert.Throws<OciException>(() => ReadConfig(text)).Kind);

    [Fact]
    public void Any_damage_is_read_or_refused_and_nothing_else()
    {
        var whole = Encoding.UTF8.GetBytes(Manifest(MediaTypes.OciManifest, [Layer, Layer]));
        var changes = Gen.Choose(0, whole.Length - 1).SelectMany(at => Gen.Choose(0, 255).Select(value => (at, value)));

        Prop.ForAll(Arb.From(changes), change =>
        {
            byte[] damaged = [.. whole];
            damaged[change.at] = (byte)change.value;
            try
            {
                return ManifestReader.Read(damaged, null, "This") is ImageManifest or ImageIndex;
            }
            catch (OciException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();
    }

    private static string Manifest(string? mediaType, IEnumerable<string> layers) =>
        $$"""{"schemaVersion":2,{{(mediaType is null ? "" : $"\"mediaType\":\"{mediaType}\",")}}"config":{{Config}},"layers":[{{string.Join(',', layers)}}]}""";

    private static object Read(string text, string? said = null) => ManifestReader.Read(Encoding.UTF8.GetBytes(text), said, "This");

    private static ImageConfig ReadConfig(string text) => ManifestReader.ReadConfig(Encoding.UTF8.GetBytes(text), "This");

    private static void AssertFails(string text, OciErrorKind kind, string reason, string? said = null)
    {
        var failure = Assert.Throws<OciException>(() => Read(text, said));

        Assert.Equal(kind, failure.Kind);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }
}

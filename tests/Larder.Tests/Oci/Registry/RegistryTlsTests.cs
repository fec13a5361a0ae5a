using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Larder.Oci;
using Larder.Oci.References;
using Larder.Oci.Registry;

namespace Larder.Tests.Oci.Registry;

/// <summary>Who is trusted, and when TLS may be left out.</summary>
public sealed class RegistryTlsTests : RegistryTest
{
    [Fact]
    public async Task A_registry_with_a_certificate_of_its_own_authority_is_trusted_when_that_is_given()
    {
        using var certificate = Create();
        await using var registry = await FakeRegistry.StartAsync(certificate);
        await registry.AddAsync("app", "v1", [Layer]);
        var reference = ImageReference.Parse($"{registry.Host}/app:v1");
        await File.WriteAllTextAsync(Folder["ca.pem"], certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Folder["no.pem"], "nothing");

        await Open(reference, With(registry.Host, new RegistryHostOptions { CaFile = Folder["ca.pem"] })).ResolveAsync(reference, null, default);
        var untrusted = await Assert.ThrowsAsync<OciException>(async () =>
            await Open(reference, With(registry.Host, new RegistryHostOptions { PlainHttp = false })).ResolveAsync(reference, null, default));
        var unreadable = await Assert.ThrowsAsync<OciException>(async () =>
            await Open(reference, With(registry.Host, new RegistryHostOptions { CaFile = Folder["no.pem"] })).ResolveAsync(reference, null, default));

        Assert.Equal(OciErrorKind.Unavailable, untrusted.Kind);
        Assert.Contains("--ca-file", untrusted.Message, StringComparison.Ordinal);
        Assert.Equal(OciErrorKind.Configuration, unreadable.Kind);
    }

    [Fact]
    public async Task A_redirect_from_https_to_http_is_refused()
    {
        using var certificate = Create();
        await using var registry = await FakeRegistry.StartAsync(certificate);
        await File.WriteAllTextAsync(Folder["ca.pem"], certificate.ExportCertificatePem());
        registry.Interfere = context =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = $"{Registry.Url}/v2/app/manifests/v1";
            return Task.FromResult(true);
        };
        var reference = ImageReference.Parse($"{registry.Host}/app:v1");

        var failure = await Assert.ThrowsAsync<OciException>(async () =>
            await Open(reference, With(registry.Host, new RegistryHostOptions { CaFile = Folder["ca.pem"] })).ResolveAsync(reference, null, default));

        Assert.Equal(OciErrorKind.Protocol, failure.Kind);
        Assert.Contains("https to http", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Registry.Requests);
    }

    [Theory]
    [InlineData("registry.example", null, null, "https://registry.example/")]
    [InlineData("registry.example:5000", true, null, "http://registry.example:5000/")]
    [InlineData("localhost:5000", null, null, "http://localhost:5000/")]
    [InlineData("127.0.0.1:5000", null, null, "http://127.0.0.1:5000/")]
    [InlineData("[::1]:5000", null, null, "http://[::1]:5000/")]
    [InlineData("localhost:5000", false, null, "https://localhost:5000/")]
    [InlineData("localhost:5000", null, "/ca.pem", "https://localhost:5000/")]
    [InlineData("localhost.example", null, null, "https://localhost.example/")]
    [InlineData("10.0.0.1:5000", null, null, "https://10.0.0.1:5000/")]
    [InlineData("docker.io", null, null, "https://registry-1.docker.io/")]
    public void Plain_http_is_for_this_machine_or_on_demand(string registry, bool? plain, string? caFile, string root)
    {
        var endpoint = Assert.Single(RegistryEndpoint.Of(registry, With(registry, new RegistryHostOptions { PlainHttp = plain, CaFile = caFile })));

        Assert.Equal(root, endpoint.Root.AbsoluteUri);
    }

    [Theory]
    [InlineData("mirror.example", "https://mirror.example/v2/app/blobs/x")]
    [InlineData("http://mirror.example:8080", "http://mirror.example:8080/v2/app/blobs/x")]
    [InlineData("https://mirror.example/docker/", "https://mirror.example/docker/v2/app/blobs/x")]
    [InlineData("https://mirror.example/docker", "https://mirror.example/docker/v2/app/blobs/x")]
    public void A_mirror_may_have_a_path(string mirror, string url)
    {
        var endpoint = RegistryEndpoint.Of("docker.io", With("docker.io", new RegistryHostOptions { Mirrors = [mirror] }))[0];

        Assert.Equal(url, endpoint.Url("app", "blobs", "x").AbsoluteUri);
    }

    [Theory]
    [InlineData("ftp://mirror.example")]
    [InlineData("https://user:password@mirror.example")]
    [InlineData("https://mirror.example/?x")]
    [InlineData("mirror example")]
    [InlineData("mirror.example/path")]
    public void A_mirror_that_cannot_be_is_refused(string mirror) => Assert.Equal(
        OciErrorKind.Configuration,
        Assert.Throws<OciException>(() => RegistryEndpoint.Of("docker.io", With("docker.io", new RegistryHostOptions { Mirrors = [mirror] }))).Kind);

    private RegistryOptions With(string host, RegistryHostOptions options) =>
        Options with { Hosts = Options.Hosts.Add(host, options), MaxAttempts = 1 };

    private static X509Certificate2 Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}

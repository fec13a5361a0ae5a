using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Larder.Cache;
using Larder.Cache.Redis;

namespace Larder.EndToEnd.Remote;

/// <summary>The contract over TLS.</summary>
public sealed class RedisTlsStoreTests(EngineFixture engines) : RedisServerContract(engines)
{
    private static readonly X509Certificate2 Certificate = MakeCertificate();
    private static readonly int Port = EngineProcess.FreePort();

    protected override RedisRemoteStoreOptions Options => base.Options with
    {
        Address = new Uri($"rediss://localhost:{Port}"), TrustedRoots = [Certificate], ConnectTimeout = TimeSpan.FromSeconds(20),
    };

    [Fact]
    public async Task ACertificate_that_nobody_trusted_signed_is_refused()
    {
        await using var store = new RedisRemoteStore(Options with { TrustedRoots = null });

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.ContainsAsync(NewKey(), Token));

        Assert.False(failure.IsTransient);
        Assert.Contains("TLS", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACertificate_of_another_host_is_refused_unless_its_name_is_given()
    {
        var options = Options with { Address = new Uri($"rediss://127.0.0.1:{Port}") };
        await using var wrong = new RedisRemoteStore(options);
        await using var named = new RedisRemoteStore(options with { TlsHost = "localhost" });

        await Assert.ThrowsAsync<CacheException>(async () => await wrong.ContainsAsync(NewKey(), Token));
        Assert.False(await named.ContainsAsync(NewKey(), Token));
    }

    [Fact]
    public async Task A_server_without_TLS_where_it_should_be_is_a_failure_within_the_time()
    {
        var options = Options with { ConnectTimeout = TimeSpan.FromSeconds(1) };
        await using var store = new RedisRemoteStore(options with { Address = new Uri($"rediss://localhost:{Engine.Port}") });
        await using var reverse = new RedisRemoteStore(options with { Address = new Uri($"redis://localhost:{Port}") });

        await Assert.ThrowsAsync<CacheException>(async () => await store.ContainsAsync(NewKey(), Token));
        await Assert.ThrowsAsync<CacheException>(async () => await reverse.ContainsAsync(NewKey(), Token));
    }

    private protected override async Task<EngineProcess> StartAsync()
    {
        var directory = Directory.CreateTempSubdirectory("larder-tls-").FullName;
        var (certificate, key) = (Path.Combine(directory, "certificate.pem"), Path.Combine(directory, "key.pem"));
        await File.WriteAllTextAsync(certificate, Certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(key, Certificate.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var engine = await EngineProcess.StartRedisAsync(
            "--tls-port", $"{Port}", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no");
        return engine;
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=larder test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}

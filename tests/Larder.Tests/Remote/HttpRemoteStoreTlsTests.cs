using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Larder.Cache;
using Larder.Cache.Remote;

namespace Larder.Tests.Remote;

/// <summary>TLS: who is trusted, and who is shown.</summary>
public sealed class HttpRemoteStoreTlsTests : IAsyncDisposable
{
    private readonly X509Certificate2 _certificate = Create("127.0.0.1");
    private readonly X509Certificate2 _client = Create("client");
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _serving;
    private string? _shown;

    public HttpRemoteStoreTlsTests()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private HttpRemoteStoreOptions Options => new()
    {
        Address = new Uri($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/"), ConnectTimeout = TimeSpan.FromSeconds(20),
    };

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _serving;
        _listener.Dispose();
        _closing.Dispose();
        _certificate.Dispose();
        _client.Dispose();
    }

    [Fact]
    public async Task A_server_that_nobody_vouches_for_is_refused_and_not_asked_again()
    {
        await using var store = new HttpRemoteStore(Options);

        var failure = await Assert.ThrowsAsync<CacheException>(async () => await store.ContainsAsync(TestArtifacts.KeyOf("a"), Token));

        Assert.False(failure.IsTransient);
    }

    [Fact]
    public async Task A_private_root_is_trusted_when_it_is_given_and_only_then()
    {
        await using var trusting = new HttpRemoteStore(Options with { TrustedRoots = [_certificate] });
        await using var mistaken = new HttpRemoteStore(Options with { TrustedRoots = [_client] });

        Assert.False(await trusting.ContainsAsync(TestArtifacts.KeyOf("a"), Token));
        await Assert.ThrowsAsync<CacheException>(async () => await mistaken.ContainsAsync(TestArtifacts.KeyOf("a"), Token));
    }

    [Fact]
    public async Task A_client_certificate_is_shown()
    {
        await using var store = new HttpRemoteStore(Options with { TrustedRoots = [_certificate], ClientCertificate = _client });

        await store.ContainsAsync(TestArtifacts.KeyOf("a"), Token);

        Assert.Equal("CN=client", _shown);
    }

    private static X509Certificate2 Create(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_closing.Token);
                try
                {
                    await using var stream = new SslStream(client.GetStream(), false, (_, certificate, _, _) =>
                    {
                        _shown = certificate?.Subject;
                        return _shown is null or "CN=client";
                    });
                    await stream.AuthenticateAsServerAsync(_certificate, clientCertificateRequired: true, checkCertificateRevocation: false);
                    await stream.ReadExactlyAsync(new byte[16], _closing.Token);
                    await stream.WriteAsync("HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), _closing.Token);
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // The client did not like the certificate.
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Larder.Oci.Registry;

/// <summary>
/// Sends requests: within time limits, not too many to one server, and through redirects, without showing credentials to
/// another server than they are for.
/// </summary>
internal sealed class RegistryTransport : IDisposable
{
    private const int MaxRedirects = 5;

    private readonly RegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Lazy<HttpMessageInvoker>> _clients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _slots = new(StringComparer.OrdinalIgnoreCase);

    public RegistryTransport(RegistryOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values.Where(static client => client.IsValueCreated))
        {
            client.Value.Dispose();
        }

        // Bodies that are still read give their places back later, so the semaphores are left to the collector.
    }

    /// <summary>Sends a request to a server of a registry, and follows where it points to.</summary>
    /// <exception cref="OciException">The server cannot be reached, is too slow, or points where nobody should go.</exception>
    public async ValueTask<RegistryAnswer> SendAsync(
        RegistryEndpoint endpoint, RegistryRequest request, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken)
    {
        var slot = _slots.GetOrAdd(endpoint.Root.Authority, _ => new SemaphoreSlim(_options.MaxRequestsPerHost));
        await slot.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var origin = endpoint.Url(request.Repository, request.Kind, request.Target);
            var url = origin;
            var isForeign = false;
            for (var redirects = 0; ; redirects++)
            {
                using var message = request.ToMessage(url);
                message.Headers.Authorization = isForeign ? null : authorization;
                var answer = await SendAsync(message, endpoint.CaFile, cancellationToken).ConfigureAwait(false);
                if (!IsRedirect(answer.StatusCode) || answer.Headers.Location is not { } location)
                {
                    return new RegistryAnswer(answer, endpoint, isForeign, slot);
                }

                answer.Dispose();
                url = Follow(endpoint, url, location, redirects);
                isForeign |= !IsSameServer(origin, url);
            }
        }
        catch
        {
            slot.Release();
            throw;
        }
    }

    /// <summary>Sends one request and waits for the head of the answer, within the time for the first byte.</summary>
    public async ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage message, string? caFile, CancellationToken cancellationToken)
    {
        var client = _clients.GetOrAdd(caFile ?? string.Empty, key => new Lazy<HttpMessageInvoker>(() => CreateClient(key))).Value;
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("larder", "1"));
        var where = message.RequestUri!.Authority; // Not null: whoever made the message gave it.
        using var timer = new CancellationTokenSource(_options.ConnectTimeout + _options.FirstByteTimeout, _time);
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await client.SendAsync(message, joined.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable($"{where} did not answer within {(_options.ConnectTimeout + _options.FirstByteTimeout).TotalSeconds:0.#} s", exception);
        }
        catch (HttpRequestException exception)
        {
            throw IsCertificateProblem(exception)
                ? new OciException(
                    OciErrorKind.Unavailable,
                    $"{where} shows a certificate that is not trusted ({Innermost(exception)}); give its authority with --ca-file, or --plain-http if it speaks no TLS.",
                    exception)
                : Unavailable($"{where} cannot be reached: {Innermost(exception)}", exception);
        }
        catch (IOException exception)
        {
            throw Unavailable($"{where} broke the connection: {exception.Message}", exception);
        }
    }

    private static bool IsRedirect(HttpStatusCode status) => status is
        HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
        or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private static bool IsSameServer(Uri left, Uri right) =>
        left.Scheme == right.Scheme && left.Port == right.Port && left.Host.Equals(right.Host, StringComparison.OrdinalIgnoreCase);

    private static Uri Follow(RegistryEndpoint endpoint, Uri from, Uri location, int redirects)
    {
        if (redirects >= MaxRedirects)
        {
            throw Refused(endpoint, $"it redirects more than {MaxRedirects} times");
        }

        if (!Uri.TryCreate(from, location, out var to) || (to.Scheme != Uri.UriSchemeHttps && to.Scheme != Uri.UriSchemeHttp))
        {
            throw Refused(endpoint, "it redirects to what is no http or https address");
        }

        if (from.Scheme == Uri.UriSchemeHttps && to.Scheme != Uri.UriSchemeHttps)
        {
            throw Refused(endpoint, $"it redirects from https to http ({to.Host}), which would give the image to everyone on the way");
        }

        return to.UserInfo.Length == 0 ? to : throw Refused(endpoint, "it redirects to an address with a user in it");
    }

    private static OciException Refused(RegistryEndpoint endpoint, string problem) =>
        new(OciErrorKind.Protocol, $"{endpoint} cannot be used: {problem}.");

    private static OciException Unavailable(string problem, Exception cause) =>
        new(OciErrorKind.Unavailable, $"{problem}.", cause) { IsTransient = true };

    private static bool IsCertificateProblem(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } && exception.InnerException is AuthenticationException;

    private static string Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return Printable.Shorten(exception.Message).TrimEnd('.');
    }

    private HttpMessageInvoker CreateClient(string caFile)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = _options.ConnectTimeout,
            MaxConnectionsPerServer = _options.MaxRequestsPerHost * 4,
            MaxResponseDrainSize = 64 * 1024,
            MaxResponseHeadersLength = 128,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(55),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(200),
            UseCookies = false,
            UseProxy = _options.UseProxy,
        };
        if (caFile.Length > 0)
        {
            var roots = ReadRoots(caFile);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, roots);
        }

        return new HttpMessageInvoker(handler, disposeHandler: true);
    }

    private static X509Certificate2Collection ReadRoots(string caFile)
    {
        try
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(caFile);
            return roots.Count > 0 ? roots : throw new CryptographicException("it holds no certificate");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new OciException(OciErrorKind.Configuration, $"The certificates in {caFile} cannot be read: {exception.Message}", exception);
        }
    }

    // What the system trusts is trusted; else what leads to one of our own roots, if nothing else is wrong with it.
    private static bool IsTrusted(
        X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection roots)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 leaf)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.CustomTrustStore.AddRange(roots);
        if (chain is not null)
        {
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        }

        return own.Build(leaf);
    }
}

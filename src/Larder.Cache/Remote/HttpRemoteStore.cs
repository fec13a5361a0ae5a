using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

/// <summary>A remote store over HTTP/1.1: another Larder node, or any server that takes GET, PUT and HEAD.</summary>
/// <remarks>
/// One attempt a call; a <see cref="RemoteTier"/> repeats and verifies. Redirects are not followed, because credentials
/// would follow them. Safe for use by many threads.
/// </remarks>
public sealed partial class HttpRemoteStore : IRemoteStore
{
    private readonly HttpRemoteStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _client;
    private readonly string _base;
    private readonly AuthenticationHeaderValue? _credentials;

    /// <summary>Opens the store. Nothing is sent yet.</summary>
    /// <param name="options">Where it is and how it is spoken to.</param>
    /// <param name="timeProvider">The clock for all time limits but the connection's; null for the system's.</param>
    /// <exception cref="CacheException">An option is out of range.</exception>
    public HttpRemoteStore(HttpRemoteStoreOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        Name = Redaction.Name(options.Address);
        _base = Name.TrimEnd('/') + (options.Flavour == HttpRemoteFlavour.Larder ? "/v1/artifacts/" : "/");
        _credentials = Credentials(options);
        _client = new HttpMessageInvoker(CreateHandler(options), disposeHandler: true);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Head, key, null, null, cancellationToken).ConfigureAwait(false);
        return answer.IsSuccessStatusCode || (IsAbsent(answer) ? false : throw Refused(answer, "HEAD", key));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Delete, key, null, null, cancellationToken).ConfigureAwait(false);
        return answer.IsSuccessStatusCode || (IsAbsent(answer) ? false : throw Refused(answer, "DELETE", key));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A failure that took a whole time limit. Its cause is a <see cref="TimeoutException"/>, which tells it apart.</summary>
    internal static CacheException Overdue(string what, Exception cause) =>
        new(CacheErrorKind.Remote, what, new TimeoutException(what, cause)) { IsTransient = true };

    /// <summary>A failure that may not come again.</summary>
    internal static CacheException Broken(string what, Exception? cause) =>
        new(CacheErrorKind.Remote, Redaction.Clean(what), cause) { IsTransient = true };

    private static SocketsHttpHandler CreateHandler(HttpRemoteStoreOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            Expect100ContinueTimeout = TimeSpan.FromSeconds(1),
            MaxConnectionsPerServer = options.MaxConnections,
            MaxResponseDrainSize = 64 * 1024,
            MaxResponseHeadersLength = 128,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(55),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(200),
            UseCookies = false,
            UseProxy = options.UseProxy,
        };
        if (options.ClientCertificate is not null)
        {
            handler.SslOptions.ClientCertificates = [options.ClientCertificate];
        }

        if (options.TrustedRoots is { } roots)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return handler;
    }

    private static AuthenticationHeaderValue? Credentials(HttpRemoteStoreOptions options)
    {
        if (options.BearerToken is not null)
        {
            return new AuthenticationHeaderValue("Bearer", options.BearerToken);
        }

        var pair = options.User is not null
            ? $"{options.User}:{options.Password}"
            : Uri.UnescapeDataString(options.Address.UserInfo);
        return pair.Length == 0
            ? null
            : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
    }

    private static bool IsAbsent(HttpResponseMessage answer) =>
        answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone;

    private static TimeSpan? RetryAfter(HttpResponseMessage answer, TimeProvider time)
    {
        var wait = answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait > TimeSpan.Zero ? wait : null;
    }

    private string UrlOf(ArtifactKey key)
    {
        var name = key.Fingerprint.ToString();
        return _options.Flavour == HttpRemoteFlavour.Larder
            ? $"{_base}{key.Kind.Name}/{name}"
            : $"{_base}{key.Kind.Name}/{name.AsSpan(0, 2)}/{name}";
    }

    /// <summary>Sends a request and waits for the head of the answer, within the time for the first byte.</summary>
    private async ValueTask<HttpResponseMessage> SendAsync(
        HttpMethod method, ArtifactKey key, UploadBody? body, Action<HttpRequestMessage>? prepare, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, UrlOf(key)) { Content = body };
        request.Headers.Authorization = _credentials;
        prepare?.Invoke(request);

        // The clock runs while nothing moves: an upload that makes progress sets it back.
        using var timer = new CancellationTokenSource(_options.ConnectTimeout + _options.FirstByteTimeout, _time);
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        body?.OnProgress(timer, _options.IdleTimeout, _options.FirstByteTimeout);
        try
        {
            return await _client.SendAsync(request, joined.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The connection's own time limit ends here too.
            throw Overdue(
                timer.IsCancellationRequested ? $"{method} {Name}: no answer in time" : $"{method} {Name}: no connection in time", exception);
        }
        catch (HttpRequestException exception)
        {
            if (body?.Failure is { } failure)
            {
                throw failure;
            }

            throw new CacheException(
                CacheErrorKind.Remote, Redaction.Clean($"{method} {Name}: {Describe(exception)}"), exception)
            {
                IsTransient = exception.HttpRequestError is not (HttpRequestError.SecureConnectionError
                    or HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.VersionNegotiationError),
            };
        }
        catch (IOException exception)
        {
            throw body?.Failure ?? Broken($"{method} {Name}: {exception.Message}", exception);
        }
    }

    private static string Describe(HttpRequestException exception) =>
        exception.InnerException is { } cause and not HttpRequestException && exception.HttpRequestError != HttpRequestError.InvalidResponse
            ? $"{exception.Message} ({cause.Message})"
            : exception.Message;

    /// <summary>Turns a status that is neither success nor absence into the failure that it is.</summary>
    private CacheException Refused(HttpResponseMessage answer, string method, ArtifactKey key)
    {
        var status = (int)answer.StatusCode;
        var hint = status switch
        {
            >= 300 and < 400 => "; redirects are not followed, so give the final address",
            401 or 403 => "; check the token or the user and password",
            405 or 501 => "; the server does not take this method",
            409 => "; does the server create missing directories?",
            _ => string.Empty,
        };
        return new CacheException(
            CacheErrorKind.Remote,
            string.Create(CultureInfo.InvariantCulture, $"{method} {key} at {Name}: status {status}{hint}"))
        {
            IsTransient = status is 408 or 425 or 429 or 500 or 502 or 503 or 504,
            RetryAfter = RetryAfter(answer, _time),
        };
    }
}

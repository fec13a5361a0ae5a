using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Larder.Handlers.Contract;

namespace Larder.Node.Handlers;

/// <summary>
/// The extension <c>http</c>: sends requests for handlers to hosts that are allowed. Safe for many threads.
/// </summary>
/// <remarks>
/// A name is looked up once and the address that was checked is the one that is connected to, so that a name which
/// points elsewhere a moment later gains nothing. Redirections are followed here, and each is checked like the first
/// address. Neither proxies nor cookies of the node are used.
/// </remarks>
internal sealed class HttpExtension : IDisposable
{
    /// <summary>Its name.</summary>
    public const string Name = "http";

    private readonly HttpExtensionOptions _options;
    private readonly HttpClient _client;
    private readonly SemaphoreSlim _turns;

    public HttpExtension(HttpExtensionOptions options)
    {
        _options = options;
        _turns = new SemaphoreSlim(options.MaxConcurrent);
        _client = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.All,
                ConnectCallback = ConnectAsync,
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                MaxConnectionsPerServer = options.MaxConcurrent,
                UseCookies = false,
                UseProxy = false,
            })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", options.UserAgent);
    }

    /// <summary>Its methods.</summary>
    public static ImmutableArray<string> Methods { get; } = ["get", "post", "put", "patch", "delete", "head", "options", "request"];

    /// <summary>Does what a suspended handler waits for. Every failure is the handler's to catch.</summary>
    public async Task<ResumeResult> CallAsync(string method, ImmutableArray<JsonElement> arguments, CancellationToken cancellationToken)
    {
        HttpCall call;
        try
        {
            call = HttpCall.Read(method, arguments, _options.Timeout);
        }
        catch (ApiException exception)
        {
            return ResumeResult.Failed(exception.Message);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(call.Timeout);
        var hasTurn = false;
        try
        {
            await _turns.WaitAsync(deadline.Token).ConfigureAwait(false);
            hasTurn = true;
            return await FollowAsync(call, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ResumeResult.Failed($"{call.Url.Host} did not answer within {call.Timeout.TotalMilliseconds} ms.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or ApiException)
        {
            // The sentence of our own refusal, where there is one below.
            return ResumeResult.Failed((exception.InnerException as ApiException ?? exception).Message);
        }
        finally
        {
            if (hasTurn)
            {
                _turns.Release();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _turns.Dispose();
    }

    private async Task<ResumeResult> FollowAsync(HttpCall call, CancellationToken cancellationToken)
    {
        var url = call.Url;
        var method = call.Method;
        for (var redirects = 0; ; redirects++)
        {
            CheckDomain(url);
            using var request = call.Make(url, method, isForeign: url.Host != call.Url.Host || url.Scheme != call.Url.Scheme || url.Port != call.Url.Port);
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if ((int)answer.StatusCode is not (301 or 302 or 303 or 307 or 308) || answer.Headers.Location is not { } location)
            {
                return await ReadAsync(answer, cancellationToken).ConfigureAwait(false);
            }

            if (redirects == _options.MaxRedirects)
            {
                throw ApiException.BadRequest($"{call.Url.Host} redirected more than {_options.MaxRedirects} times.");
            }

            url = new Uri(url, location);
            var isRewritten = (int)answer.StatusCode == 303 || ((int)answer.StatusCode is 301 or 302 && method == HttpMethod.Post);
            method = isRewritten && method != HttpMethod.Head ? HttpMethod.Get : method;
        }
    }

    private void CheckDomain(Uri url)
    {
        if (url.Scheme is not ("http" or "https")
            || !_options.AllowedDomains.Any(domain => string.Equals(domain.Trim('[', ']'), url.IdnHost.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)))
        {
            throw new ApiException(403, "PERMISSION_DENIED", $"'{url.Host}' is not among the hosts that the node allows (handlers.http.allowed-domains).");
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out var address)
                ? [address]
                : await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            throw new ApiException(502, "EXECUTION_ERROR", $"There is no host '{host}': {exception.Message}");
        }

        var allowed = addresses.Where(address => _options.AllowPrivateAddresses || AddressPolicy.IsPublic(address)).ToArray();
        if (allowed.Length == 0)
        {
            throw new ApiException(403, "PERMISSION_DENIED", $"'{host}' has an address of this machine or its network, which handlers may not reach.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<ResumeResult> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(answer, cancellationToken).ConfigureAwait(false);
        var isJson = answer.Content.Headers.ContentType?.MediaType is { } type
            && (type.EndsWith("/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
        var data = isJson ? ParseOrNull(body) : null;
        return ResumeResult.Of(JsonElement.Parse(ApiAnswer.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("status"u8, (int)answer.StatusCode);
            writer.WriteString("statusText"u8, answer.ReasonPhrase ?? string.Empty);
            writer.WriteStartObject("headers"u8);
            foreach (var header in answer.Headers.Concat(answer.Content.Headers))
            {
                writer.WriteString(header.Key.ToLowerInvariant(), string.Join(", ", header.Value));
            }

            writer.WriteEndObject();
            writer.WritePropertyName("data"u8);
            if (data is { } json)
            {
                ResultWriter.WriteValue(writer, json);
            }
            else
            {
                writer.WriteStringValue(Encoding.UTF8.GetString(body));
            }

            writer.WriteBoolean("ok"u8, answer.IsSuccessStatusCode);
            writer.WriteEndObject();
        }).Span));
    }

    private async Task<byte[]> ReadBodyAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        var stream = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var piece = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (body.Length + read > _options.MaxResponseBytes)
            {
                throw ApiException.BadRequest($"The answer is larger than {_options.MaxResponseBytes} bytes, the setting handlers.http.max-response.");
            }

            await body.WriteAsync(piece.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }

        return body.ToArray();
    }

    private static JsonElement? ParseOrNull(byte[] body)
    {
        try
        {
            return JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

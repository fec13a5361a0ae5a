using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Larder.Indexer.Blocks;

/// <summary>
/// Asks a node of Bitcoin or its kin over JSON-RPC. What may pass by itself is tried again with growing waits: no connection, a
/// timeout, a busy or starting node. Safe for many threads.
/// </summary>
internal sealed class ChainNodeClient : IDisposable
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    // What an answer has beside the hex of a block.
    private const int BesideBlock = 64 * 1024;

    private readonly ChainNodeOptions _options;
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;
    private readonly string _place;
    private readonly Uri _address;
    private AuthenticationHeaderValue? _login;
    private int _lastId;

    public ChainNodeClient(ChainNodeOptions options, TimeProvider clock)
    {
        options.Validate();
        _options = options;
        _clock = clock;
        _address = new UriBuilder(options.Address) { UserName = "", Password = "" }.Uri;
        _place = _address.GetLeftPart(UriPartial.Authority);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = 16,
            ConnectTimeout = options.Timeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _login = GivenLogin(options);
    }

    /// <summary>The node in messages, without its password.</summary>
    public string Place => _place;

    /// <summary>Asks until there is an answer or the attempts are used up.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="parameters">The parameters as JSON, without the brackets.</param>
    /// <param name="maxBytes">Longest answer that is read.</param>
    /// <param name="read">Reads the result; the reader stands on it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IndexerException">The node cannot be reached, refuses who asks, or answers nonsense.</exception>
    /// <exception cref="ChainNodeException">The node answered with an error.</exception>
    public async Task<TResult> CallAsync<TResult>(
        string method, string parameters, long maxBytes, ResultReader<TResult> read, CancellationToken cancellationToken)
    {
        var wait = _options.Backoff;
        for (var attempt = 1; ; attempt++)
        {
            string failure;
            Exception? cause = null;
            try
            {
                return await TryAsync(method, parameters, maxBytes + BesideBlock, read, cancellationToken).ConfigureAwait(false);
            }
            catch (ChainNodeException e) when (e.Code == ChainNodeException.WarmingUp)
            {
                (failure, cause) = ($"is starting: {e.Message}", e);
            }
            catch (PassingException e)
            {
                (failure, cause) = (e.Message, e.InnerException);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                (failure, cause) = ($"cannot be reached: {e.GetBaseException().Message}", e);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                (failure, cause) = ($"does not answer {method} within {_options.Timeout.TotalSeconds:0.#} s", e);
            }

            if (attempt >= _options.Attempts)
            {
                throw new IndexerException(IndexerErrorKind.Unavailable, $"The node at {_place} {failure}.", cause!);
            }

            await Task.Delay(wait, _clock, cancellationToken).ConfigureAwait(false);
            wait = wait + wait < LongestBackoff ? wait + wait : LongestBackoff;
        }
    }

    public void Dispose() => _http.Dispose();

    private static AuthenticationHeaderValue? GivenLogin(ChainNodeOptions options)
    {
        var login = options.User is not null ? $"{options.User}:{options.Password}" : Uri.UnescapeDataString(options.Address.UserInfo);
        return login.Length > 0 ? Basic(login) : null;
    }

    private static AuthenticationHeaderValue Basic(string login) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(login)));

    private async Task<TResult> TryAsync<TResult>(
        string method, string parameters, long maxBytes, ResultReader<TResult> read, CancellationToken cancellationToken)
    {
        // One deadline for the whole answer, from connecting to its last byte.
        using var deadline = new CancellationTokenSource(_options.Timeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var id = Interlocked.Increment(ref _lastId);
        var question = $$"""{"jsonrpc":"1.0","id":{{id}},"method":"{{method}}","params":[{{parameters}}]}""";
        for (var isAgain = false; ; isAgain = true)
        {
            var login = _login ??= await CookieAsync(both.Token).ConfigureAwait(false);
            using var request = new HttpRequestMessage(HttpMethod.Post, _address)
            {
                Content = new StringContent(question, Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = login;
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                // A node that was started again has a new cookie.
                if (!isAgain && _options.CookieFile is not null && GivenLogin(_options) is null)
                {
                    _login = null;
                    continue;
                }

                throw new IndexerException(IndexerErrorKind.Configuration, Refusal(response.StatusCode, login));
            }

            var body = await ReadBodyAsync(response, maxBytes, both.Token).ConfigureAwait(false);
            return Parse(body, response.StatusCode, method, read);
        }
    }

    private string Refusal(HttpStatusCode status, AuthenticationHeaderValue? login) => (status, login) switch
    {
        (HttpStatusCode.Forbidden, _) => $"The node at {_place} forbids this machine to ask (403); see rpcallowip in its configuration.",
        (_, null) => $"The node at {_place} wants a login; give its user and password, or its cookie file.",
        _ => $"The node at {_place} does not accept the login (401); check the user and password, or the cookie file.",
    };

    private async Task<AuthenticationHeaderValue?> CookieAsync(CancellationToken cancellationToken)
    {
        if (_options.CookieFile is not { } path)
        {
            return null;
        }

        try
        {
            return Basic((await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false)).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PassingException($"left no cookie in '{path}' that can be read: {e.Message.TrimEnd('.')}", e);
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpResponseMessage response, long maxBytes, CancellationToken cancellationToken)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            // The claimed length is only believed up to a block of the usual size.
            var claimed = Math.Min(response.Content.Headers.ContentLength ?? 0, maxBytes);
            var body = new ArrayBufferWriter<byte>((int)Math.Clamp(claimed + 1, 4096, 8 * 1024 * 1024));
            while (true)
            {
                var count = await stream.ReadAsync(body.GetMemory(4096), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    return body.WrittenMemory;
                }

                body.Advance(count);
                if (body.WrittenCount > maxBytes)
                {
                    throw new IndexerException(
                        IndexerErrorKind.LimitExceeded, $"The node at {_place} answers with more than {maxBytes} bytes; raise the limit of a block's length.");
                }
            }
        }
    }

    private TResult Parse<TResult>(ReadOnlyMemory<byte> body, HttpStatusCode status, string method, ResultReader<TResult> read)
    {
        try
        {
            return Parse(body.Span, read);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw (int)status is 429 or >= 500
                ? new PassingException($"is busy or in trouble (HTTP {(int)status})", e)
                : new IndexerException(
                    IndexerErrorKind.Unavailable,
                    $"{_place} does not answer {method} as a node does (HTTP {(int)status}); is this the address of its JSON-RPC?",
                    e);
        }
    }

    private static TResult Parse<TResult>(ReadOnlySpan<byte> body, ResultReader<TResult> read)
    {
        var reader = new Utf8JsonReader(body);
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        var (hasResult, result) = (false, default(TResult)!);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isResult, isError) = (reader.ValueTextEquals("result"u8), reader.ValueTextEquals("error"u8));
            Expect(reader.Read());
            if (isError && reader.TokenType != JsonTokenType.Null)
            {
                throw ReadError(ref reader);
            }

            if (isResult && reader.TokenType != JsonTokenType.Null)
            {
                (hasResult, result) = (true, read(ref reader));
            }

            reader.Skip();
        }

        Expect(hasResult);
        return result;
    }

    private static ChainNodeException ReadError(ref Utf8JsonReader reader)
    {
        using var error = JsonDocument.ParseValue(ref reader);
        var code = error.RootElement.TryGetProperty("code", out var number) && number.TryGetInt32(out var value) ? value : 0;
        var message = error.RootElement.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        return new ChainNodeException(code, message is { Length: > 0 and < 1000 } ? message : "no reason given");
    }

    private static void Expect(bool isSo)
    {
        if (!isSo)
        {
            throw new JsonException();
        }
    }

    /// <summary>Reads a result where the reader stands.</summary>
    internal delegate TResult ResultReader<out TResult>(ref Utf8JsonReader reader);

    /// <summary>A failure that may be over at the next attempt.</summary>
    [SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "It never leaves the client.")]
    private sealed class PassingException(string message, Exception inner) : Exception(message, inner);
}

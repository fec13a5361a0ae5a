using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cli.Output;

namespace Larder.Cli.Stores;

/// <summary>A running node, over its HTTP API.</summary>
internal sealed partial class NodeStore : IArtifactStore
{
    // A question that is answered out of memory; transfers and maintenance take as long as they take.
    private static readonly TimeSpan QuestionTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _client;
    private readonly Uri _address;

    public NodeStore(Uri address, string? token, TimeSpan connectTimeout)
    {
        _address = address;
        _client = new HttpClient(new SocketsHttpHandler { ConnectTimeout = connectTimeout, AutomaticDecompression = DecompressionMethods.All })
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (token is not null)
        {
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public string Description => $"the node at {_address}";

    /// <summary>Whether a node answers at the address.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _client.GetAsync(new Uri("healthz", UriKind.Relative), cancellationToken)
                .WaitAsync(QuestionTimeout, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException)
        {
            return false;
        }
    }

    public async Task<StoreStatistics> GetStatisticsAsync(CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(HttpMethod.Get, "v1/stats", null, cancellationToken).ConfigureAwait(false);
        var document = await ReadAsync(answer, CliJson.Default.JsonElement, cancellationToken).ConfigureAwait(false);
        var statistics = document.Deserialize(CliJson.Default.StatsDocument);
        return new StoreStatistics(statistics?.Tiers ?? [])
        {
            Uptime = statistics?.Node is { } node ? TimeSpan.FromSeconds(node.UptimeSeconds) : null,
            Version = statistics?.Node?.Version,
            State = statistics?.Node?.State,
            DataDirectory = statistics?.Node?.DataDirectory,
            Document = document,
        };
    }

    public async Task<ArtifactDownload?> OpenAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, PathOf(key)), cancellationToken).ConfigureAwait(false);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            answer.Dispose();
            return null;
        }

        await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);
        var metadata = MetadataOf(answer);
        var source = Enum.TryParse<TierKind>(HeaderOf(answer, "Larder-Tier"), ignoreCase: true, out var tier) ? tier : TierKind.None;
        var content = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        return new ArtifactDownload(metadata, source, new AnswerStream(content, answer, Description));
    }

    public async Task<PutOutcome> PutAsync(ArtifactUpload upload, CancellationToken cancellationToken)
    {
        using var content = new StreamContent(upload.Content, 128 * 1024);
        content.Headers.ContentLength = upload.Metadata.Length;
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        var request = new HttpRequestMessage(HttpMethod.Put, PathOf(upload.Key)) { Content = content };
        request.Headers.Add("Larder-Digest", upload.Metadata.Digest.ToString());
        if (upload.Metadata.Owner is not null)
        {
            request.Headers.Add("Larder-Owner", Uri.EscapeDataString(upload.Metadata.Owner));
        }

        if (!upload.Metadata.Recipe.IsEmpty)
        {
            request.Headers.Add("Larder-Recipe", Convert.ToBase64String(upload.Metadata.Recipe.Span));
        }

        using var answer = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        switch (answer.StatusCode)
        {
            case HttpStatusCode.Created:
                return PutOutcome.Stored;
            case HttpStatusCode.OK or HttpStatusCode.NoContent:
                return PutOutcome.AlreadyPresent;
            case HttpStatusCode.Accepted:
                var body = await ReadAsync(answer, CliJson.Default.JsonElement, cancellationToken).ConfigureAwait(false);
                return Words.ToOutcome(body.TryGetProperty("reason", out var reason) ? reason.GetString() : null);
            case HttpStatusCode.BadRequest:
                return PutOutcome.DigestMismatch;
            case HttpStatusCode.RequestEntityTooLarge:
                return PutOutcome.TooLarge;
            default:
                await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);
                return PutOutcome.Unavailable;
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string PathOf(ArtifactKey key) => $"v1/artifacts/{key}";

    private static string? HeaderOf(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) ? values.First() : null;

    private static ArtifactMetadata MetadataOf(HttpResponseMessage answer)
    {
        var tag = answer.Headers.ETag?.Tag.Trim('"');
        return new ArtifactMetadata
        {
            Length = answer.Content.Headers.ContentLength ?? -1,
            Digest = Fingerprint.TryParse(HeaderOf(answer, "Larder-Digest") ?? tag, out var digest) ? digest : default,
            Owner = HeaderOf(answer, "Larder-Owner") is { } owner ? Uri.UnescapeDataString(owner) : null,
            CreatedAt = DateTimeOffset.TryParse(
                HeaderOf(answer, "Larder-Created"), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var created)
                ? created
                : default,
        };
    }

    /// <summary>Asks a question whose answer comes at once.</summary>
    private async Task<HttpResponseMessage> AskAsync(
        HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(QuestionTimeout);
        try
        {
            var answer = await SendAsync(new HttpRequestMessage(method, path) { Content = content }, limited.Token).ConfigureAwait(false);
            await EnsureAsync(answer, limited.Token).ConfigureAwait(false);
            return answer;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw CommandException.Unreachable(
                $"The node at {_address} did not answer within {Format.Duration(QuestionTimeout)}; see its log.");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using (request)
            {
                return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (HttpRequestException e)
        {
            throw CommandException.Unreachable(
                $"No node answers at {_address} ({Reason(e)}); start one with 'larder serve', or name a directory with --data.", e);
        }
    }

    /// <summary>Turns an answer that is no success into a sentence.</summary>
    private async Task EnsureAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.IsSuccessStatusCode)
        {
            return;
        }

        using (answer)
        {
            var said = await SentenceAsync(answer, cancellationToken).ConfigureAwait(false);
            throw answer.StatusCode switch
            {
                HttpStatusCode.Unauthorized => new CommandException(
                    ExitCodes.Failure, $"The node at {_address} wants a token: set LARDER_TOKEN or give --token."),
                HttpStatusCode.Forbidden => new CommandException(
                    ExitCodes.Failure, $"The token does not allow this at {_address}; use one with the right, or ask whoever runs the node."),
                HttpStatusCode.NotFound => CommandException.Usage(
                    $"{_address} does not know {answer.RequestMessage?.RequestUri?.AbsolutePath}; is it a larder node of this version?"),
                _ => new CommandException(
                    ExitCodes.Failure, $"The node at {_address} answered {(int)answer.StatusCode}: {said}"),
            };
        }
    }

    private static async Task<string> SentenceAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        const int MaxShown = 300;
        var text = await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error))
            {
                // Handlers and panels say more than a sentence.
                var sentence = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message) ? message : error;
                return (sentence.ValueKind == JsonValueKind.String ? sentence.GetString() : null) ?? answer.ReasonPhrase ?? "no reason given.";
            }
        }
        catch (JsonException)
        {
            // Another server's page.
        }

        return text.Length is 0 or > MaxShown ? $"{answer.ReasonPhrase ?? "no reason given"}." : text.Trim();
    }

    private async Task<TValue> ReadAsync<TValue>(
        HttpResponseMessage answer, System.Text.Json.Serialization.Metadata.JsonTypeInfo<TValue> type, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false)
                ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new CommandException(
                ExitCodes.Failure, $"{_address} gave an answer that is not understood ({e.Message}); is it a larder node?", e);
        }
    }

    private static string Reason(HttpRequestException e) => e.InnerException switch
    {
        System.Net.Sockets.SocketException socket => socket.SocketErrorCode switch
        {
            System.Net.Sockets.SocketError.ConnectionRefused => "connection refused",
            System.Net.Sockets.SocketError.HostNotFound => "there is no such host",
            _ => socket.Message,
        },
        TimeoutException => "no connection in time",
        _ => e.Message,
    };
}

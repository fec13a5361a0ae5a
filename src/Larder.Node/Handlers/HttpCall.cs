using System.Net.Http.Headers;
using System.Text.Json;

namespace Larder.Node.Handlers;

/// <summary>A request that a handler asks the extension <c>http</c> for.</summary>
internal sealed class HttpCall
{
    private const int MaxHeaders = 64;

    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

    // What frames a message and names its receiver is not the handler's.
    private static readonly string[] Reserved =
        ["connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"];

    private readonly List<KeyValuePair<string, string>> _headers = [];
    private readonly JsonElement? _body;

    private HttpCall(string method, Uri url, JsonElement? body, JsonElement? options, TimeSpan longest)
    {
        Method = new HttpMethod(method);
        Url = url;
        _body = body;
        Timeout = longest;
        if (options is not { } json)
        {
            return;
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.BadRequest("The options of an HTTP request must be an object.");
        }

        var milliseconds = JsonFields.Number(json, "timeout", 1, int.MaxValue);
        Timeout = milliseconds is { } time && time < longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(time) : longest;
        ReadHeaders(JsonFields.Object(json, "headers", "headers"));
        Url = AddQuery(url, JsonFields.Object(json, "params", "query"));
    }

    public HttpMethod Method { get; }

    public Uri Url { get; }

    public TimeSpan Timeout { get; }

    /// <summary>Reads a call: <c>get(url, options)</c>, <c>post(url, body, options)</c>, <c>request(options)</c> and so on.</summary>
    /// <exception cref="ApiException">The arguments are not such.</exception>
    public static HttpCall Read(string method, IReadOnlyList<JsonElement> arguments, TimeSpan longest)
    {
        JsonElement? At(int index) =>
            index < arguments.Count && arguments[index].ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? arguments[index] : null;

        if (method == "request")
        {
            var options = At(0) is { ValueKind: JsonValueKind.Object } json ? json : throw ApiException.BadRequest("http.request takes an object with a url.");
            var verb = (JsonFields.Text(options, "method") ?? "GET").ToUpperInvariant();
            return Methods.Contains(verb)
                ? new HttpCall(verb, ReadUrl(JsonFields.Get(options, "url")), JsonFields.Get(options, "body", "data"), options, longest)
                : throw ApiException.BadRequest($"'{verb}' is not a method that http.request sends.");
        }

        var hasBody = method is "post" or "put" or "patch";
        var body = hasBody ? At(1) : null;
        return new HttpCall(method.ToUpperInvariant(), ReadUrl(At(0)), body, At(hasBody ? 2 : 1), longest);
    }

    /// <summary>The request for an address that the call led to.</summary>
    /// <param name="url">Where it goes: the call's own address, or one that another answered with.</param>
    /// <param name="method">The method, which a redirection may change.</param>
    /// <param name="isForeign">Whether the address is another host's, which credentials are not for.</param>
    public HttpRequestMessage Make(Uri url, HttpMethod method, bool isForeign)
    {
        var request = new HttpRequestMessage(method, url);
        if (_body is { } body && method == Method)
        {
            var isText = body.ValueKind == JsonValueKind.String;
            request.Content = new ByteArrayContent(isText
                ? System.Text.Encoding.UTF8.GetBytes(body.GetString()!) // The kind is String.
                : System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(body).ToArray());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(isText ? "text/plain" : "application/json", "utf-8");
        }

        foreach (var (name, value) in _headers)
        {
            if (isForeign && name.ToLowerInvariant() is "authorization" or "cookie")
            {
                continue;
            }

            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.Remove(name);
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }

    private static Uri ReadUrl(JsonElement? json) =>
        json is { ValueKind: JsonValueKind.String } text
        && Uri.TryCreate(text.GetString(), UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https"
        && url.UserInfo.Length == 0
            ? url
            : throw ApiException.BadRequest("An HTTP request needs an address that begins with http:// or https:// and has no password.");

    private static Uri AddQuery(Uri url, JsonElement query)
    {
        if (query.ValueKind == JsonValueKind.Undefined)
        {
            return url;
        }

        var pairs = query.EnumerateObject().Select(static pair =>
            $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value.ToString())}");
        var old = url.Query.TrimStart('?');
        return new UriBuilder(url) { Query = string.Join('&', pairs.Prepend(old).Where(static part => part.Length > 0)) }.Uri;
    }

    private void ReadHeaders(JsonElement headers)
    {
        if (headers.ValueKind == JsonValueKind.Undefined)
        {
            return;
        }

        foreach (var header in headers.EnumerateObject())
        {
            if (Reserved.Contains(header.Name.ToLowerInvariant()) || header.Name.StartsWith("proxy-", StringComparison.OrdinalIgnoreCase))
            {
                throw ApiException.BadRequest($"The header '{header.Name}' is not for handlers to set.");
            }

            var value = header.Value.ToString();
            if (_headers.Count == MaxHeaders || value.AsSpan().ContainsAny('\r', '\n', '\0') || !IsToken(header.Name))
            {
                throw ApiException.BadRequest($"The header '{header.Name}' is malformed, or there are more than {MaxHeaders}.");
            }

            _headers.Add(new(header.Name, value));
        }
    }

    // Source: RFC 9110, section 5.6.2.
    private static bool IsToken(string name) =>
        name.Length > 0 && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal));
}

using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Larder.Node.Security;

/// <summary>Decides what the sender of a request may do. Immutable and safe for many threads.</summary>
/// <remarks>
/// The secret comes as a bearer token, or as the password of Basic credentials because that is all a URL can carry
/// (<c>http://any:SECRET@host/</c>). Every configured token is compared, in constant time, whichever matches.
/// </remarks>
internal sealed class AccessGuard
{
    /// <summary>The namespace of <c>/v1/handlers</c>.</summary>
    public const string HandlerSpace = "handlers";

    /// <summary>The namespace of <c>/panels</c>.</summary>
    public const string PanelSpace = "panels";

    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    // Longer credentials than this are nobody's.
    private const int MaxCredentialLength = 1024;

    private readonly ImmutableArray<AccessToken> _tokens;
    private readonly byte[]? _webSecret;
    private readonly string? _workspace;
    private readonly ImmutableArray<string> _origins;
    private readonly TimeProvider _clock;

    /// <summary>A guard as the options describe it.</summary>
    public AccessGuard(NodeOptions options, TimeProvider clock)
    {
        _tokens = options.Tokens;
        _webSecret = options.ActiveJwtSecret is { } secret ? Encoding.UTF8.GetBytes(secret) : null;
        _workspace = options.Panels.Workspace;
        _origins = options.Handlers.CorsOrigins;
        _clock = clock;
    }

    /// <summary>Whether nothing is configured that anyone could show, so that everyone may do everything.</summary>
    public bool IsOpen => _tokens.IsEmpty && _webSecret is null;

    /// <summary>Whether the request's sender has <paramref name="needed"/> in <paramref name="space"/>.</summary>
    public AccessDecision Decide(HttpRequest request, string space, AccessRights needed)
    {
        if (IsOpen)
        {
            return IsForeignPage(request) ? AccessDecision.Forbidden : AccessDecision.Allowed;
        }

        var token = Find(request.Headers.Authorization);
        return token is not null
            ? (token.RightsIn(space) & needed) == needed ? AccessDecision.Allowed : AccessDecision.Forbidden
            : Decide(request, space, needed, mayUseQuery: false, out _);
    }

    /// <summary>
    /// As the other one, and says who it is. Also takes JSON Web Tokens, pages of the configured origins, and, where a
    /// browser can send no header, the token of the query <c>?token=</c>.
    /// </summary>
    public AccessDecision Decide(
        HttpRequest request, string space, AccessRights needed, bool mayUseQuery, out Caller caller)
    {
        caller = Caller.Anyone;
        if (IsOpen)
        {
            return IsForeignPage(request) && !IsAllowedOrigin(request) ? AccessDecision.Forbidden : AccessDecision.Allowed;
        }

        if (Identify(request, mayUseQuery) is not { } found)
        {
            return AccessDecision.Unknown;
        }

        caller = found;
        return (found.RightsIn(space) & needed) == needed
            && (_workspace is null || found.Workspace is null || found.Workspace == _workspace)
            ? AccessDecision.Allowed
            : AccessDecision.Forbidden;
    }

    /// <summary>Whether the request comes from a page that was named as one that may use this node.</summary>
    public bool IsAllowedOrigin(HttpRequest request)
    {
        if (_origins.IsEmpty || request.Headers.Origin is not [{ Length: > 0 } origin])
        {
            return false;
        }

        foreach (var allowed in _origins)
        {
            if (allowed == "*" || string.Equals(allowed, origin, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private Caller? Identify(HttpRequest request, bool mayUseQuery)
    {
        var authorization = request.Headers.Authorization;
        if (authorization.Count == 0 && mayUseQuery && request.Query["token"] is [{ Length: > 0 } asked])
        {
            authorization = Bearer + asked;
        }

        if (Find(authorization) is { } token)
        {
            return new Caller(token, null);
        }

        return _webSecret is not null
            && authorization is [{ } text]
            && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            && WebToken.Verify(text.AsSpan(Bearer.Length).Trim(), _webSecret, _clock.GetUtcNow()) is { } claims
            ? new Caller(null, claims)
            : null;
    }

    // An open node on loopback is reachable by every page that the user's browser shows. A page tells where it comes
    // from; a name that is neither an address nor localhost may have been pointed here by its owner.
    private static bool IsForeignPage(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        if (StringValues.IsNullOrEmpty(origin) && StringValues.IsNullOrEmpty(request.Headers["Sec-Fetch-Site"]))
        {
            return false;
        }

        var host = request.Host;
        var isLocal = host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || System.Net.IPAddress.TryParse(host.Host.AsSpan().Trim("[]"), out _);
        return !isLocal
            || (!StringValues.IsNullOrEmpty(origin)
                && !string.Equals(origin, "http://" + host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private AccessToken? Find(StringValues authorization)
    {
        if (authorization.Count != 1 || authorization[0] is not { Length: > 0 and <= MaxCredentialLength } credentials)
        {
            return null;
        }

        Span<byte> secret = stackalloc byte[MaxCredentialLength * 3];
        var length = SecretOf(credentials, secret, out var start);
        if (length < 0)
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(secret.Slice(start, length), hash);
        AccessToken? found = null;
        foreach (var token in _tokens)
        {
            found = token.Matches(hash) ? token : found;
        }

        return found;
    }

    // Returns the length of the secret at `start`, or -1 when the credentials are of another scheme or malformed.
    private static int SecretOf(string credentials, Span<byte> secret, out int start)
    {
        start = 0;
        if (credentials.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return Encoding.UTF8.GetBytes(credentials.AsSpan(Bearer.Length).Trim(), secret);
        }

        if (!credentials.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
        {
            return -1;
        }

        var written = Encoding.UTF8.GetBytes(credentials.AsSpan(Basic.Length).Trim(), secret);
        if (Base64.DecodeFromUtf8InPlace(secret[..written], out var decoded) != System.Buffers.OperationStatus.Done)
        {
            return -1;
        }

        var colon = secret[..decoded].IndexOf((byte)':');
        start = colon + 1;
        return colon < 0 ? -1 : decoded - start;
    }
}

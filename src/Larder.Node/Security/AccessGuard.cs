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
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    // Longer credentials than this are nobody's.
    private const int MaxCredentialLength = 1024;

    private readonly ImmutableArray<AccessToken> _tokens;

    public AccessGuard(ImmutableArray<AccessToken> tokens) => _tokens = tokens;

    /// <summary>Whether no token is configured, so that everyone may do everything.</summary>
    public bool IsOpen => _tokens.IsEmpty;

    /// <summary>Whether the request's sender has <paramref name="needed"/> in <paramref name="space"/>.</summary>
    public AccessDecision Decide(HttpRequest request, string space, AccessRights needed)
    {
        if (IsOpen)
        {
            return IsForeignPage(request) ? AccessDecision.Forbidden : AccessDecision.Allowed;
        }

        var token = Find(request.Headers.Authorization);
        return token is null ? AccessDecision.Unknown
            : (token.RightsIn(space) & needed) == needed ? AccessDecision.Allowed
            : AccessDecision.Forbidden;
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

using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;

namespace Larder.Oci.Registry;

/// <summary>What a server that answered 401 wants to see.</summary>
/// <param name="Scheme"><c>bearer</c> or <c>basic</c>, in lower case.</param>
/// <param name="Realm">Where tokens are to be had; empty for basic.</param>
/// <param name="Service">What the token server knows the registry as; empty when that is not said.</param>
/// <param name="Scope">What the token has to allow; empty when that is not said.</param>
/// <remarks>Source: RFC 9110, section 11.6.1; the token specification of the distribution project.</remarks>
internal sealed record AuthenticateChallenge(string Scheme, string Realm, string Service, string Scope)
{
    private const int MaxParameterLength = 4096;

    /// <summary>The best challenge that is understood; false when there is none.</summary>
    public static bool TryFind(HttpHeaderValueCollection<AuthenticationHeaderValue> headers, [NotNullWhen(true)] out AuthenticateChallenge? challenge)
    {
        challenge = null;
        foreach (var header in headers)
        {
            var scheme = header.Scheme.ToLowerInvariant();
            if (scheme == "bearer")
            {
                var parameters = Parameters(header.Parameter ?? string.Empty);
                challenge = new AuthenticateChallenge(
                    scheme,
                    parameters.GetValueOrDefault("realm", string.Empty),
                    parameters.GetValueOrDefault("service", string.Empty),
                    parameters.GetValueOrDefault("scope", string.Empty));
                return true;
            }

            if (scheme == "basic")
            {
                challenge ??= new AuthenticateChallenge(scheme, string.Empty, string.Empty, string.Empty);
            }
        }

        return challenge is not null;
    }

    /// <summary>Names and values of <c>name="value", name=value</c>; what is malformed is passed over.</summary>
    internal static Dictionary<string, string> Parameters(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var at = 0;
        while (at < text.Length && text.Length <= MaxParameterLength)
        {
            var equals = text.IndexOf('=', at);
            if (equals < 0)
            {
                break;
            }

            var name = text[at..equals].Trim(' ', '\t', ',');
            at = equals + 1;
            var value = at < text.Length && text[at] == '"' ? Quoted(text, ref at) : Token(text, ref at);
            found.TryAdd(name, value);
        }

        return found;
    }

    private static string Quoted(string text, ref int at)
    {
        var value = new System.Text.StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            value.Append(text[at]);
        }

        at++;
        return value.ToString();
    }

    private static string Token(string text, ref int at)
    {
        var end = text.IndexOf(',', at);
        var value = end < 0 ? text[at..] : text[at..end];
        at = end < 0 ? text.Length : end;
        return value.Trim();
    }
}

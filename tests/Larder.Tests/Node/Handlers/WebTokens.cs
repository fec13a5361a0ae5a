using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Larder.Tests.Node.Handlers;

/// <summary>Makes JSON Web Tokens, right ones and wrong ones.</summary>
internal static class WebTokens
{
    public const string Secret = "a-secret-for-tests-only";
    public const string Header = """{"alg":"HS256","typ":"JWT"}""";

    public static string Sign(string claims, string header = Header, string secret = Secret)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed));
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}

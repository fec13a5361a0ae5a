using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Larder.Node.Security;

/// <summary>What a JSON Web Token says once its signature and times hold. Immutable.</summary>
/// <param name="Subject">The claim <c>sub</c>; null when absent.</param>
/// <param name="Workspace">The claim <c>workspace_id</c>; null when absent.</param>
/// <param name="Rights">What it may do with handlers and panels.</param>
internal sealed record WebToken(string? Subject, string? Workspace, AccessRights Rights)
{
    /// <summary>Longer tokens are nobody's.</summary>
    public const int MaxLength = 8 * 1024;

    // Clocks of two machines may differ by so much.
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>
    /// Reads a token in compact form that was signed with HMAC SHA-256; null when anything about it is wrong. The algorithm
    /// is fixed: what the header says besides is not followed but refused.
    /// </summary>
    /// <remarks>Source: RFC 7515, RFC 7519, and RFC 8725 on what not to accept.</remarks>
    public static WebToken? Verify(ReadOnlySpan<char> text, ReadOnlySpan<byte> secret, DateTimeOffset now)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        var second = text.LastIndexOf('.');
        var first = second <= 0 ? -1 : text[..second].IndexOf('.');
        if (first <= 0 || !IsSigned(text[..second], text[(second + 1)..], secret))
        {
            return null;
        }

        try
        {
            return Parse(text[..first]) is { } header && IsExpectedHeader(header) && Parse(text[(first + 1)..second]) is { } claims
                ? Read(claims, now)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsSigned(ReadOnlySpan<char> signed, ReadOnlySpan<char> signature, ReadOnlySpan<byte> secret)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (signature.Length != 43 || !Base64Url.TryDecodeFromChars(signature, given, out var length) || length != given.Length)
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(signed.ToString()), expected);
        return CryptographicOperations.FixedTimeEquals(given, expected);
    }

    private static JsonElement? Parse(ReadOnlySpan<char> part)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(part.Length)];
        try
        {
            if (!Base64Url.TryDecodeFromChars(part, bytes, out var length))
            {
                return null;
            }

            var element = JsonElement.Parse(bytes.AsSpan(0, length), Strict);
            return element.ValueKind == JsonValueKind.Object ? element : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsExpectedHeader(JsonElement header) =>
        header.TryGetProperty("alg", out var algorithm)
        && algorithm.ValueKind == JsonValueKind.String
        && algorithm.ValueEquals("HS256"u8)
        && !header.TryGetProperty("crit", out _);

    private static WebToken? Read(JsonElement claims, DateTimeOffset now)
    {
        if (!TryTime(claims, "exp", out var expires) || !TryTime(claims, "nbf", out var begins)
            || (expires is { } end && now.ToUnixTimeSeconds() >= end + Leeway.TotalSeconds)
            || (begins is { } start && now.ToUnixTimeSeconds() < start - Leeway.TotalSeconds))
        {
            return null;
        }

        return TryText(claims, "sub", out var subject)
            && TryText(claims, "workspace_id", out var workspace)
            && TryRights(claims, out var rights)
            ? new WebToken(subject, workspace, rights)
            : null;
    }

    // A claim that is there must be well formed; one that is not there says nothing.
    private static bool TryTime(JsonElement claims, string name, out double? seconds)
    {
        seconds = null;
        if (!claims.TryGetProperty(name, out var value))
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || !double.IsFinite(number))
        {
            return false;
        }

        seconds = number;
        return true;
    }

    private static bool TryText(JsonElement claims, string name, out string? text)
    {
        text = null;
        if (!claims.TryGetProperty(name, out var value))
        {
            return true;
        }

        text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return text is { Length: > 0 and <= 256 };
    }

    private static bool TryRights(JsonElement claims, out AccessRights rights)
    {
        rights = AccessRights.Read | AccessRights.Write | AccessRights.Execute;
        if (!claims.TryGetProperty("permissions", out var permissions))
        {
            return true;
        }

        rights = AccessRights.None;
        if (permissions.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        // Permissions of other services are nothing here.
        foreach (var permission in permissions.EnumerateArray())
        {
            rights |= permission.ValueKind != JsonValueKind.String ? AccessRights.None : permission.GetString() switch
            {
                "panel:create" => AccessRights.Write,
                "panel:read" => AccessRights.Read,
                "panel:execute" => AccessRights.Execute,
                _ => AccessRights.None,
            };
        }

        return true;
    }
}

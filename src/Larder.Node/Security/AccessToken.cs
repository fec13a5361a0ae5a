using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Larder.Node.Security;

/// <summary>
/// A secret that clients show, and the rights it carries in each namespace. Only the SHA-256 of the secret is kept.
/// </summary>
/// <remarks>
/// The text form is <c>SECRET</c>, which may do everything, or <c>SECRET;NAMESPACE=RIGHTS;...</c> where RIGHTS is
/// <c>r</c>, <c>w</c> or <c>rw</c>, or <c>x</c> and <c>rx</c> to run handlers and change nothing, and NAMESPACE is
/// <c>ccache</c>, <c>bazel</c>, a kind, <c>handlers</c>, <c>panels</c>, <c>admin</c> for maintenance and statistics, or
/// <c>*</c> for what is not named. In place of the secret, <c>sha256:</c> and 64 hexadecimal digits give
/// its hash. Immutable and safe for many threads.
/// </remarks>
public sealed class AccessToken
{
    private const string HashPrefix = "sha256:";
    private const int MinSecretLength = 8;
    private const AccessRights All = AccessRights.Read | AccessRights.Write | AccessRights.Execute;

    private readonly byte[] _hash;
    private readonly ImmutableSortedDictionary<string, AccessRights> _rights;

    private AccessToken(byte[] hash, ImmutableSortedDictionary<string, AccessRights> rights)
    {
        _hash = hash;
        _rights = rights;
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">The text is malformed; the message does not repeat the secret.</exception>
    public static AccessToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var token, out var error) ? token : throw new FormatException(error);
    }

    /// <summary>Reads the text form; false with one sentence when it is malformed.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AccessToken? token, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        token = null;
        var parts = text.Split(';', StringSplitOptions.TrimEntries);
        if (!TryHash(parts[0], out var hash, out error))
        {
            return false;
        }

        var rights = ImmutableSortedDictionary.CreateBuilder<string, AccessRights>(StringComparer.Ordinal);
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var space = equals > 0 ? part[..equals] : string.Empty;
            AccessRights? right = part[(equals + 1)..] switch
            {
                "r" => AccessRights.Read,
                "w" => AccessRights.Write | AccessRights.Execute,
                "rw" => All,
                "x" => AccessRights.Execute,
                "rx" => AccessRights.Read | AccessRights.Execute,
                _ => null,
            };
            if (space.Length == 0 || right is null)
            {
                error = $"'{part}' is not a right of a token; write NAMESPACE=r, NAMESPACE=w or NAMESPACE=rw, or x and rx for handlers.";
                return false;
            }

            rights[space] = right.Value;
        }

        if (rights.Count == 0)
        {
            rights["*"] = All;
        }

        token = new AccessToken(hash, rights.ToImmutable());
        error = null;
        return true;
    }

    /// <summary>What the token allows in <paramref name="space"/>.</summary>
    public AccessRights RightsIn(string space) =>
        _rights.TryGetValue(space, out var rights) || _rights.TryGetValue("*", out rights) ? rights : AccessRights.None;

    /// <summary>The rights without the secret, for <c>larder config</c> and the log.</summary>
    public override string ToString() => string.Join(
        ';', _rights.Select(static pair => $"{pair.Key}={Letters(pair.Value)}").Prepend("***"));

    /// <summary>Whether <paramref name="hash"/> is this secret's; takes the same time for every answer.</summary>
    internal bool Matches(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(_hash, hash);

    private static string Letters(AccessRights rights) =>
        (rights.HasFlag(AccessRights.Read) ? "r" : "")
        + (rights.HasFlag(AccessRights.Write) ? "w" : rights.HasFlag(AccessRights.Execute) ? "x" : "");

    private static bool TryHash(string secret, out byte[] hash, [NotNullWhen(false)] out string? error)
    {
        error = null;
        hash = [];
        if (secret.StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            var digits = secret.AsSpan(HashPrefix.Length);
            if (digits.Length != 2 * SHA256.HashSizeInBytes || !digits.ToString().All(char.IsAsciiHexDigit))
            {
                error = "After 'sha256:' a token has the 64 hexadecimal digits of its secret's hash.";
                return false;
            }

            hash = Convert.FromHexString(digits);
            return true;
        }

        if (secret.Length < MinSecretLength || secret.Any(static letter => char.IsWhiteSpace(letter) || letter == ':'))
        {
            error = $"A token's secret has at least {MinSecretLength} characters and neither blanks nor colons.";
            return false;
        }

        hash = SHA256.HashData(Encoding.UTF8.GetBytes(secret));
        return true;
    }
}

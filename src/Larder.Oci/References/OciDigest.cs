using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;

namespace Larder.Oci.References;

/// <summary>The name of contents by their hash, written <c>sha256:9f86d0…</c>.</summary>
/// <remarks>Source: OCI image specification, descriptors, "Digests". The default value names nothing.</remarks>
public readonly record struct OciDigest
{
    private const int Sha512HexLength = 128;
    private const string Sha256Prefix = "sha256:";
    private const string Sha512Prefix = "sha512:";

    // Upper case is refused by the specification: one content has one name.
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    private readonly string? _text;

    private OciDigest(string text) => _text = text;

    /// <summary>Whether this names nothing.</summary>
    public bool IsDefault => _text is null;

    /// <summary>The hash function.</summary>
    public OciDigestAlgorithm Algorithm =>
        _text?.Length == Sha512Prefix.Length + Sha512HexLength ? OciDigestAlgorithm.Sha512 : OciDigestAlgorithm.Sha256;

    /// <summary>The hash in lower-case hexadecimal digits; empty for the default value.</summary>
    public string Hex => _text is null ? string.Empty : _text[Sha256Prefix.Length..];

    /// <summary>Takes a digest from its text.</summary>
    /// <exception cref="OciException">The text is no digest, or one of another hash function.</exception>
    public static OciDigest Parse(string text) => TryParse(text, out var digest)
        ? digest
        : throw new OciException(
            OciErrorKind.InvalidReference,
            $"'{Printable.Shorten(text)}' is not a digest: it must be 'sha256:' with 64 or 'sha512:' with 128 lower-case hexadecimal digits.");

    /// <summary>Takes a digest from its text; false when the text is no digest, or one of another hash function.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out OciDigest digest)
    {
        var isDigest = text switch
        {
            { Length: 71 } => text.StartsWith(Sha256Prefix, StringComparison.Ordinal),
            { Length: 135 } => text.StartsWith(Sha512Prefix, StringComparison.Ordinal),
            _ => false,
        };
        if (isDigest && !text.AsSpan(Sha256Prefix.Length).ContainsAnyExcept(Hexadecimal))
        {
            digest = new OciDigest(text!);
            return true;
        }

        digest = default;
        return false;
    }

    /// <summary>Takes a digest from the bytes of its hash.</summary>
    /// <param name="algorithm">The hash function.</param>
    /// <param name="hash">32 bytes of SHA-256, or 64 of SHA-512.</param>
    public static OciDigest FromHash(OciDigestAlgorithm algorithm, ReadOnlySpan<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hash.Length, algorithm == OciDigestAlgorithm.Sha256 ? 32 : 64, nameof(hash));
        return new OciDigest((algorithm == OciDigestAlgorithm.Sha256 ? Sha256Prefix : Sha512Prefix) + Convert.ToHexStringLower(hash));
    }

    /// <summary>The SHA-256 digest of contents.</summary>
    public static OciDigest Of(ReadOnlySpan<byte> content) => Of(OciDigestAlgorithm.Sha256, content);

    /// <summary>The digest of contents.</summary>
    public static OciDigest Of(OciDigestAlgorithm algorithm, ReadOnlySpan<byte> content) =>
        FromHash(algorithm, algorithm == OciDigestAlgorithm.Sha256 ? SHA256.HashData(content) : SHA512.HashData(content));

    /// <summary>Whether contents have this digest.</summary>
    public bool Matches(ReadOnlySpan<byte> content) => _text is not null && Of(Algorithm, content) == this;

    /// <summary>Begins to hash what is to be compared with this digest.</summary>
    public IncrementalHash CreateHash() => IncrementalHash.CreateHash(
        Algorithm == OciDigestAlgorithm.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512);

    /// <summary>The digest as the fingerprint of a content-addressed artifact; false when it is not SHA-256.</summary>
    public bool TryGetFingerprint(out Fingerprint fingerprint)
    {
        if (_text is not null && Algorithm == OciDigestAlgorithm.Sha256)
        {
            fingerprint = Fingerprint.Parse(Hex);
            return true;
        }

        fingerprint = default;
        return false;
    }

    /// <summary>Returns the text, as in manifests; empty for the default value.</summary>
    public override string ToString() => _text ?? string.Empty;
}

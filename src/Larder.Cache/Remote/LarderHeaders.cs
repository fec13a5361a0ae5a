using System.Collections.Immutable;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Remote;

/// <summary>Metadata as the headers of Larder's own HTTP contract (docs/HTTP.md).</summary>
/// <remarks>
/// Owner and attributes are percent-encoded UTF-8, so that any text survives. Header names have no case: upper-case
/// letters in the name of an attribute are percent-encoded too.
/// </remarks>
internal static class LarderHeaders
{
    public const string Digest = "Larder-Digest";
    public const string Cost = "Larder-Cost-Ms";
    public const string Owner = "Larder-Owner";
    public const string Recipe = "Larder-Recipe";
    public const string Created = "Larder-Created";
    public const string AttributePrefix = "Larder-Attr-";

    // A recipe that makes a longer header stays behind: servers limit headers to some 32 KiB in all.
    private const int MaxRecipeBytes = 12 * 1024;

    /// <summary>Puts metadata into the headers of a request.</summary>
    public static void Write(HttpHeaders headers, ArtifactMetadata metadata)
    {
        headers.TryAddWithoutValidation(Digest, metadata.Digest.ToString());
        if (metadata.Cost > TimeSpan.Zero)
        {
            var milliseconds = (long)Math.Round(metadata.Cost.TotalMilliseconds);
            headers.TryAddWithoutValidation(Cost, milliseconds.ToString(CultureInfo.InvariantCulture));
        }

        if (metadata.Owner is not null)
        {
            headers.TryAddWithoutValidation(Owner, Uri.EscapeDataString(metadata.Owner));
        }

        if (metadata.Recipe.Length is > 0 and <= MaxRecipeBytes)
        {
            headers.TryAddWithoutValidation(Recipe, Convert.ToBase64String(metadata.Recipe.Span));
        }

        if (metadata.CreatedAt != default)
        {
            headers.TryAddWithoutValidation(Created, metadata.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        }

        foreach (var (name, value) in metadata.Attributes)
        {
            headers.TryAddWithoutValidation(AttributePrefix + EscapeName(name), Uri.EscapeDataString(value));
        }
    }

    /// <summary>
    /// Takes metadata from the headers of an answer; null without a usable digest. Anything else that is missing or
    /// not understood is left out: it describes and decides nothing.
    /// </summary>
    public static ArtifactMetadata? Read(HttpResponseMessage answer, long length)
    {
        var text = Single(answer.Headers, Digest) ?? answer.Headers.ETag?.Tag.Trim('"');
        if (text is null || !Fingerprint.TryParse(text, out var digest))
        {
            return null;
        }

        var milliseconds = double.TryParse(
            Single(answer.Headers, Cost), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        var created = DateTimeOffset.TryParse(
            Single(answer.Headers, Created), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : default;
        var owner = Single(answer.Headers, Owner);
        return new ArtifactMetadata
        {
            Length = length,
            Digest = digest,
            Cost = TimeSpan.FromMilliseconds(Math.Min(milliseconds, TimeSpan.FromDays(365).TotalMilliseconds)),
            CreatedAt = created,
            Owner = string.IsNullOrEmpty(owner) ? null : Uri.UnescapeDataString(owner),
            Recipe = ReadRecipe(Single(answer.Headers, Recipe)),
            Attributes = ReadAttributes(answer.Headers),
        };
    }

    private static ReadOnlyMemory<byte> ReadRecipe(string? text)
    {
        if (text is null || text.Length > Fingerprints.Recipe.MaxEncodedBytes * 2)
        {
            return default;
        }

        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var written) ? bytes.AsMemory(0, written) : default;
    }

    private static ImmutableSortedDictionary<string, string> ReadAttributes(HttpResponseHeaders headers)
    {
        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var bytes = 0;
        foreach (var (name, values) in headers)
        {
            if (!name.StartsWith(AttributePrefix, StringComparison.OrdinalIgnoreCase)
                || attributes.Count == ArtifactMetadata.MaxAttributes)
            {
                continue;
            }

            var plain = Uri.UnescapeDataString(name[AttributePrefix.Length..].ToLowerInvariant());
            var value = Uri.UnescapeDataString(string.Join(",", values));
            bytes += Encoding.UTF8.GetByteCount(plain) + Encoding.UTF8.GetByteCount(value);
            if (plain.Length > 0 && bytes <= ArtifactMetadata.MaxAttributeBytes)
            {
                attributes[plain] = value;
            }
        }

        return attributes.ToImmutable();
    }

    private static string? Single(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) && values.Take(2).ToArray() is [var value] ? value : null;

    private static string EscapeName(string name)
    {
        var escaped = new StringBuilder(name.Length);
        foreach (var value in Encoding.UTF8.GetBytes(name))
        {
            var c = (char)value;
            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.')
            {
                escaped.Append(c);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"%{value:x2}");
            }
        }

        return escaped.ToString();
    }
}

using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Protocols;

/// <summary>The <c>Larder-*</c> headers: an artifact's metadata on the wire, in both directions.</summary>
/// <remarks>
/// Owner and attributes are percent-encoded UTF-8, because headers carry nothing but visible ASCII. Header names have no
/// case: upper-case letters in the name of an attribute are percent-encoded too.
/// </remarks>
internal static class MetadataHeaders
{
    public const string Digest = "Larder-Digest";
    public const string Cost = "Larder-Cost-Ms";
    public const string Owner = "Larder-Owner";
    public const string Recipe = "Larder-Recipe";
    public const string Created = "Larder-Created";
    public const string Tier = "Larder-Tier";
    public const string AttributePrefix = "Larder-Attr-";

    private const int MaxOwnerLength = 256;

    // Clients limit the headers of an answer too; a longer recipe is left out of it.
    private const int MaxRecipeBytes = 12 * 1024;

    /// <summary>Writes what is known of an artifact.</summary>
    public static void Write(IHeaderDictionary headers, ArtifactMetadata metadata, TierKind source)
    {
        var text = MetadataText.Of(metadata);
        headers[Digest] = text.Digest;
        headers[Tier] = NameOf(source);
        if (text.Created.Count > 0)
        {
            headers[Created] = text.Created;
        }

        if (metadata.Cost > TimeSpan.Zero)
        {
            headers[Cost] = Math.Round(metadata.Cost.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        }

        if (metadata.Owner is not null)
        {
            headers[Owner] = Uri.EscapeDataString(metadata.Owner);
        }

        if (metadata.Recipe.Length is > 0 and <= MaxRecipeBytes)
        {
            headers[Recipe] = Convert.ToBase64String(metadata.Recipe.Span);
        }

        if (metadata.Attributes.IsEmpty)
        {
            return;
        }

        foreach (var (name, value) in metadata.Attributes)
        {
            headers[AttributePrefix + EncodeName(name)] = Uri.EscapeDataString(value);
        }
    }

    /// <summary>Reads what a client wants kept; false with one sentence when a header is malformed.</summary>
    public static bool TryRead(
        IHeaderDictionary headers, out ArtifactMetadata description, [NotNullWhen(false)] out string? problem)
    {
        description = ArtifactWriter.AsWritten;
        problem = null;
        if (headers.TryGetValue(Digest, out var digestText))
        {
            if (!Fingerprint.TryParse(digestText.ToString(), out var digest))
            {
                problem = $"{Digest} is {Fingerprint.TextLength} hexadecimal digits.";
                return false;
            }

            description = description with { Digest = digest };
        }

        return TryReadCost(headers, ref description, ref problem)
            && TryReadOwner(headers, ref description, ref problem)
            && TryReadRecipe(headers, ref description, ref problem)
            && TryReadCreated(headers, ref description, ref problem)
            && TryReadAttributes(headers, ref description, ref problem);
    }

    /// <summary>The name of a tier in headers, metrics and JSON.</summary>
    public static string NameOf(TierKind tier) => tier switch
    {
        TierKind.Memory => "memory",
        TierKind.Disk => "disk",
        TierKind.Remote => "remote",
        TierKind.Fill => "fill",
        _ => "none",
    };

    private static bool TryReadCost(
        IHeaderDictionary headers, ref ArtifactMetadata description, [NotNullWhen(false)] ref string? problem)
    {
        if (!headers.TryGetValue(Cost, out var text))
        {
            return true;
        }

        if (!double.TryParse(text.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cost)
            || cost > TimeSpan.FromDays(365).TotalMilliseconds)
        {
            problem = $"{Cost} is a number of milliseconds, not negative and at most a year.";
            return false;
        }

        description = description with { Cost = TimeSpan.FromMilliseconds(cost) };
        return true;
    }

    private static bool TryReadOwner(
        IHeaderDictionary headers, ref ArtifactMetadata description, [NotNullWhen(false)] ref string? problem)
    {
        if (!headers.TryGetValue(Owner, out var text))
        {
            return true;
        }

        var owner = Uri.UnescapeDataString(text.ToString());
        if (owner.Length is 0 or > MaxOwnerLength || owner.Any(char.IsControl))
        {
            problem = $"{Owner} is 1 to {MaxOwnerLength} characters without control characters.";
            return false;
        }

        description = description with { Owner = owner };
        return true;
    }

    private static bool TryReadRecipe(
        IHeaderDictionary headers, ref ArtifactMetadata description, [NotNullWhen(false)] ref string? problem)
    {
        if (!headers.TryGetValue(Recipe, out var text))
        {
            return true;
        }

        var recipe = new byte[text.ToString().Length];
        if (!Convert.TryFromBase64String(text.ToString(), recipe, out var length))
        {
            problem = $"{Recipe} is the canonical recipe in base64.";
            return false;
        }

        description = description with { Recipe = recipe.AsMemory(0, length) };
        return true;
    }

    private static bool TryReadAttributes(
        IHeaderDictionary headers, ref ArtifactMetadata description, [NotNullWhen(false)] ref string? problem)
    {
        var attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var bytes = 0;
        foreach (var (header, value) in headers)
        {
            if (!header.StartsWith(AttributePrefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var name = Uri.UnescapeDataString(header[AttributePrefix.Length..].ToLowerInvariant());
            var decoded = Uri.UnescapeDataString(value.ToString());
            bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(decoded);
            attributes[name] = decoded;
        }

        if (attributes.Count > ArtifactMetadata.MaxAttributes || bytes > ArtifactMetadata.MaxAttributeBytes)
        {
            problem = $"An artifact carries at most {ArtifactMetadata.MaxAttributes} attributes of together "
                + $"{ArtifactMetadata.MaxAttributeBytes} bytes.";
            return false;
        }

        description = attributes.Count == 0 ? description : description with { Attributes = attributes.ToImmutable() };
        return true;
    }

    private static bool TryReadCreated(
        IHeaderDictionary headers, ref ArtifactMetadata description, [NotNullWhen(false)] ref string? problem)
    {
        if (!headers.TryGetValue(Created, out var text))
        {
            return true;
        }

        if (!DateTimeOffset.TryParse(
            text.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created))
        {
            problem = $"{Created} is a time as ISO 8601 writes it.";
            return false;
        }

        description = description with { CreatedAt = created };
        return true;
    }

    private static string EncodeName(string name)
    {
        var encoded = new StringBuilder(name.Length);
        foreach (var value in Encoding.UTF8.GetBytes(name))
        {
            var letter = (char)value;
            if (char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_' or '.')
            {
                encoded.Append(letter);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"%{value:x2}");
            }
        }

        return encoded.ToString();
    }
}

using System.Globalization;
using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Microsoft.Extensions.Primitives;

namespace Larder.Node.Http;

/// <summary>
/// The header values of one artifact that every answer repeats, made once for as long as its metadata is in use.
/// </summary>
internal sealed class MetadataText
{
    private static readonly ConditionalWeakTable<ArtifactMetadata, MetadataText> Known = [];

    private MetadataText(ArtifactMetadata metadata)
    {
        Digest = metadata.Digest.ToString();
        EntityTag = BlobResponse.EntityTag(metadata.Digest);
        Created = metadata.CreatedAt == default
            ? StringValues.Empty
            : metadata.CreatedAt.ToString("O", CultureInfo.InvariantCulture);
    }

    /// <summary>The content digest in hexadecimal.</summary>
    public StringValues Digest { get; }

    /// <summary>The strong entity tag.</summary>
    public string EntityTag { get; }

    /// <summary>When the artifact was made; empty when unknown.</summary>
    public StringValues Created { get; }

    /// <summary>The texts of an artifact.</summary>
    public static MetadataText Of(ArtifactMetadata metadata) =>
        Known.TryGetValue(metadata, out var text) ? text : Known.GetValue(metadata, static made => new MetadataText(made));
}

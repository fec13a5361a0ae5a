using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Larder.Oci.References;

namespace Larder.Oci.Manifests;

/// <summary>Reads manifests, indexes and configurations, within limits; refuses what could be read in two ways.</summary>
/// <remarks>Source: OCI image specification 1.1; Docker image manifest version 2, schema 2.</remarks>
internal static class ManifestReader
{
    /// <summary>Reads a manifest or an index.</summary>
    /// <param name="content">Its bytes, already compared with their digest.</param>
    /// <param name="mediaType">What the registry or the descriptor calls it; null or another type when that is no help.</param>
    /// <param name="what">What this is, for messages: "the manifest of docker.io/library/debian:12".</param>
    /// <returns>An <see cref="ImageManifest"/> or an <see cref="ImageIndex"/>.</returns>
    /// <exception cref="OciException">It is neither, or not one that is supported.</exception>
    public static object Read(ReadOnlySpan<byte> content, string? mediaType, string what)
    {
        var document = Deserialize(content, ManifestJson.Default.Document, ManifestLimits.MaxManifestBytes, what);
        if (document.SchemaVersion == 1 || document.FsLayers is not null || MediaTypes.IsSchema1(document.MediaType ?? mediaType))
        {
            throw new OciException(
                OciErrorKind.Unsupported,
                $"{what} has Docker's schema 1, which was given up in 2017; push the image again with a current tool.");
        }

        if (document.SchemaVersion != 2)
        {
            throw Malformed(what, $"its schemaVersion is {document.SchemaVersion}, not 2");
        }

        if (document.Manifests is not null && (document.Layers is not null || document.Config is not null))
        {
            throw Malformed(what, "it is a manifest and an index at once");
        }

        var kind = KindOf(document, mediaType, what);
        return MediaTypes.IsIndex(kind) ? ReadIndex(document, kind, what) : ReadManifest(document, kind, what);
    }

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="OciException">It is malformed.</exception>
    public static ImageConfig ReadConfig(ReadOnlySpan<byte> content, string what)
    {
        var document = Deserialize(content, ManifestJson.Default.Configuration, ManifestLimits.MaxConfigBytes, what);
        if (document.RootFs?.DiffIds is not { } names || document.RootFs.Type is not (null or "layers"))
        {
            throw Malformed(what, "it does not list the digests of its layers in rootfs.diff_ids");
        }

        CheckCount(names.Length, ManifestLimits.MaxLayers, "diff ids", what);
        var diffIds = names.Select(name => OciDigest.TryParse(name, out var digest)
            ? digest
            : throw Malformed(what, $"'{Printable.Shorten(name)}' is not a digest")).ToImmutableArray();
        var run = document.Config ?? new ManifestDocuments.Run();
        return new ImageConfig
        {
            Platform = ImagePlatform.Normalize(
                Text(document.Os, "os", what, "linux"), Text(document.Architecture, "architecture", what, "unknown"), document.Variant),
            DiffIds = diffIds,
            Created = DateTimeOffset.TryParse(
                document.Created, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created)
                ? created
                : null,
            User = run.User ?? string.Empty,
            Environment = Texts(run.Env, "variables", what),
            Entrypoint = Texts(run.Entrypoint, "words of the entry point", what),
            Command = Texts(run.Cmd, "words of the command", what),
            WorkingDirectory = run.WorkingDir ?? string.Empty,
            Labels = Notes(run.Labels, what),
        };
    }

    /// <summary>Reads the mark of an image layout; false when it is not one.</summary>
    public static bool IsLayoutMark(ReadOnlySpan<byte> content, string what) =>
        Deserialize(content, ManifestJson.Default.LayoutMark, 4096, what).ImageLayoutVersion is { } version
        && version.StartsWith("1.", StringComparison.Ordinal);

    private static string KindOf(ManifestDocuments.Document document, string? said, string what)
    {
        var isIndex = document.Manifests is not null;
        var own = MediaTypes.IsIndex(document.MediaType) || MediaTypes.IsManifest(document.MediaType) ? document.MediaType : null;
        var outer = MediaTypes.IsIndex(said) || MediaTypes.IsManifest(said) ? said : null;
        if (document.MediaType is not null && own is null)
        {
            throw new OciException(
                OciErrorKind.Unsupported, $"{what} is of the type '{Printable.Shorten(document.MediaType)}', which is no container image.");
        }

        if (!isIndex && document.Layers is null)
        {
            throw Malformed(what, "it names neither layers nor manifests");
        }

        // The type and what is in it must say the same, or two readers could see two images in one digest.
        if ((own is not null && MediaTypes.IsIndex(own) != isIndex) || (outer is not null && MediaTypes.IsIndex(outer) != isIndex))
        {
            throw Malformed(what, "its media type and its content contradict each other");
        }

        return own ?? outer ?? (isIndex ? MediaTypes.OciIndex : MediaTypes.OciManifest);
    }

    private static ImageIndex ReadIndex(ManifestDocuments.Document document, string mediaType, string what)
    {
        var manifests = document.Manifests!; // KindOf: an index has them.
        CheckCount(manifests.Length, ManifestLimits.MaxManifests, "manifests", what);
        return new ImageIndex
        {
            MediaType = mediaType,
            Manifests = [.. manifests.Select(entry => ReadEntry(entry, what))],
            Annotations = Notes(document.Annotations, what),
        };
    }

    private static ImageManifest ReadManifest(ManifestDocuments.Document document, string mediaType, string what)
    {
        if (document.Config is null)
        {
            throw Malformed(what, "it names no configuration");
        }

        var layers = document.Layers!; // KindOf: a manifest has them.
        CheckCount(layers.Length, ManifestLimits.MaxLayers, "layers", what);
        var manifest = new ImageManifest
        {
            MediaType = mediaType,
            Config = ReadEntry(document.Config, what),
            Layers = [.. layers.Select(entry => ReadEntry(entry, what))],
            Annotations = Notes(document.Annotations, what),
        };
        CheckImage(manifest, document.ArtifactType, what);
        return manifest;
    }

    private static void CheckImage(ImageManifest manifest, string? artifactType, string what)
    {
        // Registries hold charts, signatures and attestations too, in manifests like those of images.
        if (manifest.Config.MediaType is not (MediaTypes.OciConfig or MediaTypes.DockerConfig))
        {
            var type = artifactType ?? manifest.Config.MediaType;
            throw new OciException(OciErrorKind.Unsupported, $"{what} is no container image, but '{Printable.Shorten(type)}'.");
        }

        foreach (var layer in manifest.Layers)
        {
            if (MediaTypes.IsForeignLayer(layer.MediaType))
            {
                throw new OciException(
                    OciErrorKind.Unsupported,
                    $"{what} has a layer that must not be passed on ({layer.MediaType}), as images of Windows do; that is not supported.");
            }

            if (MediaTypes.IsEncryptedLayer(layer.MediaType))
            {
                throw new OciException(
                    OciErrorKind.Unsupported,
                    $"{what} has an encrypted layer ({layer.MediaType}); decrypt the image first, for example with 'skopeo copy --decryption-key'.");
            }
        }
    }

    private static Descriptor ReadEntry(ManifestDocuments.Entry? entry, string what)
    {
        if (entry is null)
        {
            throw Malformed(what, "it has a null where a descriptor must be");
        }

        if (!OciDigest.TryParse(entry.Digest, out var digest))
        {
            throw Malformed(what, $"'{Printable.Shorten(entry.Digest)}' is not a digest");
        }

        if (entry.Size is not (>= 0 and <= ManifestLimits.MaxBlobBytes))
        {
            throw Malformed(what, $"the size of {digest} is missing or out of range");
        }

        if (entry.MediaType is not { Length: > 0 and <= ManifestLimits.MaxMediaTypeLength } mediaType || mediaType.Any(char.IsControl))
        {
            throw Malformed(what, $"the media type of {digest} is missing or no media type");
        }

        return new Descriptor
        {
            MediaType = mediaType,
            Digest = digest,
            Size = entry.Size.Value,
            Platform = entry.Platform is { } platform
                ? ImagePlatform.Normalize(
                    Text(platform.Os, "os", what, "unknown"), Text(platform.Architecture, "architecture", what, "unknown"), platform.Variant)
                : null,
            Urls = Texts(entry.Urls, "URLs", what),
            Annotations = Notes(entry.Annotations, what),
            ArtifactType = entry.ArtifactType,
        };
    }

    private static TDocument Deserialize<TDocument>(ReadOnlySpan<byte> content, JsonTypeInfo<TDocument> type, int maxBytes, string what)
        where TDocument : class
    {
        if (content.Length > maxBytes)
        {
            throw TooLarge(what, $"it has {content.Length} bytes; {maxBytes} are the limit");
        }

        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw Malformed(what, "it is null");
        }
        catch (JsonException exception)
        {
            var place = string.Create(
                CultureInfo.InvariantCulture, $"line {exception.LineNumber.GetValueOrDefault() + 1}, {Printable.Shorten(exception.Path, 80)}");
            throw new OciException(
                OciErrorKind.InvalidManifest, $"{what} is malformed: it is not the JSON that it has to be ({place}).", exception);
        }
    }

    private static string Text(string? text, string name, string what, string otherwise) =>
        text is { Length: > 64 } ? throw Malformed(what, $"its {name} is too long") : string.IsNullOrEmpty(text) ? otherwise : text;

    private static ImmutableArray<string> Texts(string?[]? texts, string name, string what)
    {
        CheckCount(texts?.Length ?? 0, ManifestLimits.MaxNotes, name, what);
        return texts is null ? [] : [.. texts.Select(text => text ?? throw Malformed(what, $"there is a null among its {name}"))];
    }

    private static ImmutableSortedDictionary<string, string> Notes(Dictionary<string, string?>? notes, string what)
    {
        CheckCount(notes?.Count ?? 0, ManifestLimits.MaxNotes, "annotations", what);
        return notes is null or { Count: 0 }
            ? ImmutableSortedDictionary<string, string>.Empty
            : notes.ToImmutableSortedDictionary(static note => note.Key, static note => note.Value ?? string.Empty, StringComparer.Ordinal);
    }

    private static void CheckCount(int count, int limit, string name, string what)
    {
        if (count > limit)
        {
            throw TooLarge(what, $"it has {count} {name}; {limit} are the limit");
        }
    }

    private static OciException Malformed(string what, string problem) =>
        new(OciErrorKind.InvalidManifest, $"{what} is malformed: {problem}.");

    private static OciException TooLarge(string what, string problem) => new(OciErrorKind.LimitExceeded, $"{what} is too large: {problem}.");
}

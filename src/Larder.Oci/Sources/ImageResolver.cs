using System.Collections.Immutable;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>From a reference to an image: through an index, perhaps another, to manifest and configuration.</summary>
internal static class ImageResolver
{
    // An index may name another, as some build tools nest them; deeper ones are nobody's image.
    private const int MaxNestedIndexes = 8;

    /// <summary>Finds the image.</summary>
    /// <exception cref="OciException">It is not there, does not run on the platform, or is not what it claims to be.</exception>
    public static async ValueTask<ResolvedImage> ResolveAsync(
        IManifestOrigin origin, ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken)
    {
        var root = await origin.ReadRootAsync(reference, cancellationToken).ConfigureAwait(false);
        var what = $"The manifest of {reference}";
        var document = ManifestReader.Read(root.Content, root.MediaType, what);
        var (manifest, descriptor) = document is ImageIndex index
            ? await ChooseAsync(origin, reference, index, platform ?? ImagePlatform.Current, cancellationToken).ConfigureAwait(false)
            : ((ImageManifest)document, DescriptorOf(root, (ImageManifest)document));
        var config = await ReadConfigAsync(origin, reference, manifest, cancellationToken).ConfigureAwait(false);
        if (document is ImageManifest && platform is not null && platform.FitOf(config.Platform) < 0)
        {
            throw WrongPlatform(reference, platform, config.Platform.ToString());
        }

        return new ResolvedImage
        {
            Reference = reference,
            Digest = root.Digest,
            ManifestDescriptor = descriptor,
            Manifest = manifest,
            Config = config,
            Layers = Pair(reference, manifest, config),
            IsPinned = root.IsPinned,
        };
    }

    private static async ValueTask<(ImageManifest Manifest, Descriptor Descriptor)> ChooseAsync(
        IManifestOrigin origin, ImageReference reference, ImageIndex index, ImagePlatform platform, CancellationToken cancellationToken)
    {
        var entries = new List<Descriptor>(index.Manifests);
        var chosen = PlatformChoice.Choose(index, platform);
        foreach (var nested in index.Manifests.Where(static entry => MediaTypes.IsIndex(entry.MediaType)).Take(MaxNestedIndexes))
        {
            if (chosen is not null)
            {
                break;
            }

            if (await ReadAsync(origin, reference, nested, cancellationToken).ConfigureAwait(false) is ImageIndex inner)
            {
                entries.AddRange(inner.Manifests);
                chosen = PlatformChoice.Choose(inner, platform);
            }
        }

        if (chosen is null)
        {
            throw WrongPlatform(reference, platform, PlatformChoice.Describe(entries));
        }

        return await ReadAsync(origin, reference, chosen, cancellationToken).ConfigureAwait(false) is ImageManifest manifest
            ? (manifest, chosen)
            : throw new OciException(
                OciErrorKind.InvalidManifest, $"The index of {reference} calls {chosen.Digest} a manifest, but it is an index.");
    }

    private static async ValueTask<object> ReadAsync(
        IManifestOrigin origin, ImageReference reference, Descriptor descriptor, CancellationToken cancellationToken)
    {
        var what = $"The manifest {descriptor.Digest} of {reference}";
        CheckSize(descriptor, ManifestLimits.MaxManifestBytes, what);
        var content = await origin.ReadManifestAsync(descriptor, cancellationToken).ConfigureAwait(false);
        return ManifestReader.Read(content, descriptor.MediaType, what);
    }

    private static async ValueTask<ImageConfig> ReadConfigAsync(
        IManifestOrigin origin, ImageReference reference, ImageManifest manifest, CancellationToken cancellationToken)
    {
        var what = $"The configuration {manifest.Config.Digest} of {reference}";
        CheckSize(manifest.Config, ManifestLimits.MaxConfigBytes, what);
        return ManifestReader.ReadConfig(await origin.ReadConfigAsync(manifest.Config, cancellationToken).ConfigureAwait(false), what);
    }

    private static ImmutableArray<ImageLayer> Pair(ImageReference reference, ImageManifest manifest, ImageConfig config) =>
        manifest.Layers.Length == config.DiffIds.Length
            ? [.. manifest.Layers.Zip(config.DiffIds, static (blob, diffId) => new ImageLayer(blob, diffId))]
            : throw new OciException(
                OciErrorKind.InvalidManifest,
                $"{reference} has {manifest.Layers.Length} layers, but its configuration names {config.DiffIds.Length}; the image is broken.");

    private static Descriptor DescriptorOf(RootManifest root, ImageManifest manifest) =>
        new() { MediaType = manifest.MediaType, Digest = root.Digest, Size = root.Content.Length };

    private static void CheckSize(Descriptor descriptor, int limit, string what)
    {
        if (descriptor.Size > limit)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded, $"{what} is too large: it has {descriptor.Size} bytes; {limit} are the limit.");
        }
    }

    private static OciException WrongPlatform(ImageReference reference, ImagePlatform wanted, string offered) =>
        new(OciErrorKind.NotFound, $"{reference} has no image for {wanted}, only for {offered}; choose one with --platform.");
}

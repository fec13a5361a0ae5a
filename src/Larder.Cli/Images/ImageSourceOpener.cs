using Larder.Cache;
using Larder.Oci;
using Larder.Oci.References;
using Larder.Oci.Sources;

namespace Larder.Cli.Images;

/// <summary>Finds what an image comes from.</summary>
internal static class ImageSourceOpener
{
    /// <summary>The repository of a reference.</summary>
    /// <exception cref="OciException">There is no way to it.</exception>
    public static IImageSource Open(ImageReference reference, ImageSettings settings, TieredCache cache)
    {
        _ = settings;
        _ = cache;
        return reference.IsLayout
            ? new LayoutImageSource(reference.Repository)
            : throw new OciException(OciErrorKind.Unsupported, $"Registries cannot be read yet; {reference} is in one.");
    }
}

using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>One repository that images and their blobs come from: in a registry, or an image layout on disk.</summary>
/// <remarks>Safe for use by many threads. Nothing of it is trusted: digests and lengths are checked on this side.</remarks>
public interface IImageSource
{
    /// <summary>The repository without secrets, for messages: <c>docker.io/library/debian</c>, <c>oci:/srv/images</c>.</summary>
    string Name { get; }

    /// <summary>Finds manifest and configuration of an image, both verified, and chooses its platform.</summary>
    /// <param name="reference">An image in this repository.</param>
    /// <param name="platform">What it has to run on; null for this machine.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">There is no such image, it cannot be had, or it is not what it claims to be.</exception>
    ValueTask<ResolvedImage> ResolveAsync(ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken);

    /// <summary>Opens a blob, or a part of it. The caller disposes the stream and reads it asynchronously.</summary>
    /// <param name="blob">Its digest and length.</param>
    /// <param name="range">Bytes of the blob; null for the whole.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// A stream of exactly the bytes asked for; its <see cref="Stream.Length"/> says how many. A stream of the whole blob
    /// compares the digest: the read that would give the last bytes fails with <see cref="OciErrorKind.DigestMismatch"/> when it is
    /// wrong. A part cannot be compared; whoever reads it does so by other means.
    /// </returns>
    /// <exception cref="OciException">The blob is not there or cannot be had. Reads throw it too.</exception>
    ValueTask<Stream> OpenBlobAsync(Descriptor blob, ByteRange? range, CancellationToken cancellationToken);
}

using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>One layer of an image: the blob that a source has, and the name of what is in it.</summary>
/// <param name="Blob">The blob, compressed or not.</param>
/// <param name="DiffId">The digest of the uncompressed layer. The same for gzip, zstd and plain blobs of one layer.</param>
public sealed record ImageLayer(Descriptor Blob, OciDigest DiffId);

using Larder.Oci.Sources;

namespace Larder.Oci.Layers;

/// <summary>Where a layer can be had when this node does not hold it.</summary>
/// <param name="Source">The repository that has the blob.</param>
/// <param name="Layer">The blob, and the digest of what is in it.</param>
public sealed record LayerOrigin(IImageSource Source, ImageLayer Layer);

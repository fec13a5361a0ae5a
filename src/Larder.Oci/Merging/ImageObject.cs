using Larder.Oci.Indexes;

namespace Larder.Oci.Merging;

/// <summary>An object that holds bytes of an image's files.</summary>
/// <param name="Layer">The layer that can bring it, the lowest being 0.</param>
/// <param name="Number">Its number in that layer's index.</param>
/// <param name="Value">What the index says of it.</param>
public readonly record struct ImageObject(int Layer, int Number, LayerObject Value);

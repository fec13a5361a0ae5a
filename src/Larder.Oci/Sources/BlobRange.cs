using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;

namespace Larder.Oci.Sources;

/// <summary>Which bytes of a blob are asked for.</summary>
internal static class BlobRange
{
    /// <summary>The range, or the whole blob when there is none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the blob.</exception>
    public static ByteRange Checked(Descriptor blob, ByteRange? range)
    {
        var part = range ?? new ByteRange(0, blob.Size);
        ArgumentOutOfRangeException.ThrowIfNegative(part.Offset, nameof(range));
        ArgumentOutOfRangeException.ThrowIfNegative(part.Length, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part.Length, blob.Size - part.Offset, nameof(range));
        return part;
    }
}

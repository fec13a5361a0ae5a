using System.Runtime.InteropServices;

namespace Larder.Oci.Compression;

/// <summary>A decompression stream of libzstd.</summary>
internal sealed class ZstdStreamHandle : SafeHandle
{
    public ZstdStreamHandle()
        : base(0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Zstd.Free(handle);
        return true;
    }
}

using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// What a region held at one moment: its state, then its memory. Regions copy it, or map it copy-on-write.
/// Immutable; may be restored by several threads into several regions at once, and disposed while regions that were
/// restored from it live on.
/// </summary>
internal sealed unsafe class RegionSnapshot : IDisposable
{
    /// <summary>Images from this size on can be mapped; copying less costs less than asking what was written.</summary>
    public const ulong SmallestMappedBytes = 512UL << 10;

    private readonly NativeBlock? _copy;
    private readonly SealedFile? _file;

    private RegionSnapshot(ulong stateBytes, ulong byteLength, NativeBlock? copy, SealedFile? file)
    {
        StateBytes = stateBytes;
        ByteLength = byteLength;
        _copy = copy;
        _file = file;
    }

    /// <summary>Bytes of state, whole pages.</summary>
    public ulong StateBytes { get; }

    /// <summary>Bytes of linear memory.</summary>
    public ulong ByteLength { get; }

    /// <summary>Bytes of state and memory.</summary>
    public ulong TotalBytes => StateBytes + ByteLength;

    /// <summary>Whether there is a file to map.</summary>
    public bool CanBeMapped => _file is not null;

    /// <summary>The bytes; only while held.</summary>
    public byte* Bytes => _file is not null ? _file.Bytes : _copy!.Address; // One of the two is there.

    /// <summary>The file's descriptor; only while held, and only of an image that can be mapped.</summary>
    public int File => _file!.Descriptor; // The caller asked CanBeMapped.

    private SafeHandle Content => (SafeHandle?)_file ?? _copy!; // One of the two is there.

    /// <summary>Copies a block that holds a region's state and memory.</summary>
    /// <exception cref="WasmException">The machine refuses the memory (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static RegionSnapshot Create(byte* image, ulong stateBytes, ulong byteLength)
    {
        var length = (nuint)(stateBytes + byteLength);
        if (length >= SmallestMappedBytes && SealedFile.TryCreate(image, length) is { } file)
        {
            return new RegionSnapshot(stateBytes, byteLength, null, file);
        }

        // Also where the kernel has no such files: slower to restore, and otherwise the same.
        var copy = NativeBlock.CreateUninitialized(length);
        NativeMemory.Copy(image, copy.Address, length);
        return new RegionSnapshot(stateBytes, byteLength, copy, null);
    }

    /// <summary>Keeps the content from being freed until <see cref="Unhold"/>.</summary>
    /// <exception cref="ObjectDisposedException">The snapshot is disposed.</exception>
    public void Hold()
    {
        var held = false;
        Content.DangerousAddRef(ref held);
    }

    /// <summary>Ends one <see cref="Hold"/>.</summary>
    public void Unhold() => Content.DangerousRelease();

    /// <summary>Gives the image back. Regions that map it keep their pages.</summary>
    public void Dispose()
    {
        Content.Dispose();
        SlotPool.Forget(this);
    }
}

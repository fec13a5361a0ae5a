using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Wasm.Runtime;

/// <summary>
/// What a region held at one moment: its state, then its memory. Small images are a copy, large ones a sealed file in
/// memory that regions map copy-on-write. Immutable; may be restored by several threads into several regions at once,
/// and disposed while regions that were restored from it live on.
/// </summary>
internal sealed unsafe class RegionSnapshot : IDisposable
{
    /// <summary>
    /// Images up to this size are copied. A page that is touched after a copy-on-write reset costs a fault, so mapping
    /// pays only when far more is left alone than is touched.
    /// </summary>
    public const ulong LargestCopyBytes = 4UL << 20;

    // A NativeBlock, or the sealed file.
    private readonly SafeHandle _content;

    private RegionSnapshot(ulong stateBytes, ulong byteLength, SafeHandle content)
    {
        StateBytes = stateBytes;
        ByteLength = byteLength;
        _content = content;
        IsMapped = content is SafeFileHandle;
    }

    /// <summary>Bytes of state, whole pages.</summary>
    public ulong StateBytes { get; }

    /// <summary>Bytes of linear memory.</summary>
    public ulong ByteLength { get; }

    /// <summary>Whether regions map the image instead of copying it.</summary>
    public bool IsMapped { get; }

    /// <summary>The copy; only while held, and only of an image that is not mapped.</summary>
    public byte* Bytes => (byte*)_content.DangerousGetHandle();

    /// <summary>The sealed file's descriptor; only while held, and only of an image that is mapped.</summary>
    public int File => (int)_content.DangerousGetHandle();

    /// <summary>Copies a block that holds a region's state and memory.</summary>
    /// <exception cref="WasmException">The machine refuses the memory (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static RegionSnapshot Create(byte* image, ulong stateBytes, ulong byteLength)
    {
        var length = (nuint)(stateBytes + byteLength);
        if (length > LargestCopyBytes)
        {
            var file = Native.CreateSealedFile(image, length);
            if (file >= 0)
            {
                return new RegionSnapshot(stateBytes, byteLength, new SafeFileHandle(file, ownsHandle: true));
            }
        }

        // Also where the kernel has no such files: slower to restore, and otherwise the same.
        var copy = NativeBlock.CreateUninitialized(length);
        NativeMemory.Copy(image, copy.Address, length);
        return new RegionSnapshot(stateBytes, byteLength, copy);
    }

    /// <summary>Keeps the content from being freed until <see cref="Unhold"/>.</summary>
    /// <exception cref="ObjectDisposedException">The snapshot is disposed.</exception>
    public void Hold()
    {
        var held = false;
        _content.DangerousAddRef(ref held);
    }

    /// <summary>Ends one <see cref="Hold"/>.</summary>
    public void Unhold() => _content.DangerousRelease();

    /// <summary>Gives the image back. Regions that map it keep their pages.</summary>
    public void Dispose() => _content.Dispose();
}

using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>An unnamed file in memory that nobody can change any more, and a read-only view of it.</summary>
internal sealed unsafe class SealedFile : SafeHandle
{
    private readonly nuint _length;
    private readonly nint _view;

    private SealedFile(int descriptor, nint view, nuint length)
        : base(-1, ownsHandle: true)
    {
        SetHandle(descriptor);
        _view = view;
        _length = length;
    }

    /// <summary>The file descriptor.</summary>
    public int Descriptor => (int)handle;

    /// <summary>The first byte of the view.</summary>
    public byte* Bytes => (byte*)_view;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>Makes a file that holds a copy of a block; null when the kernel has none, or no memory for it.</summary>
    public static SealedFile? TryCreate(byte* bytes, nuint length)
    {
        var descriptor = Native.CreateSealedFile(bytes, length);
        if (descriptor < 0)
        {
            return null;
        }

        var view = Native.Map(0, length, Native.ProtectRead, Native.MapShared, descriptor, 0);
        if (view == -1)
        {
            _ = Native.Close(descriptor);
            return null;
        }

        return new SealedFile(descriptor, view, length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Native.Unmap(_view, _length) == 0 & Native.Close((int)handle) == 0;
}

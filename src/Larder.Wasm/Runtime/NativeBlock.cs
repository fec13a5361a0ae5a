using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>A native allocation, aligned to pages when it is as large as one; freed when disposed or forgotten.</summary>
internal sealed unsafe class NativeBlock : SafeHandle
{
    private const nuint CacheLine = 64;
    private const nuint Page = 4096;

    private NativeBlock(nuint length)
        : base(0, ownsHandle: true) => Length = length;

    /// <summary>Bytes of the block.</summary>
    public nuint Length { get; }

    /// <summary>The first byte. Valid until the block is disposed; the caller keeps the block alive while it is used.</summary>
    public byte* Address => (byte*)handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Allocates a block of zeros.</summary>
    /// <exception cref="WasmException">The machine refuses (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static NativeBlock Create(nuint length)
    {
        var block = CreateUninitialized(length);
        NativeMemory.Clear(block.Address, length);
        return block;
    }

    /// <summary>Allocates a block whose bytes the caller sets before anything reads them.</summary>
    /// <exception cref="WasmException">The machine refuses (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static NativeBlock CreateUninitialized(nuint length)
    {
        var block = new NativeBlock(length);
        try
        {
            block.SetHandle((nint)NativeMemory.AlignedAlloc(Math.Max(length, 1), length >= Page ? Page : CacheLine));
            return block;
        }
        catch (OutOfMemoryException exception)
        {
            block.Dispose();
            throw new WasmException(WasmErrorKind.Unavailable, $"The machine refuses {length} bytes.", innerException: exception);
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}

using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Larder.Cache.Artifacts;
using Microsoft.Win32.SafeHandles;

namespace Larder.Symbols.Tables;

/// <summary>The bytes of a table: a mapped file or memory of this process. Owns them; the last reader's end frees them.</summary>
internal sealed unsafe class TableMemory : IDisposable
{
    private readonly IDisposable?[] _owned;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly void* _native;
    private bool _disposed;

    private TableMemory(byte* address, long length, MemoryMappedViewAccessor? view, void* native, params IDisposable?[] owned)
    {
        Address = address;
        Length = length;
        _view = view;
        _native = native;
        _owned = owned;
    }

    ~TableMemory() => Free();

    public byte* Address { get; }

    public long Length { get; }

    public bool IsMapped => _view is not null;

    /// <summary>Copies bytes to memory of their own, outside the garbage collector's.</summary>
    public static TableMemory Copy(ReadOnlySpan<byte> bytes)
    {
        var native = NativeMemory.AlignedAlloc((nuint)Math.Max(8, bytes.Length), 64);
        bytes.CopyTo(new Span<byte>(native, bytes.Length));
        return new TableMemory((byte*)native, bytes.Length, null, native);
    }

    /// <summary>Takes what a tier of the cache holds: mapped when it is a file, copied otherwise.</summary>
    public static TableMemory Of(ArtifactContent content)
    {
        if (content.File is { } file)
        {
            return Map(file, content.Length);
        }

        var native = NativeMemory.AlignedAlloc((nuint)Math.Max(8, content.Length), 64);
        var memory = new TableMemory((byte*)native, content.Length, null, native);
        for (var at = 0L; at < content.Length;)
        {
            var read = content.Read(at, new Span<byte>((byte*)native + at, (int)Math.Min(int.MaxValue, content.Length - at)));
            if (read == 0)
            {
                memory.Dispose();
                throw SymbolTable.Damaged("it ends before its length");
            }

            at += read;
        }

        return memory;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static TableMemory Map(SafeFileHandle file, long length)
    {
        var mapping = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        var view = mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* address = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        return new TableMemory(address + view.PointerOffset, length, view, null, view, mapping);
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        foreach (var owned in _owned)
        {
            owned?.Dispose();
        }

        NativeMemory.AlignedFree(_native);
    }
}

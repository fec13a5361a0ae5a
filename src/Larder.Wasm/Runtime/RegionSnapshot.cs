using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// What a region held at one moment: its state, then its memory. Regions copy it, or map it copy-on-write.
/// It may be kept as the pages in which it differs from another one, its root. Immutable; may be restored by several threads into several regions at once, and disposed while regions that were
/// restored from it live on.
/// </summary>
internal sealed unsafe class RegionSnapshot : IDisposable
{
    /// <summary>Images from this size on can be mapped; copying less costs less than asking what was written.</summary>
    public const ulong SmallestMappedBytes = 512UL << 10;

    private readonly NativeBlock? _copy;
    private readonly SealedFile? _file;
    private readonly RegionSnapshot? _root;

    private RegionSnapshot(ulong stateBytes, ulong byteLength, NativeBlock? copy, SealedFile? file)
    {
        StateBytes = stateBytes;
        ByteLength = byteLength;
        _copy = copy;
        _file = file;
    }

    private RegionSnapshot(RegionSnapshot root, PageDifferences differences)
    {
        StateBytes = root.StateBytes;
        ByteLength = root.ByteLength;
        _root = root;
        Differences = differences;
    }

    /// <summary>Bytes of state, whole pages.</summary>
    public ulong StateBytes { get; }

    /// <summary>Bytes of linear memory.</summary>
    public ulong ByteLength { get; }

    /// <summary>Bytes of state and memory.</summary>
    public ulong TotalBytes => StateBytes + ByteLength;

    /// <summary>The image that this one differs from by pages; itself when it is whole.</summary>
    public RegionSnapshot Root => _root ?? this;

    /// <summary>The pages; null when it is whole.</summary>
    public PageDifferences? Differences { get; }

    /// <summary>Bytes of memory that it takes by itself.</summary>
    public ulong OwnBytes => Differences is { } pages ? (ulong)pages.Count * (ulong)Environment.SystemPageSize : TotalBytes;

    /// <summary>Whether there is a file to map.</summary>
    public bool CanBeMapped => _file is not null;

    /// <summary>The bytes; only while held, and only of a whole image.</summary>
    public byte* Bytes => _file is not null ? _file.Bytes : _copy!.Address; // One of the two is there.

    /// <summary>The file's descriptor; only while held, and only of an image that can be mapped.</summary>
    public int File => _file!.Descriptor; // The caller asked CanBeMapped.

    private SafeHandle Content => (SafeHandle?)_file ?? _copy ?? Differences!.Content; // One of the three is there.

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

    /// <summary>Keeps of a block only the pages in which it differs from another image.</summary>
    /// <param name="image">The block; as long as the other image.</param>
    /// <param name="basis">The other image. Once its root is disposed, the new one cannot be held any more.</param>
    /// <param name="candidates">The only pages that may differ from the basis' root, in order; null for all.</param>
    /// <returns>The image; null when it would be of no use, for most pages differ.</returns>
    /// <exception cref="ObjectDisposedException">The basis is disposed.</exception>
    /// <exception cref="WasmException">The machine refuses the memory (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static RegionSnapshot? TryCreate(byte* image, RegionSnapshot basis, List<int>? candidates)
    {
        var root = basis.Root;
        root.Hold();
        try
        {
            var most = (int)(root.TotalBytes / (ulong)Environment.SystemPageSize / 2);
            return PageDifferences.TryFind(image, root.Bytes, root.TotalBytes, candidates, most) is { } differences
                ? new RegionSnapshot(root, differences)
                : null;
        }
        finally
        {
            root.Unhold();
        }
    }

    /// <summary>Keeps the content from being freed until <see cref="Unhold"/>.</summary>
    /// <exception cref="ObjectDisposedException">The snapshot is disposed.</exception>
    public void Hold()
    {
        var held = false;
        Content.DangerousAddRef(ref held);
        if (_root is null)
        {
            return;
        }

        try
        {
            _root.Hold();
        }
        catch
        {
            Content.DangerousRelease();
            throw;
        }
    }

    /// <summary>Ends one <see cref="Hold"/>.</summary>
    public void Unhold()
    {
        Content.DangerousRelease();
        _root?.Unhold();
    }

    /// <summary>Copies state and memory; only while held.</summary>
    public void CopyTo(byte* target)
    {
        NativeMemory.Copy(Root.Bytes, target, (nuint)TotalBytes);
        Differences?.CopyTo(target);
    }

    /// <summary>Gives the image back. Regions that map it keep their pages.</summary>
    public void Dispose()
    {
        Content.Dispose();
        if (_root is null)
        {
            SlotPool.Forget(this);
        }
    }
}

using System.Buffers;

namespace Larder.Cache.Arenas;

/// <summary>
/// A stretch of a region as <see cref="Memory{T}"/>. Windows begin 1 GiB apart and overlap, so that every block lies
/// whole in the window it begins in, and handing out memory allocates nothing.
/// </summary>
internal sealed unsafe class ArenaWindow : MemoryManager<byte>
{
    /// <summary>Distance between windows, and the longest block, in bytes.</summary>
    public const long Stride = 1024L * 1024 * 1024;

    private readonly int _length;

    // Zero once the region is unmapped: late readers get an exception instead of a fault.
    private nint _address;

    public ArenaWindow(nint address, long length)
    {
        _address = address;
        _length = (int)Math.Min(length, int.MaxValue);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        var address = _address;
        ObjectDisposedException.ThrowIf(address == 0, typeof(Arena));
        return new Span<byte>((void*)address, _length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        ObjectDisposedException.ThrowIf(_address == 0, typeof(Arena));
        return new MemoryHandle((byte*)_address + elementIndex, default, this);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>Ends the window's life together with its region.</summary>
    public void Close() => _address = 0;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}

using Larder.Cache.Memory;

namespace Larder.Cache.Arenas;

/// <summary>
/// A fixed stretch of memory outside of the managed heap, committed page by page when it is created, from which blocks
/// of 1 byte to 1 GiB are carved.
/// </summary>
/// <remarks>
/// <para>Address and size never change. What the region is divided into is kept outside of it, so that a writer that
/// overruns its block cannot damage the division. Blocks are aligned to 64 bytes.</para>
/// <para>All members are safe for use by many threads; one lock guards the bookkeeping and is held for a fixed number
/// of steps, except where blocks are moved to make room (see <see cref="IArenaTenant"/>): then it is held while at most
/// as many bytes are copied as the request is long.</para>
/// <para>Disposing refuses further requests; the region goes back to the kernel with the last live block.</para>
/// </remarks>
public sealed partial class Arena : IDisposable
{
    /// <summary>Alignment and unit of blocks, in bytes.</summary>
    public const int GranuleBytes = 64;

    private readonly ArenaRegion _region;
    private readonly ArenaWindow[] _windows;
    private readonly bool _guards;
    private readonly bool _permanent;
    private readonly Lock _gate = new();

    // Guarded by _gate, as are all counters.
    private readonly ArenaAllocator _allocator;
    private bool _closed;

    /// <summary>Reserves, commits and verifies a region. Takes about half a second a gibibyte.</summary>
    /// <exception cref="CacheException">
    /// <see cref="CacheErrorKind.Configuration"/>: the options are out of range.
    /// <see cref="CacheErrorKind.Unavailable"/>: the machine cannot give that much; the message names the limit.
    /// </exception>
    public Arena(ArenaOptions options)
        : this(options, MachineMemory.OfThisMachine, permanent: false)
    {
    }

    internal Arena(ArenaOptions options, MachineMemory machine, bool permanent = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _guards = options.Guards;
        _permanent = permanent;
        _region = new ArenaRegion(options, machine);
        _allocator = new ArenaAllocator((uint)(_region.SizeBytes / GranuleBytes));
        _movable = IsMovable;
        _mover = Move;
        _windows = new ArenaWindow[(_region.SizeBytes + ArenaWindow.Stride - 1) / ArenaWindow.Stride];
        for (var window = 0; window < _windows.Length; window++)
        {
            var offset = window * ArenaWindow.Stride;
            _windows[window] = new ArenaWindow(_region.Address + (nint)offset, _region.SizeBytes - offset);
        }
    }

    /// <summary>What the arena was created with.</summary>
    public ArenaOptions Options { get; }

    /// <summary>Address of the first byte of the region.</summary>
    public nint Address => _region.Address;

    /// <summary>Length of the region in bytes; a multiple of the page size.</summary>
    public long SizeBytes => _region.SizeBytes;

    /// <summary>Longest block that may be asked for, in bytes.</summary>
    public long MaxBlockBytes => Math.Min(SizeBytes, ArenaWindow.Stride) - OverheadBytes;

    // A guard fills the last granule of a block and whatever the request left of the one before.
    private int OverheadBytes => _guards ? GranuleBytes : 0;

    /// <summary>How many bytes of the region a block of <paramref name="length"/> bytes takes.</summary>
    public long FootprintOf(long length) => GranulesFor(length) * (long)GranuleBytes;

    /// <summary>The bytes of a live block, for reading and, until it is shared, for writing.</summary>
    /// <remarks>Valid until the block is freed or moved: only its owner knows when that is.</remarks>
    /// <exception cref="ObjectDisposedException">The region is gone.</exception>
    public Memory<byte> GetMemory(ArenaBlock block)
    {
        var window = _windows[block.Offset / ArenaWindow.Stride];
        return window.Memory.Slice((int)(block.Offset % ArenaWindow.Stride), (int)block.Length);
    }

    /// <summary>The bytes of a live block; like <see cref="GetMemory"/>.</summary>
    /// <exception cref="ObjectDisposedException">The region is gone.</exception>
    public Span<byte> GetSpan(ArenaBlock block)
    {
        var window = _windows[block.Offset / ArenaWindow.Stride];
        return window.GetSpan().Slice((int)(block.Offset % ArenaWindow.Stride), (int)block.Length);
    }

    /// <summary>Asks the kernel whether every page is in memory and where. Takes about a millisecond a gibibyte.</summary>
    /// <exception cref="ObjectDisposedException">The region is gone.</exception>
    public ArenaCommitment GetCommitment() => _region.GetCommitment();

    /// <summary>
    /// Refuses further requests; the region is unmapped when the last live block is freed. Does nothing to the region
    /// of <see cref="EnsurePreallocated"/>, which lives as long as the process.
    /// </summary>
    public void Dispose()
    {
        if (_permanent)
        {
            return;
        }

        lock (_gate)
        {
            _closed = true;
            UnmapWhenEmpty();
        }
    }

    // Called under _gate.
    private void UnmapWhenEmpty()
    {
        if (_closed && _allocator.LiveBlocks == 0)
        {
            foreach (var window in _windows)
            {
                window.Close();
            }

            _region.Dispose();
        }
    }

    private uint GranulesFor(long length) =>
        (uint)Math.Max(1, (length + OverheadBytes + GranuleBytes - 1) / GranuleBytes);
}

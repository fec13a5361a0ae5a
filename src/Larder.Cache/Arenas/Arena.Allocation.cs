using System.Numerics;
using System.Runtime.CompilerServices;

namespace Larder.Cache.Arenas;

/// <content>Taking blocks, giving them back, and moving them.</content>
public sealed partial class Arena
{
    private const byte GuardByte = 0xFD;
    private const byte FreedByte = 0xDD;
    private const int PageShift = 11;
    private const int PageTenants = 1 << PageShift;

    private readonly Predicate<int> _movable;
    private readonly ArenaAllocator.Mover _mover;

    // By node, in pages that grow like the allocator's. Null where nobody may move the block. Guarded by _gate.
    private Tenancy[][] _tenants = [];

    // Owners that were pinned while the lock was held, and are let go after it. Guarded by _gate.
    private List<IArenaTenant> _pinned = [];
    private long _requestedBytes;
    private long _allocations;
    private long _frees;
    private long _refusals;
    private long _fragmentedRefusals;
    private long _compactions;
    private long _moves;
    private long _movedBytes;
    private long _invalidFrees;
    private long _damagedBlocks;

    /// <summary>Takes a block. Its bytes hold whatever was there before.</summary>
    /// <param name="length">Length in bytes, from 0.</param>
    /// <param name="block">The block; to be given back with <see cref="Free"/>.</param>
    /// <returns>False when there is no room for it, or none in one piece even after moving what may be moved.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="ObjectDisposedException">The arena is closed.</exception>
    public bool TryAllocate(long length, out ArenaBlock block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        List<IArenaTenant>? pinned = null;
        bool taken;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            taken = TryAllocateUnderLock(length, out block);
            if (_pinned.Count > 0)
            {
                pinned = _pinned;
                _pinned = [];
            }
        }

        // An owner that was evicted meanwhile frees its block here, which takes the lock again.
        if (pinned is not null)
        {
            foreach (var tenant in pinned)
            {
                tenant.Unpin();
            }
        }

        if (taken && _guards)
        {
            GuardOf(block).Fill(GuardByte);
        }

        return taken;
    }

    /// <summary>
    /// Names the owner of a live block, which lets the arena move it. The bytes must not change from now on.
    /// </summary>
    /// <exception cref="InvalidOperationException">The block is not live.</exception>
    public void Attach(ArenaBlock block, IArenaTenant owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        lock (_gate)
        {
            RequireLive(block);
            TenantOf(block.Node) = new Tenancy(owner, block.Length);
        }
    }

    /// <summary>Gives a block back.</summary>
    /// <exception cref="InvalidOperationException">It was given back before, or is not of this arena.</exception>
    /// <exception cref="CacheException">
    /// <see cref="CacheErrorKind.Damaged"/>: with guards, bytes behind the block were overwritten. The block stays out
    /// of use.
    /// </exception>
    public void Free(ArenaBlock block)
    {
        var damaged = _guards && IsLive(block) && GuardOf(block).ContainsAnyExcept(GuardByte);
        lock (_gate)
        {
            RequireLive(block);
            if (damaged)
            {
                _damagedBlocks++;
                TenantOf(block.Node) = default;
                throw new CacheException(
                    CacheErrorKind.Damaged,
                    $"Bytes behind the arena block at {block.Offset} with {block.Length} bytes were overwritten: its writer or reader overran it.");
            }

            if (_guards)
            {
                GetSpan(block).Fill(FreedByte);
            }

            TenantOf(block.Node) = default;
            _allocator.TryGive(block.Node, block.Generation);
            _requestedBytes -= block.Length;
            _frees++;
            UnmapWhenEmpty();
        }
    }

    /// <summary>Whether the block was taken from this arena and not given back or moved since.</summary>
    public bool IsLive(ArenaBlock block)
    {
        lock (_gate)
        {
            return _allocator.IsLive(block.Node, block.Generation);
        }
    }

    /// <summary>A snapshot. Looks at every block under the lock: for people and gauges, not for hot paths.</summary>
    public ArenaStatistics GetStatistics()
    {
        lock (_gate)
        {
            var classes = new ArenaSizeClass[32];
            var holes = 0L;
            _allocator.Visit((_, granules, live) =>
            {
                ref var found = ref classes[BitOperations.Log2(granules)];
                var bytes = (long)granules * GranuleBytes;
                found = live
                    ? found with { LiveBlocks = found.LiveBlocks + 1, LiveBytes = found.LiveBytes + bytes }
                    : found with { FreeBlocks = found.FreeBlocks + 1, FreeBytes = found.FreeBytes + bytes };
                holes += live ? 0 : 1;
            });

            return new ArenaStatistics
            {
                Address = Address,
                SizeBytes = SizeBytes,
                UsedBytes = (long)(_allocator.Granules - _allocator.FreeGranules) * GranuleBytes,
                RequestedBytes = _requestedBytes,
                LargestFreeBytes = (long)_allocator.LongestFree() * GranuleBytes,
                LiveBlocks = _allocator.LiveBlocks,
                FreeBlocks = holes,
                Allocations = _allocations,
                Frees = _frees,
                Refusals = _refusals,
                FragmentedRefusals = _fragmentedRefusals,
                Compactions = _compactions,
                Moves = _moves,
                MovedBytes = _movedBytes,
                InvalidFrees = _invalidFrees,
                DamagedBlocks = _damagedBlocks,
                BookkeepingBytes = _allocator.BookkeepingBytes + ((long)_tenants.Length * PageTenants * Unsafe.SizeOf<Tenancy>()),
                StartTime = _region.StartTime,
                SizeClasses = [.. classes.Select((found, log) => found with { MinBytes = (long)GranuleBytes << log })
                    .Where(found => found.LiveBlocks + found.FreeBlocks > 0)],
            };
        }
    }

    /// <summary>Throws when the bookkeeping is not sound. For tests.</summary>
    internal void CheckIntegrity()
    {
        lock (_gate)
        {
            _allocator.CheckIntegrity();
        }
    }

    private bool TryAllocateUnderLock(long length, out ArenaBlock block)
    {
        block = default;
        if (length > MaxBlockBytes)
        {
            _refusals++;
            return false;
        }

        var granules = GranulesFor(length);
        var node = _allocator.Take(granules);
        if (node == ArenaAllocator.None)
        {
            if (_allocator.FreeGranules < granules)
            {
                _refusals++;
                return false;
            }

            node = _allocator.TakeByMoving(granules, _movable, _mover);
            if (node == ArenaAllocator.None)
            {
                _refusals++;
                _fragmentedRefusals++;
                return false;
            }

            _compactions++;
        }

        _allocations++;
        _requestedBytes += length;
        TenantOf(node) = default;
        block = BlockOf(node, length);
        return true;
    }

    private ArenaBlock BlockOf(int node, long length) =>
        new((long)_allocator.OffsetOf(node) * GranuleBytes, length, node, _allocator.GenerationOf(node));

    private bool IsMovable(int node) => TenantOf(node).Owner is { IsMovable: true };

    // Called by the allocator, under _gate.
    private bool Move(int from, int to)
    {
        ref var tenancy = ref TenantOf(from);
        if (tenancy.Owner is not { } owner || !owner.TryPin())
        {
            return false;
        }

        _pinned.Add(owner);
        var target = BlockOf(to, tenancy.Length);
        GetSpan(BlockOf(from, tenancy.Length)).CopyTo(GetSpan(target));
        if (_guards)
        {
            GuardOf(target).Fill(GuardByte);
        }

        if (!owner.TryMove(target))
        {
            return false;
        }

        TenantOf(to) = tenancy;
        TenantOf(from) = default;
        _moves++;
        _movedBytes += target.Length;
        return true;
    }

    // The bytes of a block's granules behind those that were asked for.
    private unsafe Span<byte> GuardOf(ArenaBlock block)
    {
        var footprint = FootprintOf(block.Length);
        return new Span<byte>((void*)(Address + (nint)(block.Offset + block.Length)), (int)(footprint - block.Length));
    }

    private void RequireLive(ArenaBlock block)
    {
        if (!_allocator.IsLive(block.Node, block.Generation))
        {
            _invalidFrees++;
            throw new InvalidOperationException(
                $"The arena block at {block.Offset} with {block.Length} bytes is not live: it was freed before, or is of another arena.");
        }
    }

    private ref Tenancy TenantOf(int node)
    {
        var page = node >> PageShift;
        while (page >= _tenants.Length)
        {
            Array.Resize(ref _tenants, _tenants.Length + 1);
            _tenants[^1] = new Tenancy[PageTenants];
        }

        return ref _tenants[page][node & (PageTenants - 1)];
    }

    private readonly record struct Tenancy(IArenaTenant? Owner, long Length);
}

using Larder.Cache.Arenas;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <summary>
/// A payload in a block of the arena. The block is freed with the last reference, and may be moved while the tier holds
/// the only one.
/// </summary>
internal sealed class ArenaContent : MemoryContent, IArenaTenant
{
    /// <summary>
    /// What an entry costs besides an array's: the allocator's node and tenancy, and the larger content object. On the
    /// managed heap, and part of the weight all the same.
    /// </summary>
    public const int BookkeepingBytes = 64;

    private readonly Arena _arena;
    private readonly Action<Exception> _onDamage;

    // Changed only between TryBeginMove and EndMove, when nobody holds a lease; read only under one.
    private ArenaBlock _block;

    public ArenaContent(
        Arena arena, ArenaBlock block, ArtifactMetadata metadata, MemoryKindCounters counters, Action<Exception> onDamage)
        : base(metadata, counted: true, arena.FootprintOf(block.Length) + BookkeepingBytes, counters)
    {
        _arena = arena;
        _block = block;
        _onDamage = onDamage;
    }

    bool IArenaTenant.IsMovable => IsIdle;

    public override bool TryGetMemory(out ReadOnlyMemory<byte> memory)
    {
        memory = _arena.GetMemory(_block);
        return true;
    }

    bool IArenaTenant.TryPin() => TryAcquire();

    bool IArenaTenant.TryMove(ArenaBlock destination)
    {
        if (!TryBeginMove())
        {
            return false;
        }

        _block = destination;
        EndMove();
        return true;
    }

    void IArenaTenant.Unpin() => Release();

    // Called by whoever gives the last reference back, in a place where nothing may be thrown.
    protected override void Free()
    {
        try
        {
            _arena.Free(_block);
        }
        catch (Exception exception) when (exception is CacheException or InvalidOperationException)
        {
            _onDamage(exception);
        }
    }
}

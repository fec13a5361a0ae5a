using Larder.Cache;
using Larder.Cache.Arenas;

namespace Larder.Indexer.Caching;

/// <summary>The stretch of an arena that a cache lives in: all of a region of its own, or of the process's.</summary>
internal sealed class CacheRegion : IDisposable
{
    private const long MaxBlockBytes = 1024L * 1024 * 1024;

    private readonly Arena _arena;
    private readonly List<ArenaBlock> _blocks = [];
    private readonly bool _owned;

    internal CacheRegion(ReadCacheOptions options)
    {
        _owned = !options.UsePreallocatedArena;
        _arena = Make(options);
        try
        {
            Take(options.SizeBytes);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal nint Address { get; private set; }

    internal long ResidentBytes => _arena.GetCommitment().ResidentBytes;

    /// <summary>Gives the memory back; nobody may use it any more.</summary>
    public void Dispose()
    {
        foreach (var block in _blocks)
        {
            _arena.Free(block);
        }

        _blocks.Clear();
        if (_owned)
        {
            _arena.Dispose();
        }
    }

    /// <summary>Makes the process's region, or a region of the cache's own.</summary>
    internal static Arena Make(ReadCacheOptions options)
    {
        try
        {
            return options.UsePreallocatedArena ? Arena.EnsurePreallocated(options.ToArena()) : new Arena(options.ToArena());
        }
        catch (CacheException exception)
        {
            var kind = exception.Kind == CacheErrorKind.Configuration ? IndexerErrorKind.Configuration : IndexerErrorKind.NoSpace;
            throw new IndexerException(kind, $"The read cache has no memory: {exception.Message}", exception);
        }
    }

    // Blocks are at most a gibibyte long; a larger cache has several in a row.
    private void Take(long bytes)
    {
        for (long taken = 0; taken < bytes;)
        {
            if (!_arena.TryAllocate(Math.Min(bytes - taken, MaxBlockBytes), out var block))
            {
                throw new IndexerException(
                    IndexerErrorKind.NoSpace,
                    $"The preallocated region of {_arena.SizeBytes} bytes has no room for a read cache of {bytes} bytes: another cache of this process has it; close that one, or give this one a region of its own.");
            }

            _blocks.Add(block);
            Address = _arena.Address + (nint)_blocks[0].Offset;
            if (block.Offset != _blocks[0].Offset + taken)
            {
                throw new IndexerException(
                    IndexerErrorKind.NoSpace,
                    $"The preallocated region of {_arena.SizeBytes} bytes has no room for a read cache of {bytes} bytes in one piece: others of this process use it.");
            }

            taken += block.Length;
        }
    }
}

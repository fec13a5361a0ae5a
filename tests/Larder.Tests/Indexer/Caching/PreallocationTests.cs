using Larder.Cache.Arenas;
using Larder.Indexer;
using Larder.Indexer.Caching;
using Larder.Tests.Arenas;

namespace Larder.Tests.Indexer.Caching;

/// <summary>A cache in the process's region, which all tests that need one share, one after the other.</summary>
[Collection(PreallocatedRegion.Name)]
public sealed class PreallocationTests
{
    // As the tests of the arena ask for the process's region, which is one for all.
    private static readonly ReadCacheOptions Options = new()
    {
        SizeBytes = 8 * 1024 * 1024,
        UsePreallocatedArena = true,
        HugePages = ArenaHugePages.System,
    };

    [Fact]
    public void The_region_is_made_once_before_or_with_the_cache_and_is_where_the_cache_lies()
    {
        ReadCache.EnsurePreallocated(Options);
        var region = Arena.Preallocated!;
        using (var cache = new ReadCache(Options))
        {
            ReadCache.EnsurePreallocated(Options);

            Assert.Same(region, Arena.Preallocated);
            Assert.Equal(region.Address, cache.GetStatistics().Address);
            Assert.Equal(Options.SizeBytes, cache.GetStatistics().ResidentBytes);
            Assert.True(region.GetCommitment().IsCommitted);
        }

        using var next = new ReadCache(Options);
        Assert.Equal(region.Address, next.GetStatistics().Address);
    }

    [Fact]
    public void A_second_cache_has_no_room_in_it_and_is_told_so()
    {
        using var first = new ReadCache(Options);

        var exception = Assert.Throws<IndexerException>(() => new ReadCache(Options));

        Assert.Equal(IndexerErrorKind.NoSpace, exception.Kind);
        Assert.Contains("another cache", exception.Message, StringComparison.Ordinal);
        Assert.True(first.Set(CachePartition.Main, 0, [1], [2]));
    }

    [Fact]
    public void Another_size_is_refused()
    {
        ReadCache.EnsurePreallocated(Options);

        var exception = Assert.Throws<IndexerException>(() => ReadCache.EnsurePreallocated(Options with { SizeBytes = 16 * 1024 * 1024 }));

        Assert.Equal(IndexerErrorKind.Configuration, exception.Kind);
    }
}

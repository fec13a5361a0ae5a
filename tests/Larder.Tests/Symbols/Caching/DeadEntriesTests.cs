using Larder.Symbols;
using Larder.Symbols.Caching;
using Larder.Tests.Memory;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Symbols.Caching;

/// <summary>Whether the limit of memory is one for the process, and not only for what the caches count.</summary>
[Collection(AloneCollection.Name)]
public sealed class DeadEntriesTests
{
    [Fact]
    public void The_heap_stays_within_the_limit_while_much_more_passes_through()
    {
        // A heap that is many times as large as the limit is left alone, and other tests may have left one.
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var limit = Math.Max(32L * 1024 * 1024, before / 2);
        var module = Sample.Module("m");
        using var cache = new SymbolCache(new SymbolCacheOptions
        {
            SymbolEntries = 1 << 20,
            FunctionEntries = 1 << 20,
            MemoryLimitBytes = limit,
            YieldsToPressure = false,
        });
        long most = 0;
        for (var i = 0; i < 400_000; i++)
        {
            var key = new SymbolKey(module, $"M:Some.Namespace.Type{i}.Member(System.Int32,System.String)");
            cache.Symbols.Put(key, Sample.Function(module, key.Id));
            cache.Functions.Put(key, new FunctionData { Signature = $"System.Int32 Member{i}(System.String text)" });
            if (i % 1000 == 0)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false) - before);
            }
        }

        Assert.True(cache.GetStatistics()[0].Evictions > 100_000);
        Assert.InRange(most, limit / 4, limit * 12 / 10);
    }
}

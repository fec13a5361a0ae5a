using Larder.Symbols;
using Larder.Symbols.Caching;
using Larder.Tests.Memory;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Symbols.Caching;

/// <summary>The caches' estimate against the garbage collector's count.</summary>
[Collection(AloneCollection.Name)]
public sealed class SymbolWeightTests
{
    [Theory]
    [InlineData(20_000)]
    [InlineData(60_000)]
    public void The_estimate_is_what_the_entries_take(int entries)
    {
        var module = Sample.Module("m");
        using var cache = new SymbolCache(new SymbolCacheOptions
        {
            SymbolEntries = entries,
            FunctionEntries = entries,
            ConstantEntries = entries,
            TypeEntries = entries,
            MemoryLimitBytes = 1L << 30,
            YieldsToPressure = false,
        });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < entries; i++)
        {
            var id = $"M:Some.Namespace.Type{i}.Member(System.Int32,System.String)";
            var key = new SymbolKey(module, id);
            cache.Symbols.Put(key, Sample.Function(module, id) with { Name = $"Member{i}", Attributes = [$"Attribute{i}"] });
            var other = new SymbolKey(module, $"M:Other.Namespace.Type{i}.Member");
            cache.Functions.Put(other, new FunctionData { Signature = $"System.Int32 Member{i}(System.String text)", Parameters = [$"text{i}"] });
            var constant = new SymbolKey(module, $"F:Third.Namespace.Type{i}.Constant");
            cache.Constants.Put(constant, new ConstantData($"System.Type{i}", $"{i:D12}"));
        }

        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        var estimate = cache.EstimateMemoryUsage();
        GC.KeepAlive(cache);

        // More is safe; less would break the limit.
        Assert.InRange((double)estimate / taken, 0.95, 1.3);
    }
}

using Larder.Cache.Policy;
using Larder.Symbols;
using Larder.Symbols.Caching;
using Larder.Tests.Support;
using Larder.Tests.Symbols.Support;
using Microsoft.Extensions.Logging;

namespace Larder.Tests.Symbols.Caching;

/// <summary>Every rule and operation of source document 4, with its boundaries.</summary>
public sealed class Document4Tests
{
    private static readonly ModuleId A = Sample.Module("a");
    private static readonly ModuleId B = Sample.Module("b");

    [Fact]
    public void A_symbol_is_put_found_and_removed()
    {
        using var cache = New(1000);
        var symbol = Sample.Function(A, "M:f");

        Assert.False(cache.Symbols.TryGet(symbol.Key, out _));
        Assert.True(cache.Symbols.Put(symbol.Key, symbol));
        Assert.True(cache.Symbols.TryGet(symbol.Key, out var found));
        Assert.Same(symbol, found);
        Assert.True(cache.Symbols.Contains(symbol.Key));
        Assert.True(cache.Symbols.Remove(symbol.Key));
        Assert.False(cache.Symbols.Remove(symbol.Key));
        Assert.False(cache.Symbols.Contains(symbol.Key));
        cache.CheckIntegrity();
    }

    [Fact]
    public void Four_caches_hold_their_own_under_one_key()
    {
        using var cache = New(1000);
        var key = new SymbolKey(A, "T:x");

        cache.Symbols.Put(key, Sample.Type(A, "T:x", "M:x.#ctor"));
        cache.Types.Put(key, Sample.TypeOf("M:x.#ctor"));
        cache.Functions.Put(key, new FunctionData { Signature = "f" });
        cache.Constants.Put(key, new ConstantData("t", "v"));

        Assert.Equal([1, 1, 1, 1], cache.GetStatistics().Select(static one => one.Entries));
        Assert.True(cache.Types.TryGet(key, out _));
        Assert.True(cache.Functions.TryGet(key, out _));
        Assert.True(cache.Constants.TryGet(key, out _));
    }

    [Fact]
    public void Each_cache_has_the_size_that_it_was_given()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSizes(symbols: 4, types: 3, functions: 2, constants: 1));
        for (var i = 0; i < 10; i++)
        {
            var key = new SymbolKey(A, $"M:f{i}");
            cache.Symbols.Put(key, Sample.Function(A, key.Id));
            cache.Types.Put(key, Sample.TypeOf("c"));
            cache.Functions.Put(key, new FunctionData { Signature = "f" });
            cache.Constants.Put(key, new ConstantData("t", "v"));
        }

        Assert.Equal([4, 3, 2, 1], cache.GetStatistics().Select(static one => one.Entries));
        Assert.Equal([6, 7, 8, 9], cache.GetStatistics().Select(static one => one.Evictions));
    }

    [Fact]
    public void The_least_recently_used_goes_first()
    {
        using var cache = New(2);
        Put(cache, "M:1");
        Put(cache, "M:2");
        Assert.True(cache.Symbols.TryGet(new SymbolKey(A, "M:1"), out _));

        Put(cache, "M:3");

        Assert.True(cache.Symbols.Contains(new SymbolKey(A, "M:1")));
        Assert.False(cache.Symbols.Contains(new SymbolKey(A, "M:2")));
        Assert.True(cache.Symbols.Contains(new SymbolKey(A, "M:3")));
        Assert.Equal(1, cache.Symbols.GetStatistics().Evictions);
    }

    [Fact]
    public void An_overwrite_is_no_eviction_even_in_a_full_cache()
    {
        using var cache = New(2);
        Put(cache, "M:1");
        Put(cache, "M:2");

        Put(cache, "M:1");
        Put(cache, "M:2");

        var statistics = cache.Symbols.GetStatistics();
        Assert.Equal((0, 2, 2), (statistics.Evictions, statistics.Replaced, statistics.Entries));
    }

    [Fact]
    public void Equal_names_in_two_modules_are_two_symbols()
    {
        using var cache = New(10);
        var inA = Sample.Function(A, "M:same");
        var inB = Sample.Function(B, "M:same");
        cache.Symbols.Put(inA.Key, inA);
        cache.Symbols.Put(inB.Key, inB);

        Assert.True(cache.Symbols.TryGet(inA.Key, out var first));
        Assert.True(cache.Symbols.TryGet(inB.Key, out var second));
        Assert.Same(inA, first);
        Assert.Same(inB, second);
    }

    [Fact]
    public void Another_content_of_a_file_is_another_module()
    {
        var older = new ModuleId("/m.dll", Larder.Cache.Fingerprints.Fingerprint.OfContent("1"u8));
        var newer = new ModuleId("/m.dll", Larder.Cache.Fingerprints.Fingerprint.OfContent("2"u8));
        var moved = new ModuleId("/n.dll", older.Digest);

        Assert.NotEqual(older, newer);
        Assert.NotEqual(older, moved);
        Assert.Equal(older, new ModuleId("/m.dll", older.Digest));
    }

    [Fact]
    public void Functions_are_always_cached()
    {
        Assert.True(SymbolCache.ShouldCache(Sample.Function(A, "M:f")));
    }

    [Fact]
    public void Types_are_cached_only_with_a_constructor()
    {
        using var cache = New(10);
        var without = Sample.Type(A, "T:without");
        var with = Sample.Type(A, "T:with", "M:with.#ctor");

        Assert.False(cache.Symbols.Put(without.Key, without));
        Assert.True(cache.Symbols.Put(with.Key, with));
        Assert.False(cache.Types.Put(without.Key, without.Type!));
        Assert.True(cache.Types.Put(with.Key, with.Type!));
        Assert.Equal(1, cache.Types.GetStatistics().NotCached);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1023, true)]
    [InlineData(1024, false)]
    [InlineData(1025, false)]
    public void Constants_are_cached_below_1024_bytes(int bytes, bool isCached)
    {
        using var cache = New(10);
        var constant = Sample.Constant(A, "F:c", new string('x', bytes));

        Assert.Equal(isCached, cache.Symbols.Put(constant.Key, constant));
        Assert.Equal(isCached, cache.Constants.Put(constant.Key, constant.Constant!));
        Assert.Equal(isCached, cache.Constants.Contains(constant.Key));
    }

    [Fact]
    public void The_size_of_a_constant_is_counted_in_bytes_and_not_in_letters()
    {
        Assert.True(SymbolCache.ShouldCache(Sample.Constant(A, "F:c", new string('ü', 511))));
        Assert.False(SymbolCache.ShouldCache(Sample.Constant(A, "F:c", new string('ü', 512))));
    }

    [Fact]
    public void Modules_are_never_cached()
    {
        using var cache = New(10);
        var module = Sample.ModuleSymbol(A);

        Assert.False(cache.Symbols.Put(module.Key, module));
        Assert.Equal(0, cache.Symbols.Count);
    }

    [Fact]
    public void A_rule_of_the_users_goes_before_those_of_the_cache()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(10) with
        {
            Rule = static candidate => candidate.Key.Id == "M:no" ? false : candidate.Kind == SymbolKind.Module ? true : null,
        });
        var module = Sample.ModuleSymbol(A);
        var refused = Sample.Function(A, "M:no");
        var type = Sample.Type(A, "T:without");

        Assert.True(cache.Symbols.Put(module.Key, module));
        Assert.False(cache.Symbols.Put(refused.Key, refused));
        Assert.False(cache.Symbols.Put(type.Key, type));
    }

    [Fact]
    public void What_the_rule_keeps_out_takes_the_older_value_along()
    {
        using var cache = New(10);
        var small = Sample.Constant(A, "F:c", "small");
        cache.Constants.Put(small.Key, small.Constant!);

        cache.Constants.Put(small.Key, new ConstantData("System.String", new string('x', 2000)));

        Assert.False(cache.Constants.Contains(small.Key));
    }

    [Fact]
    public void Invalidation_takes_a_module_out_of_all_four_and_leaves_the_others()
    {
        using var cache = New(100);
        foreach (var module in (ModuleId[])[A, B])
        {
            var key = new SymbolKey(module, "M:f");
            cache.Symbols.Put(key, Sample.Function(module, "M:f"));
            cache.Types.Put(key, Sample.TypeOf("c"));
            cache.Functions.Put(key, new FunctionData { Signature = "f" });
            cache.Constants.Put(key, new ConstantData("t", "v"));
        }

        Assert.Equal(4, cache.InvalidateModule(A));

        Assert.All(cache.GetStatistics(), static one => Assert.Equal((1, 1), (one.Entries, one.Invalidated)));
        Assert.True(cache.Symbols.Contains(new SymbolKey(B, "M:f")));
        Assert.Equal(0, cache.InvalidateModule(A));
        cache.CheckIntegrity();
    }

    [Fact]
    public async Task A_value_is_computed_on_a_miss_and_found_after()
    {
        using var cache = New(10);
        var symbol = Sample.Function(A, "M:f");
        var runs = 0;

        for (var i = 0; i < 3; i++)
        {
            var got = await cache.Symbols.GetOrComputeAsync(symbol.Key, symbol, (_, made, _) =>
            {
                runs++;
                return new ValueTask<SymbolData>(made);
            });
            Assert.Same(symbol, got);
        }

        Assert.Equal(1, runs);
    }

    [Fact]
    public void Batches_put_and_get()
    {
        using var cache = New(100);
        var symbols = Enumerable.Range(0, 50).Select(static i => Sample.Function(A, $"M:f{i}")).ToArray();

        var stored = cache.Symbols.PutMany(symbols.Append(Sample.ModuleSymbol(A)).Select(static one => KeyValuePair.Create(one.Key, one)));
        var got = cache.Symbols.GetMany([symbols[7].Key, new SymbolKey(B, "M:none"), symbols[8].Key]);

        Assert.Equal(50, stored);
        Assert.Equal([symbols[7], null, symbols[8]], got);
    }

    [Fact]
    public void Resizing_keeps_the_hottest()
    {
        using var cache = New(100);
        for (var i = 0; i < 100; i++)
        {
            Put(cache, $"M:{i}");
        }

        for (var i = 10; i < 20; i++)
        {
            Assert.True(cache.Symbols.TryGet(new SymbolKey(A, $"M:{i}"), out _));
        }

        cache.Resize(10);

        Assert.Equal(10, cache.Symbols.MaxEntries);
        Assert.All(Enumerable.Range(10, 10), i => Assert.True(cache.Symbols.Contains(new SymbolKey(A, $"M:{i}"))));
        cache.Resize(20);
        for (var i = 200; i < 210; i++)
        {
            Put(cache, $"M:{i}");
        }

        Assert.Equal(20, cache.Symbols.Count);
        Assert.Equal(20, cache.Types.MaxEntries);
        cache.CheckIntegrity();
    }

    [Fact]
    public void The_memory_limit_holds_at_every_put_and_after_it_was_lowered()
    {
        using var cache = new SymbolCache(new SymbolCacheOptions { MemoryLimitBytes = 512 * 1024 });
        for (var i = 0; i < 5000; i++)
        {
            Put(cache, $"M:{i}");
            cache.Functions.Put(new SymbolKey(A, $"M:{i}"), new FunctionData { Signature = new string('x', i % 200) });
            Assert.InRange(cache.EstimateMemoryUsage(), 0, 512 * 1024);
        }

        Assert.True(cache.EstimateMemoryUsage() > 160 * 1024);
        cache.EnforceMemoryLimit(128 * 1024);

        Assert.InRange(cache.EstimateMemoryUsage(), 1, 128 * 1024);
        Assert.True(cache.Symbols.Contains(new SymbolKey(A, "M:4999")));
        Assert.Throws<SymbolsException>(() => cache.EnforceMemoryLimit(1));
    }

    [Fact]
    public void Statistics_count_hits_misses_and_time_since_the_last_clear()
    {
        var time = new ManualTimeProvider();
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(10), time: time);
        Put(cache, "M:f");
        for (var i = 0; i < 64; i++)
        {
            cache.Symbols.TryGet(new SymbolKey(A, "M:f"), out _);
        }

        cache.Symbols.TryGet(new SymbolKey(A, "M:g"), out _);
        var before = cache.Symbols.GetStatistics();
        time.Advance(TimeSpan.FromHours(1));
        var gone = cache.Clear();
        var after = cache.Symbols.GetStatistics();

        Assert.Equal((64, 1, 65), (before.Hits, before.Misses, before.Lookups));
        Assert.Equal(64.0 / 65, before.HitRatio, 6);
        Assert.True(before.TotalLookupTime > TimeSpan.Zero && before.AverageLookupTime <= before.TotalLookupTime);
        Assert.Equal(1, gone);
        Assert.Equal((0, 0, 0), (after.Hits, after.Misses, after.Entries));
        Assert.Equal(TimeSpan.FromHours(1), after.Since - before.Since);
    }

    [Fact]
    public void Trimming_frees_what_was_asked_for()
    {
        using var cache = New(1000);
        for (var i = 0; i < 1000; i++)
        {
            Put(cache, $"M:{i}");
        }

        var before = cache.EstimateMemoryUsage();
        var freed = cache.Trim(before / 2);

        Assert.True(freed >= before / 2);
        Assert.Equal(before - freed, cache.EstimateMemoryUsage());
        Assert.True(cache.Symbols.Contains(new SymbolKey(A, "M:999")));
    }

    [Fact]
    public void Under_pressure_a_fifth_is_given_up_and_none_without()
    {
        using var cache = New(1000);
        for (var i = 0; i < 1000; i++)
        {
            Put(cache, $"M:{i}");
        }

        var before = cache.EstimateMemoryUsage();
        var load = 50L;
        var watch = PressureWatch.Start(cache, () => (load, 90));

        Assert.True(watch.Look());
        Assert.Equal(before, cache.EstimateMemoryUsage());
        load = 95;
        Assert.True(watch.Look());
        Assert.InRange(cache.EstimateMemoryUsage(), before * 7 / 10, before * 4 / 5);
        watch.Stop();
        Assert.False(watch.Look());
    }

    [Fact]
    public void A_low_hit_ratio_is_told_once_in_the_log_and_in_the_statistics()
    {
        var log = new RecordedLog();
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(10) with { AdviceLookups = 100 }, log);
        for (var i = 0; i < 99; i++)
        {
            cache.Symbols.TryGet(new SymbolKey(A, $"M:{i}"), out _);
        }

        Assert.Equal(SymbolCacheAdvice.None, cache.Symbols.GetStatistics().Advice);
        cache.Symbols.TryGet(new SymbolKey(A, "M:99"), out _);

        Assert.Equal(SymbolCacheAdvice.LowHitRatio, cache.Symbols.GetStatistics().Advice);
        Assert.Equal(SymbolCacheAdvice.LowHitRatio, cache.Symbols.GetStatistics().Advice);
        Assert.Single(log.Messages, static message => message.Contains("0.0", StringComparison.Ordinal));
    }

    [Fact]
    public void A_cache_that_is_too_small_is_told_with_the_size_to_have()
    {
        var log = new RecordedLog();
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(100) with { AdviceLookups = 100 }, log);
        for (var i = 0; i < 3000; i++)
        {
            var key = new SymbolKey(A, $"M:{i % 200}");
            if (!cache.Symbols.TryGet(key, out _))
            {
                Put(cache, key.Id);
            }
        }

        Assert.Equal(SymbolCacheAdvice.TooSmall, cache.Symbols.GetStatistics().Advice);
        Assert.Contains(log.Messages, static message => message.Contains("100 entries; 200 would", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_cache_may_have_a_policy_of_its_own()
    {
        using var cache = new SymbolCache(SymbolCacheOptions.OfSize(100) with { SymbolPolicy = EvictionPolicyKind.Frequency });
        for (var i = 0; i < 50; i++)
        {
            Put(cache, "M:hot");
            cache.Symbols.TryGet(new SymbolKey(A, "M:hot"), out _);
        }

        for (var i = 0; i < 1000; i++)
        {
            Put(cache, $"M:{i}");
        }

        Assert.True(cache.Symbols.Contains(new SymbolKey(A, "M:hot")));
        Assert.Equal(100, cache.Symbols.Count);
    }

    [Theory]
    [InlineData(-1, 65536, 1)]
    [InlineData(1, 65535, 1)]
    [InlineData(1, 65536, 0)]
    public void Options_out_of_range_are_refused(long entries, long memory, int parallelism)
    {
        var options = new SymbolCacheOptions { SymbolEntries = entries, MemoryLimitBytes = memory, PrefetchParallelism = parallelism };

        Assert.Equal(SymbolsErrorKind.Configuration, Assert.Throws<SymbolsException>(() => new SymbolCache(options)).Kind);
    }

    private static SymbolCache New(long entries) => new(SymbolCacheOptions.OfSize(entries) with { YieldsToPressure = false });

    private static void Put(SymbolCache cache, string id)
    {
        var symbol = Sample.Function(A, id);
        cache.Symbols.Put(symbol.Key, symbol);
    }

    private sealed class RecordedLog : ILogger
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }
}

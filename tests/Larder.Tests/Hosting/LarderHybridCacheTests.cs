using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Hosting;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Tests.Hosting;

public sealed class LarderHybridCacheTests : IAsyncDisposable
{
    private readonly AdapterFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<LarderHybridCache> OpenAsync(bool memory = true, bool disk = true, LarderOptions? options = null) =>
        new(await _fixture.OpenAsync(memory, disk), options ?? new LarderOptions(), timeProvider: _fixture.Time);

    private static ValueTask<T> NeverAsync<T>(CancellationToken token) =>
        ValueTask.FromException<T>(new InvalidOperationException("The factory must not run."));

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_value_is_made_once_and_each_caller_gets_an_object_of_its_own(bool memory, bool disk)
    {
        using var cache = await OpenAsync(memory, disk);
        var made = 0;

        var first = await cache.GetOrCreateAsync("k", _ => ValueTask.FromResult(new Thing(++made, ["a"])), cancellationToken: Token);
        var second = await cache.GetOrCreateAsync("k", _ => ValueTask.FromResult(new Thing(++made, ["a"])), cancellationToken: Token);

        Assert.Equal((1, 1, 1), (made, first.Number, second.Number));
        Assert.Equal(first.Names, second.Names);
        Assert.NotSame(first, second);
    }

    [Fact]
    public async Task Text_bytes_numbers_and_nulls_come_back()
    {
        using var cache = await OpenAsync();
        await cache.SetAsync("text", "é😀", cancellationToken: Token);
        await cache.SetAsync("empty", "", cancellationToken: Token);
        await cache.SetAsync("bytes", new byte[] { 1, 2 }, cancellationToken: Token);
        await cache.SetAsync("number", 42, cancellationToken: Token);
        await cache.SetAsync<string?>("null", null, cancellationToken: Token);
        await cache.SetAsync<Thing?>("null thing", null, cancellationToken: Token);

        Assert.Equal("é😀", await cache.GetOrCreateAsync("text", NeverAsync<string>, cancellationToken: Token));
        Assert.Equal("", await cache.GetOrCreateAsync("empty", NeverAsync<string>, cancellationToken: Token));
        Assert.Equal([1, 2], await cache.GetOrCreateAsync("bytes", NeverAsync<byte[]>, cancellationToken: Token));
        Assert.Equal(42, await cache.GetOrCreateAsync("number", NeverAsync<int>, cancellationToken: Token));
        Assert.Null(await cache.GetOrCreateAsync("null", NeverAsync<string?>, cancellationToken: Token));
        Assert.Null(await cache.GetOrCreateAsync("null thing", NeverAsync<Thing?>, cancellationToken: Token));
    }

    [Fact]
    public async Task A_stampede_runs_the_factory_once()
    {
        using var cache = await OpenAsync();
        var made = 0;
        var gate = new TaskCompletionSource();

        var callers = Enumerable.Range(0, 200).Select(_ => Task.Run(() => cache.GetOrCreateAsync(
            "k",
            async _ =>
            {
                Interlocked.Increment(ref made);
                await gate.Task;
                return "value";
            },
            cancellationToken: Token).AsTask())).ToArray();
        await Task.Delay(100, Token);
        gate.SetResult();

        Assert.All(await Task.WhenAll(callers), value => Assert.Equal("value", value));
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task A_stampede_on_an_entry_that_has_ended_makes_the_new_value_once()
    {
        using var cache = await OpenAsync();
        for (var round = 0; round < 20; round++)
        {
            var made = 0;
            await cache.SetAsync("k", "old", new() { Expiration = TimeSpan.FromSeconds(1) }, cancellationToken: Token);
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));

            var values = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => cache.GetOrCreateAsync(
                "k",
                async token =>
                {
                    Interlocked.Increment(ref made);
                    await Task.Delay(20, token);
                    return "new";
                },
                cancellationToken: Token).AsTask())));

            Assert.All(values, value => Assert.Equal("new", value));
            Assert.Equal(1, made);
        }
    }

    [Fact]
    public async Task What_the_factory_throws_reaches_every_caller_and_nothing_is_kept()
    {
        using var cache = await OpenAsync();
        var gate = new TaskCompletionSource();
        var runs = 0;

        var callers = Enumerable.Range(0, 8).Select(_ => Task.Run(() => cache.GetOrCreateAsync<string>(
            "k",
            async _ =>
            {
                Interlocked.Increment(ref runs);
                await gate.Task;
                throw new CacheException(CacheErrorKind.Io, "the factory's own");
            },
            cancellationToken: Token).AsTask())).ToArray();
        await Task.Delay(50, Token);
        gate.SetResult();

        foreach (var caller in callers)
        {
            Assert.Equal("the factory's own", (await Assert.ThrowsAsync<CacheException>(() => caller)).Message);
        }

        Assert.Equal(1, runs);
        Assert.Equal("fine", await cache.GetOrCreateAsync("k", _ => ValueTask.FromResult("fine"), cancellationToken: Token));
    }

    [Fact]
    public async Task One_caller_that_gives_up_leaves_the_others_alone()
    {
        using var cache = await OpenAsync();
        var gate = new TaskCompletionSource();
        using var giveUp = new CancellationTokenSource();
        async ValueTask<string> Slow(CancellationToken token)
        {
            await gate.Task.WaitAsync(token);
            return "value";
        }

        var impatient = cache.GetOrCreateAsync("k", Slow, cancellationToken: giveUp.Token).AsTask();
        var patient = cache.GetOrCreateAsync("k", Slow, cancellationToken: Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        gate.SetResult();

        Assert.Equal("value", await patient);
    }

    [Fact]
    public async Task Entries_end_at_their_expiration_or_the_default_one()
    {
        using var cache = await OpenAsync(options: new LarderOptions { HybridExpiration = TimeSpan.FromMinutes(1) });
        await cache.SetAsync("default", "v", cancellationToken: Token);
        await cache.SetAsync("own", "v", new() { Expiration = TimeSpan.FromMinutes(2) }, cancellationToken: Token);
        await cache.SetAsync("local", "v", new() { Expiration = TimeSpan.FromMinutes(2), LocalCacheExpiration = TimeSpan.FromSeconds(30) }, cancellationToken: Token);

        Assert.Equal(["v", "v", "v"], await ReadAsync(cache, "default", "own", "local"));
        _fixture.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(["v", "v", null], await ReadAsync(cache, "default", "own", "local"));
        _fixture.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal([null, "v", null], await ReadAsync(cache, "default", "own", "local"));
        _fixture.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal([null, null, null], await ReadAsync(cache, "default", "own", "local"));
    }

    [Fact]
    public async Task Set_overwrites_and_remove_removes()
    {
        using var cache = await OpenAsync();
        await cache.SetAsync("a", "1", cancellationToken: Token);
        await cache.SetAsync("a", "2", cancellationToken: Token);
        await cache.SetAsync("b", "1", cancellationToken: Token);

        Assert.Equal(["2", "1"], await ReadAsync(cache, "a", "b"));
        await cache.RemoveAsync(["a", "b"], Token);
        Assert.Equal([null, null], await ReadAsync(cache, "a", "b"));
    }

    [Fact]
    public async Task Removing_by_tag_frees_the_bytes_of_exactly_those_entries()
    {
        var tiers = await _fixture.OpenAsync();
        using var cache = new LarderHybridCache(tiers, new LarderOptions(), timeProvider: _fixture.Time);
        for (var i = 0; i < 20; i++)
        {
            await cache.SetAsync($"{i}", new string('x', 10_000), tags: i % 2 == 0 ? ["even", "all"] : ["all"], cancellationToken: Token);
        }

        var before = tiers.GetStatistics().Tiers.Sum(tier => tier.Bytes);
        await cache.RemoveByTagAsync("even", Token);

        Assert.Equal(20, tiers.GetStatistics().Tiers.Sum(tier => tier.Entries));
        Assert.InRange(tiers.GetStatistics().Tiers.Sum(tier => tier.Bytes), before / 3, before * 2 / 3);
        Assert.Equal([null, new string('x', 10_000)], await ReadAsync(cache, "4", "5"));
        await cache.RemoveByTagAsync(["all", "none such"], Token);
        Assert.Equal(0, tiers.GetStatistics().Tiers.Sum(tier => tier.Entries));
        Assert.Equal(0, tiers.Memory!.GetStatistics().Bytes);
    }

    [Fact]
    public async Task Entries_of_an_earlier_run_are_removed_by_tag_too()
    {
        using (var before = await OpenAsync())
        {
            await before.SetAsync("a", "v", tags: ["first", "second"], cancellationToken: Token);
            await before.SetAsync("b", "v", tags: ["first"], cancellationToken: Token);
        }

        await _fixture.CloseAsync();
        using var after = await OpenAsync();

        await after.RemoveByTagAsync("second", Token);

        Assert.Equal([null, "v"], await ReadAsync(after, "a", "b"));
    }

    [Fact]
    public async Task A_star_removes_everything_of_the_adapter_and_nothing_else()
    {
        var tiers = await _fixture.OpenAsync();
        using var cache = new LarderHybridCache(tiers, new LarderOptions(), timeProvider: _fixture.Time);
        var other = new ArtifactKey(ArtifactKind.Parse("other"), Larder.Cache.Fingerprints.Fingerprint.OfNothing);
        await tiers.PutAsync(other, new byte[10], null, Token);
        await cache.SetAsync("a", "v", cancellationToken: Token);
        await cache.SetAsync("b", "v", tags: ["t"], cancellationToken: Token);

        await cache.RemoveByTagAsync("*", Token);

        Assert.Equal([null, null], await ReadAsync(cache, "a", "b"));
        Assert.True(await tiers.ContainsAsync(other, Token));
    }

    [Fact]
    public async Task A_fill_that_began_before_its_tag_was_removed_leaves_nothing_behind()
    {
        using var cache = await OpenAsync();
        var begun = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var making = cache.GetOrCreateAsync(
            "k",
            async _ =>
            {
                begun.SetResult();
                await gate.Task;
                return "stale";
            },
            tags: ["t"],
            cancellationToken: Token).AsTask();
        await begun.Task;

        await cache.RemoveByTagAsync("t", Token);
        gate.SetResult();

        Assert.Equal("stale", await making);
        Assert.Equal([null], await ReadAsync(cache, "k"));
    }

    [Fact]
    public async Task A_fill_that_began_before_a_set_does_not_overwrite_it()
    {
        using var cache = await OpenAsync();
        var begun = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var making = cache.GetOrCreateAsync(
            "k",
            async _ =>
            {
                begun.SetResult();
                await gate.Task;
                return "stale";
            },
            cancellationToken: Token).AsTask();
        await begun.Task;

        await cache.SetAsync("k", "fresh", cancellationToken: Token);
        gate.SetResult();
        await making;

        Assert.NotEqual("stale", (await ReadAsync(cache, "k"))[0]);
    }

    [Fact]
    public async Task Flags_switch_reading_writing_and_making_off()
    {
        using var cache = await OpenAsync();
        const HybridCacheEntryFlags NoRead = HybridCacheEntryFlags.DisableLocalCacheRead | HybridCacheEntryFlags.DisableDistributedCacheRead;
        const HybridCacheEntryFlags NoWrite = HybridCacheEntryFlags.DisableLocalCacheWrite | HybridCacheEntryFlags.DisableDistributedCacheWrite;

        Assert.Null(await GetAsync("k", "made", HybridCacheEntryFlags.DisableUnderlyingData));
        Assert.Equal("made", await GetAsync("k", "made", NoWrite));
        Assert.Equal([null], await ReadAsync(cache, "k"));
        Assert.Equal("one", await GetAsync("k", "one", HybridCacheEntryFlags.None));
        Assert.Equal("one", await GetAsync("k", "two", HybridCacheEntryFlags.None));
        Assert.Equal("three", await GetAsync("k", "three", NoRead));
        Assert.Equal("three", await GetAsync("k", "four", NoWrite));
        Assert.Equal("five", await GetAsync("k", "five", NoRead | NoWrite));
        Assert.Equal(["three"], await ReadAsync(cache, "k"));

        ValueTask<string?> GetAsync(string key, string made, HybridCacheEntryFlags flags) => cache.GetOrCreateAsync(
            key, _ => ValueTask.FromResult<string?>(made), new() { Flags = flags }, cancellationToken: Token);
    }

    [Fact]
    public async Task Values_and_keys_over_their_limits_are_handed_out_and_not_kept()
    {
        using var cache = await OpenAsync(options: new LarderOptions { HybridMaxPayloadBytes = 100, HybridMaxKeyLength = 10 });
        var made = 0;
        ValueTask<string> Make(CancellationToken token) => ValueTask.FromResult(new string('x', 100 + (0 * ++made)));

        var values = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => cache.GetOrCreateAsync("k", Make, cancellationToken: Token).AsTask())));
        await cache.GetOrCreateAsync("a key that is too long", _ => ValueTask.FromResult("short"), cancellationToken: Token);

        Assert.All(values, value => Assert.Equal(100, value.Length));
        Assert.Equal([null], await ReadAsync(cache, "k"));
        Assert.Equal([null], await ReadAsync(cache, "a key that is too long"));
        await cache.SetAsync("k", new string('x', 99), cancellationToken: Token);
        Assert.Equal([new string('x', 99)], await ReadAsync(cache, "k"));
        await cache.SetAsync("k", new string('x', 100), cancellationToken: Token);
        Assert.Equal([null], await ReadAsync(cache, "k"));
    }

    [Fact]
    public async Task An_entry_of_another_type_is_made_again()
    {
        using var cache = await OpenAsync();
        await cache.SetAsync("k", "not a number", cancellationToken: Token);

        Assert.Equal(7, await cache.GetOrCreateAsync("k", _ => ValueTask.FromResult(7), cancellationToken: Token));
        Assert.Equal(7, await cache.GetOrCreateAsync("k", NeverAsync<int>, cancellationToken: Token));
    }

    [Fact]
    public async Task Damage_on_disk_is_made_again()
    {
        using (var before = await OpenAsync(memory: false))
        {
            await before.SetAsync("k", new string('x', 50_000), cancellationToken: Token);
        }

        await _fixture.CloseAsync();
        var file = Directory.GetFiles(_fixture.KindDirectory(LarderOptions.HybridKind), "*", SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(file, Token);
        bytes[25_000] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Token);
        using var cache = await OpenAsync(memory: false);

        Assert.Equal("again", await cache.GetOrCreateAsync("k", _ => ValueTask.FromResult("again"), cancellationToken: Token));
        Assert.Equal(["again"], await ReadAsync(cache, "k"));
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_costs_no_answer()
    {
        var tiers = await _fixture.OpenAsync(memory: false);
        using var cache = new LarderHybridCache(tiers, new LarderOptions(), timeProvider: _fixture.Time);
        tiers.Disk!.Resize(0, -1);

        Assert.Equal("v", await cache.GetOrCreateAsync("k", _ => ValueTask.FromResult("v"), cancellationToken: Token));
        await cache.SetAsync("k", "w", cancellationToken: Token);
        Assert.Equal("x", await cache.GetOrCreateAsync("k", _ => ValueTask.FromResult("x"), cancellationToken: Token));
    }

    [Fact]
    public async Task Registered_serializers_come_first()
    {
        await using var services = new ServiceCollection()
            .AddSingleton<IHybridCacheSerializer<Thing>>(new NumberOnly())
            .BuildServiceProvider();
        using var cache = new LarderHybridCache(await _fixture.OpenAsync(), new LarderOptions(), services, _fixture.Time);
        await cache.SetAsync("k", new Thing(5, ["lost"]), cancellationToken: Token);

        var read = await cache.GetOrCreateAsync("k", NeverAsync<Thing>, cancellationToken: Token);

        Assert.Equal(5, read.Number);
        Assert.Empty(read.Names);
    }

    [Fact]
    public async Task Tags_that_cannot_be_are_refused()
    {
        using var cache = await OpenAsync();

        foreach (var tag in new[] { "", " ", "*", new string('t', 2_000) })
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await cache.SetAsync("k", 1, tags: [tag], cancellationToken: Token));
        }

        await Assert.ThrowsAsync<ArgumentException>(
            async () => await cache.SetAsync("k", 1, tags: Enumerable.Range(0, 65).Select(i => $"{i}"), cancellationToken: Token));
    }

    private static async Task<IReadOnlyList<string?>> ReadAsync(LarderHybridCache cache, params string[] keys)
    {
        var values = new List<string?>();
        foreach (var key in keys)
        {
            values.Add(await cache.GetOrCreateAsync(
                key,
                NeverAsync<string?>,
                new() { Flags = HybridCacheEntryFlags.DisableUnderlyingData },
                cancellationToken: Token));
        }

        return values;
    }

    private sealed record Thing(int Number, string[] Names);

    private sealed class NumberOnly : IHybridCacheSerializer<Thing>
    {
        public Thing Deserialize(System.Buffers.ReadOnlySequence<byte> source) => new(source.FirstSpan[0], []);

        public void Serialize(Thing value, System.Buffers.IBufferWriter<byte> target)
        {
            target.GetSpan(1)[0] = (byte)value.Number;
            target.Advance(1);
        }
    }
}

using System.Buffers;
using System.Text;
using Larder.Cache;
using Larder.Cache.Hosting;
using Larder.Cache.Remote;
using Larder.Tests.Tiering;
using Microsoft.Extensions.Caching.Distributed;

namespace Larder.Tests.Hosting;

public sealed class LarderDistributedCacheTests : IAsyncDisposable
{
    private readonly AdapterFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<LarderDistributedCache> OpenAsync(bool memory = true, bool disk = true) =>
        new(await _fixture.OpenAsync(memory, disk), _fixture.Time);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static DistributedCacheEntryOptions Sliding(double seconds) =>
        new() { SlidingExpiration = TimeSpan.FromSeconds(seconds) };

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task What_was_set_is_got_until_it_is_overwritten_or_removed(bool memory, bool disk)
    {
        using var cache = await OpenAsync(memory, disk);

        Assert.Null(await cache.GetAsync("k", Token));
        await cache.SetAsync("k", Bytes("one"), new(), Token);
        Assert.Equal(Bytes("one"), await cache.GetAsync("k", Token));
        await cache.SetAsync("k", Bytes("two, longer"), new(), Token);
        Assert.Equal(Bytes("two, longer"), await cache.GetAsync("k", Token));
        await cache.SetAsync("k", [], new(), Token);
        Assert.Empty((await cache.GetAsync("k", Token))!);
        await cache.RemoveAsync("k", Token);
        Assert.Null(await cache.GetAsync("k", Token));
        Assert.Null(await cache.GetAsync("other", Token));
    }

    [Fact]
    public async Task The_synchronous_members_do_the_same()
    {
        using var cache = await OpenAsync();

        UseSynchronously(cache);
    }

    private static void UseSynchronously(LarderDistributedCache cache)
    {
        var writer = new ArrayBufferWriter<byte>();

        cache.Set("k", Bytes("one"), new());
        cache.Refresh("k");

        Assert.Equal(Bytes("one"), cache.Get("k"));
        Assert.True(cache.TryGet("k", writer));
        Assert.Equal(Bytes("one"), writer.WrittenSpan.ToArray());
        cache.Set("k", new ReadOnlySequence<byte>(Bytes("two")), new());
        Assert.Equal(Bytes("two"), cache.Get("k"));
        cache.Remove("k");
        Assert.False(cache.TryGet("k", writer));
        Assert.Equal(3, writer.WrittenCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Values_of_many_segments_and_of_several_mebibytes_pass_through(bool memory)
    {
        using var cache = await OpenAsync(memory);
        var value = Remote.TestArtifacts.Payload(3_000_001);
        var writer = new ArrayBufferWriter<byte>();

        await cache.SetAsync("k", Segments(value, 70_000), new(), Token);

        Assert.True(await cache.TryGetAsync("k", writer, Token));
        Assert.Equal(value, writer.WrittenSpan.ToArray());
        Assert.Equal(value, await cache.GetAsync("k", Token));
    }

    [Fact]
    public async Task An_absolute_end_comes_even_when_the_entry_is_used()
    {
        using var cache = await OpenAsync();
        await cache.SetAsync("fixed", Bytes("v"), new() { AbsoluteExpiration = _fixture.Time.GetUtcNow().AddSeconds(10), SlidingExpiration = TimeSpan.FromSeconds(6) }, Token);
        await cache.SetAsync("relative", Bytes("v"), new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(10) }, Token);

        _fixture.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull(await cache.GetAsync("fixed", Token));
        _fixture.Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.NotNull(await cache.GetAsync("fixed", Token));
        Assert.NotNull(await cache.GetAsync("relative", Token));
        _fixture.Time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Null(await cache.GetAsync("fixed", Token));
        Assert.Null(await cache.GetAsync("relative", Token));
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public async Task A_sliding_end_is_exactly_so_long_after_the_latest_use(double useAfter)
    {
        using var cache = await OpenAsync();
        await cache.SetAsync("k", Bytes("v"), Sliding(100), Token);

        for (var i = 0; i < 30; i++)
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(100 * useAfter));
            Assert.NotNull(await cache.GetAsync("k", Token));
        }

        _fixture.Time.Advance(TimeSpan.FromSeconds(99.9));
        await cache.RefreshAsync("k", Token);
        _fixture.Time.Advance(TimeSpan.FromSeconds(99.9));
        Assert.NotNull(await cache.GetAsync("k", Token));
        _fixture.Time.Advance(TimeSpan.FromSeconds(100));
        Assert.Null(await cache.GetAsync("k", Token));
    }

    [Fact]
    public async Task Uses_are_written_down_often_enough_for_a_restart()
    {
        var first = await _fixture.OpenAsync();
        using (var cache = new LarderDistributedCache(first, _fixture.Time))
        {
            await cache.SetAsync("k", Bytes("v"), Sliding(80), Token);
            for (var i = 0; i < 20; i++)
            {
                _fixture.Time.Advance(TimeSpan.FromSeconds(9));
                Assert.NotNull(await cache.GetAsync("k", Token));
            }
        }

        await first.DisposeAsync();
        using var after = await OpenAsync();
        _fixture.Time.Advance(TimeSpan.FromSeconds(69));

        Assert.Equal(Bytes("v"), await after.GetAsync("k", Token));
        _fixture.Time.Advance(TimeSpan.FromSeconds(80));
        Assert.Null(await after.GetAsync("k", Token));
    }

    [Fact]
    public async Task What_has_ended_is_removed_when_it_is_asked_for()
    {
        var tiers = await _fixture.OpenAsync();
        using var cache = new LarderDistributedCache(tiers, _fixture.Time);
        await cache.SetAsync("k", Bytes("v"), new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(1) }, Token);
        Assert.Equal(2, tiers.GetStatistics().Tiers.Sum(tier => tier.Entries));

        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await cache.GetAsync("k", Token));

        Assert.Equal(0, tiers.GetStatistics().Tiers.Sum(tier => tier.Entries));
    }

    [Fact]
    public async Task An_absolute_end_in_the_past_is_refused()
    {
        using var cache = await OpenAsync();

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => cache.SetAsync("k", Bytes("v"), new() { AbsoluteExpiration = _fixture.Time.GetUtcNow() }, Token));
    }

    [Fact]
    public async Task A_renewal_never_brings_back_a_value_that_was_overwritten()
    {
        using var cache = await OpenAsync();
        for (var round = 0; round < 100; round++)
        {
            await cache.SetAsync("k", Bytes("old"), Sliding(100), Token);
            _fixture.Time.Advance(TimeSpan.FromSeconds(50));

            var reads = Enumerable.Range(0, 4).Select(_ => Task.Run(() => cache.GetAsync("k", Token))).ToArray();
            var write = Task.Run(() => cache.SetAsync("k", Bytes("new"), Sliding(100), Token));
            await Task.WhenAll([.. reads, write]);

            Assert.Equal(Bytes("new"), await cache.GetAsync("k", Token));
        }
    }

    [Fact]
    public async Task Damage_on_disk_makes_an_entry_absent_and_it_can_be_set_again()
    {
        using var cache = await OpenAsync(memory: false);
        await cache.SetAsync("k", new byte[10_000], new(), Token);
        var file = Directory.GetFiles(_fixture.KindDirectory(LarderOptions.DistributedKind), "*", SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(file, Token);
        bytes[5_000] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Token);
        using var after = await ReopenAsync(cache);

        Assert.Null(await after.GetAsync("k", Token));
        await after.SetAsync("k", Bytes("again"), new(), Token);
        Assert.Equal(Bytes("again"), await after.GetAsync("k", Token));
    }

    [Fact]
    public async Task A_foreign_artifact_under_the_key_is_absent()
    {
        var tiers = await _fixture.OpenAsync();
        using var cache = new LarderDistributedCache(tiers, _fixture.Time);
        var kind = Larder.Cache.Artifacts.ArtifactKind.Parse(LarderOptions.DistributedKind);
        await tiers.PutAsync(new StringKeys(kind).KeyOf("k"), Bytes("no envelope"), null, Token);

        Assert.Null(await cache.GetAsync("k", Token));
    }

    [Fact]
    public async Task Entries_that_could_not_be_overwritten_remotely_are_kept_from_there()
    {
        await using var remote = new FaultyRemoteStore();
        var options = new CacheOptions { Remote = new RemoteTierOptions { Store = remote } };
        await using var careless = await TieredCache.OpenAsync(options);
        Assert.Throws<CacheException>(() => new LarderDistributedCache(careless));

        await using var careful = await TieredCache.OpenAsync(new LarderOptions { Cache = options }.Complete());
        using var cache = new LarderDistributedCache(careful);
        await cache.SetAsync("k", Bytes("v"), new(), Token);
        await careful.FlushAsync(Token);

        Assert.Equal(0, remote.Count);
    }

    [Fact]
    public async Task Many_writers_and_readers_see_whole_values_only()
    {
        using var cache = await OpenAsync();

        await Parallel.ForAsync(0, 4, Token, async (worker, token) =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 200; i++)
            {
                var key = $"{random.Next(8)}";
                if (random.Next(2) == 0)
                {
                    var value = new byte[random.Next(1, 4_000)];
                    Array.Fill(value, (byte)value.Length);
                    await cache.SetAsync(key, value, random.Next(2) == 0 ? Sliding(100) : new(), token);
                }
                else if (await cache.GetAsync(key, token) is { } found)
                {
                    Assert.All(found, b => Assert.Equal((byte)found.Length, b));
                }
            }
        });
    }

    private async Task<LarderDistributedCache> ReopenAsync(LarderDistributedCache cache)
    {
        cache.Dispose();
        await _fixture.CloseAsync();
        return await OpenAsync(memory: false);
    }

    private static ReadOnlySequence<byte> Segments(byte[] value, int size)
    {
        Segment? first = null;
        Segment? last = null;
        for (var at = 0; at < value.Length; at += size)
        {
            var next = new Segment(value.AsMemory(at, Math.Min(size, value.Length - at)), at);
            last?.Append(next);
            last = next;
            first ??= next;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public void Append(Segment next) => Next = next;
    }
}

using System.Security.Cryptography;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Redis;
using Larder.Cache.Remote;
using Larder.Tests.Remote;

namespace Larder.EndToEnd.Remote;

/// <summary>Several caches on one Redis, as several nodes are, make an artifact once.</summary>
[Collection(EngineTests.Name)]
public sealed class FleetFillTests(EngineFixture engines) : IClassFixture<EngineFixture>, IAsyncLifetime
{
    private EngineProcess? _engine;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private EngineProcess Engine => _engine!; // InitializeAsync has run.

    public async ValueTask InitializeAsync() =>
        _engine = (await engines.PrepareAsync(async () => [await EngineProcess.StartRedisAsync()]))[0];

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(20_000)]
    [InlineData(900_000)]
    public async Task What_many_nodes_miss_at_a_time_is_made_once(int length)
    {
        var key = TestArtifacts.KeyOf(Guid.NewGuid().ToString());
        var payload = TestArtifacts.Payload(length);
        var caches = await OpenAsync(4);
        var runs = 0;

        var leases = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => FillAsync(caches[i % 4], key, payload, async () =>
        {
            Interlocked.Increment(ref runs);
            await Task.Delay(300, Token);
        })));

        Assert.Equal(1, runs);
        foreach (var lease in leases)
        {
            Assert.Equal(length, lease.Metadata.Length);
            lease.Dispose();
        }

        Assert.Equal(1, caches.Sum(static cache => cache.Remote!.GetStatus().TurnsTaken));
        Assert.InRange(caches.Sum(static cache => cache.Remote!.GetStatus().TurnsServed), 0, 3);
        Assert.Equal(0, caches.Sum(static cache => cache.Remote!.GetStatus().TurnsAlone));
        await CloseAsync(caches);
        Assert.DoesNotContain(await Engine.KeysAsync(), static name => name.EndsWith(":lease", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fill_that_fails_gives_its_turn_to_the_next_node()
    {
        var key = TestArtifacts.KeyOf(Guid.NewGuid().ToString());
        var payload = TestArtifacts.Payload(1_000);
        var caches = await OpenAsync(2);
        var first = FillAsync(caches[0], key, payload, static async () =>
        {
            await Task.Delay(300, Token);
            throw new InvalidOperationException("broken");
        });
        await Task.Delay(100, Token);

        using var lease = await FillAsync(caches[1], key, payload, static () => Task.CompletedTask);

        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        Assert.True(lease.IsHit);
        Assert.Equal(1, caches[1].Remote!.GetStatus().TurnsTaken);
        await CloseAsync(caches);
    }

    [Fact]
    public async Task A_node_that_dies_loses_its_turn_when_its_lease_ends()
    {
        var key = TestArtifacts.KeyOf(Guid.NewGuid().ToString());
        await using var dead = new RedisRemoteStore(new RedisRemoteStoreOptions { Address = Engine.Address });
        Assert.NotNull(await dead.TryAcquireLeaseAsync(key, TimeSpan.FromSeconds(1), Token));
        var caches = await OpenAsync(1);

        using var lease = await FillAsync(caches[0], key, TestArtifacts.Payload(1_000), static () => Task.CompletedTask);

        Assert.True(lease.IsHit);
        Assert.Equal(1, caches[0].Remote!.GetStatus().TurnsTaken);
        await CloseAsync(caches);
    }

    [Fact]
    public async Task A_node_that_takes_too_long_is_waited_for_no_longer()
    {
        var key = TestArtifacts.KeyOf(Guid.NewGuid().ToString());
        await using var slow = new RedisRemoteStore(new RedisRemoteStoreOptions { Address = Engine.Address });
        Assert.NotNull(await slow.TryAcquireLeaseAsync(key, TimeSpan.FromMinutes(5), Token));
        var caches = await OpenAsync(1, options => options with { FleetWait = TimeSpan.FromMilliseconds(500) });

        using var lease = await FillAsync(caches[0], key, TestArtifacts.Payload(1_000), static () => Task.CompletedTask);

        Assert.True(lease.IsHit);
        Assert.Equal(1, caches[0].Remote!.GetStatus().TurnsAlone);
        await CloseAsync(caches);
    }

    [Fact]
    public async Task A_server_that_dies_while_it_is_waited_at_costs_no_fill()
    {
        var key = TestArtifacts.KeyOf(Guid.NewGuid().ToString());
        await using (var other = new RedisRemoteStore(new RedisRemoteStoreOptions { Address = Engine.Address }))
        {
            Assert.NotNull(await other.TryAcquireLeaseAsync(key, TimeSpan.FromMinutes(5), Token));
        }

        var caches = await OpenAsync(1);
        var filling = FillAsync(caches[0], key, TestArtifacts.Payload(1_000), static () => Task.CompletedTask);
        await Task.Delay(200, Token);
        Assert.False(filling.IsCompleted);

        await Engine.KillAsync();

        using var lease = await filling.WaitAsync(TimeSpan.FromSeconds(25), Token);
        Assert.True(lease.IsHit);
        await CloseAsync(caches);
    }

    [Fact]
    public async Task A_lease_is_renewed_while_its_holder_works()
    {
        var key = TestArtifacts.KeyOf(Guid.NewGuid().ToString());
        var caches = await OpenAsync(2, options => options with { FleetLease = TimeSpan.FromSeconds(2) });
        var runs = 0;

        var leases = await Task.WhenAll(caches.Select(cache => FillAsync(cache, key, TestArtifacts.Payload(1_000), async () =>
        {
            Interlocked.Increment(ref runs);
            await Task.Delay(5_000, Token);
        })));

        Assert.Equal(1, runs);
        Assert.All(leases, static lease => lease.Dispose());
        await CloseAsync(caches);
    }

    private static Task<ArtifactLease> FillAsync(TieredCache cache, ArtifactKey key, byte[] payload, Func<Task> work) =>
        cache.GetOrFillAsync(
            key,
            (payload, work),
            static async (state, target, token) =>
            {
                await state.work();
                await target.WriteAsync(state.payload, token);
                return new ArtifactMetadata
                {
                    Length = state.payload.Length, Digest = new Fingerprint(SHA256.HashData(state.payload)),
                };
            },
            Token).AsTask();

    private static async Task CloseAsync(IEnumerable<TieredCache> caches)
    {
        foreach (var cache in caches)
        {
            await cache.DisposeAsync();
        }
    }

    private async Task<TieredCache[]> OpenAsync(int count, Func<RemoteTierOptions, RemoteTierOptions>? adjust = null)
    {
        adjust ??= static options => options;
        var caches = new TieredCache[count];
        for (var i = 0; i < count; i++)
        {
            var store = new RedisRemoteStore(new RedisRemoteStoreOptions { Address = Engine.Address, ReplyTimeout = TimeSpan.FromSeconds(10) });
            caches[i] = await TieredCache.OpenAsync(new CacheOptions
            {
                MemoryPressure = null,
                Remote = adjust(new RemoteTierOptions { Store = store, LookupTimeout = TimeSpan.FromSeconds(10) }),
            });
        }

        return caches;
    }
}

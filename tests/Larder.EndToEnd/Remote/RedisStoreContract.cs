using Larder.Cache.Artifacts;
using Larder.Cache.Redis;
using Larder.Cache.Remote;
using Larder.Tests.Remote;

namespace Larder.EndToEnd.Remote;

/// <summary>What holds on every server that speaks the Redis protocol, beside the contract of all remote stores.</summary>
[Collection(EngineTests.Name)]
public abstract class RedisStoreContract : RemoteStoreContract, IAsyncLifetime, IClassFixture<EngineFixture>
{
    protected abstract RedisRemoteStoreOptions Options { get; }

    public abstract ValueTask InitializeAsync();

    protected override IRemoteStore Open() => new RedisRemoteStore(Options);

    [Theory]
    [InlineData(1_000)]
    [InlineData(3_000_000)]
    public async Task Of_many_that_put_the_same_at_a_time_one_stores_it(int length)
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(length);
        var others = Enumerable.Range(0, 3).Select(_ => Open()).ToArray();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PutOnAsync(others[i % others.Length], key, payload)));

        Assert.Single(outcomes, PutOutcome.Stored);
        Assert.Equal(11, outcomes.Count(static outcome => outcome == PutOutcome.AlreadyPresent));
        await using var artifact = await Store.GetAsync(key, null, Token);
        Assert.Equal(payload, await ReadAsync(artifact!));
        foreach (var other in others)
        {
            await other.DisposeAsync();
        }

        // The record and its chunks: those of the others are gone.
        Assert.Equal(length > 65_536 ? 4 : 1, await CountKeysAsync());
    }

    [Theory]
    [InlineData(3_000_000, 0, 1)]
    [InlineData(3_000_000, 1_048_575, 2)]
    [InlineData(3_000_000, 1_048_576, 1_048_576)]
    [InlineData(3_000_000, 500_000, 2_200_000)]
    [InlineData(3_000_000, 2_999_999, 1)]
    public async Task Parts_of_chunked_payloads_are_the_bytes_that_were_asked_for(int total, int offset, int length)
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(total);
        await PutAsync(key, payload);

        await using var artifact = await Store.GetAsync(key, new ByteRange(offset, length), Token);

        Assert.Equal(payload.AsSpan(offset, length).ToArray(), await ReadAsync(artifact!));
    }

    [Theory]
    [InlineData(500, 3_000_000)]
    [InlineData(3_000_000, 500)]
    [InlineData(3_000_000, 2_000_000)]
    public async Task Other_bytes_take_the_place_of_older_ones_whole(int first, int second)
    {
        var key = NewKey();
        var newer = TestArtifacts.Payload(second, seed: 2);
        await PutAsync(key, TestArtifacts.Payload(first));

        Assert.Equal(PutOutcome.Stored, await PutAsync(key, newer));

        await using var artifact = await Store.GetAsync(key, null, Token);
        Assert.Equal(newer, await ReadAsync(artifact!));
        Assert.True(await Store.RemoveAsync(key, Token));
        Assert.Equal(0, await CountKeysAsync());
    }

    [Theory]
    [InlineData(3_000)]
    [InlineData(3_000_000)]
    public async Task Bytes_that_are_not_those_described_are_not_stored(int length)
    {
        var key = NewKey();
        var described = TestArtifacts.Describe(TestArtifacts.Payload(length));
        await using var content = new MemoryStream(TestArtifacts.Payload(length, seed: 9));

        Assert.Equal(PutOutcome.DigestMismatch, await Store.PutAsync(key, described, content, Token));

        Assert.Null(await Store.GetAsync(key, null, Token));
        Assert.Equal(0, await CountKeysAsync());
    }

    [Fact]
    public async Task A_lease_has_one_holder_until_it_is_released_or_ends()
    {
        var key = NewKey();
        var leases = (IFleetLease)Store;
        await using var other = Open();
        var others = (IFleetLease)other;
        var life = TimeSpan.FromMinutes(1);
        var token = await leases.TryAcquireLeaseAsync(key, life, Token);
        Assert.NotNull(token);

        Assert.Null(await others.TryAcquireLeaseAsync(key, life, Token));
        Assert.False(await others.RenewLeaseAsync(key, new byte[16], life, Token));
        Assert.False(await others.ReleaseLeaseAsync(key, new byte[16], Token));
        Assert.True(await leases.RenewLeaseAsync(key, token, life, Token));
        Assert.True(await leases.ReleaseLeaseAsync(key, token, Token));
        Assert.False(await leases.ReleaseLeaseAsync(key, token, Token));

        Assert.NotNull(await others.TryAcquireLeaseAsync(key, TimeSpan.FromMilliseconds(100), Token));
        await Task.Delay(300, Token);
        Assert.NotNull(await leases.TryAcquireLeaseAsync(key, life, Token));
        Assert.False(await Store.ContainsAsync(key, Token));
    }

    protected static async Task<LookupOutcome> FetchAsync(RemoteTier tier, ArtifactKey key)
    {
        await using var writer = new MemoryWriter(key);
        using var lease = await tier.FetchAsync(key, writer, Token);
        return lease.Outcome;
    }

    /// <summary>How many keys all servers hold.</summary>
    private protected abstract Task<int> CountKeysAsync();

    private protected static async Task<PutOutcome> PutOnAsync(IRemoteStore store, ArtifactKey key, byte[] payload)
    {
        await using var content = new MemoryStream(payload);
        return await store.PutAsync(key, TestArtifacts.Describe(payload), content, Token);
    }
}

using System.Globalization;
using Larder.Cache.Artifacts;
using Larder.Cache.Redis;
using Larder.EndToEnd.Harness;
using Larder.Tests.Remote;
using StackExchange.Redis;

namespace Larder.EndToEnd.Remote;

/// <summary>The contract over a cluster of three, and what happens while its slots move.</summary>
public sealed class RedisClusterStoreTests(EngineFixture engines) : RedisStoreContract
{
    private IReadOnlyList<EngineProcess> _nodes = [];

    protected override RedisRemoteStoreOptions Options => new()
    {
        Address = _nodes[0].Address, MoreAddresses = [_nodes[1].Address], ReplyTimeout = TimeSpan.FromSeconds(20),
    };

    public override async ValueTask InitializeAsync() => _nodes = await engines.PrepareAsync(StartAsync);

    [Fact]
    public async Task Slots_move_under_load_without_an_error()
    {
        var artifacts = Enumerable.Range(0, 120)
            .Select(i => (Key: NewKey(), Payload: TestArtifacts.Payload(i % 10 == 0 ? 1_500_000 : 2_000 + i, i))).ToArray();
        foreach (var (key, payload) in artifacts)
        {
            Assert.Equal(PutOutcome.Stored, await PutAsync(key, payload));
        }

        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(seed => Task.Run(() => ReadWhileAsync(artifacts, seed, done.Token))).ToArray();
        var writer = Task.Run(() => WriteWhileAsync(done.Token));
        for (var round = 0; round < 2; round++)
        {
            var target = await _nodes[round].AskAsync("CLUSTER", "MYID");
            await ManageAsync(
            [
                "reshard", Place(_nodes[0]), "--cluster-from", "all", "--cluster-to", target, "--cluster-slots", "1500", "--cluster-yes",
            ]);
        }

        await done.CancelAsync();
        Assert.All(await Task.WhenAll(readers), static reads => Assert.InRange(reads, 50, int.MaxValue));
        Assert.InRange(await writer, 10, int.MaxValue);
    }

    [Fact]
    public async Task Keys_are_spread_over_the_nodes_and_the_chunks_of_one_are_together()
    {
        for (var i = 0; i < 30; i++)
        {
            await PutAsync(NewKey(), TestArtifacts.Payload(100));
        }

        foreach (var node in _nodes)
        {
            Assert.NotEmpty(await node.KeysAsync());
            await node.AskAsync("FLUSHALL");
        }

        await PutAsync(NewKey(), TestArtifacts.Payload(3_000_000));
        var counts = await Task.WhenAll(_nodes.Select(async static node => (await node.KeysAsync()).Length));
        Assert.Equal([0, 0, 4], counts.Order());
    }

    [Fact]
    public async Task Another_client_finds_every_key_where_this_one_put_it()
    {
        var keys = Enumerable.Range(0, 60).Select(_ => NewKey()).ToArray();
        foreach (var key in keys)
        {
            await PutAsync(key, TestArtifacts.Payload(500));
        }

        using var other = await ConnectionMultiplexer.ConnectAsync(Place(_nodes[1]));
        foreach (var key in keys)
        {
            byte[]? record = await other.GetDatabase().StringGetAsync($"larder:{{{key}}}");
            Assert.Equal(TestArtifacts.Payload(500), record![^500..]);
        }
    }

    private protected override async Task<int> CountKeysAsync()
    {
        var counts = await Task.WhenAll(_nodes.Select(static node => node.AskAsync("DBSIZE")));
        return counts.Sum(static count => int.Parse(count, CultureInfo.InvariantCulture));
    }

    private static string Place(EngineProcess node) => $"127.0.0.1:{node.Port}";

    private static async Task ManageAsync(string[] words) => (await ProgramRun.OfAsync(
        new ProgramStart("redis-cli", ["--cluster", .. words]) { Timeout = TimeSpan.FromMinutes(4) })).Succeeded();

    private static async Task<EngineProcess[]> StartAsync()
    {
        var nodes = new EngineProcess[3];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = await EngineProcess.StartRedisAsync("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf");
        }

        await ManageAsync(["create", .. nodes.Select(Place), "--cluster-replicas", "0", "--cluster-yes"]);
        for (var i = 0; i < 400 && !await IsWholeAsync(nodes); i++)
        {
            await Task.Delay(50, Token);
        }

        return nodes;
    }

    private static async Task<bool> IsWholeAsync(EngineProcess[] nodes)
    {
        foreach (var node in nodes)
        {
            if (!(await node.AskAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private async Task<int> ReadWhileAsync((ArtifactKey Key, byte[] Payload)[] artifacts, int seed, CancellationToken done)
    {
        var random = new Random(seed);
        var reads = 0;
        for (; !done.IsCancellationRequested; reads++)
        {
            var (key, payload) = artifacts[random.Next(artifacts.Length)];
            await using var artifact = await Store.GetAsync(key, null, Token);
            Assert.Equal(payload, await ReadAsync(artifact!));
        }

        return reads;
    }

    private async Task<int> WriteWhileAsync(CancellationToken done)
    {
        var writes = 0;
        for (; !done.IsCancellationRequested; writes++)
        {
            var key = NewKey();
            Assert.Equal(PutOutcome.Stored, await PutAsync(key, TestArtifacts.Payload(writes % 8 == 0 ? 1_200_000 : 500, writes)));
            Assert.True(await Store.RemoveAsync(key, Token));
        }

        return writes;
    }
}

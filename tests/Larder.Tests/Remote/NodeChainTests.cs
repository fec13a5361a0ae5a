using System.Diagnostics;
using System.Net;
using Larder.Cache.Artifacts;
using Larder.Cache.Remote;
using Larder.Tests.Node;

namespace Larder.Tests.Remote;

/// <summary>Nodes that chain: a miss asks the upstream, what is made here is written behind to it.</summary>
public sealed class NodeChainTests
{
    private static readonly byte[] Payload = TestArtifacts.Payload(200_000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string PathOf(ArtifactKey key) => $"/v1/artifacts/{key}";

    private static Task<TestNode> StartAsync(Uri? upstream, TimeSpan? timeout = null) => TestNode.StartAsync(
        options => options with { Upstream = upstream, UpstreamTimeout = timeout ?? TimeSpan.FromSeconds(10), LookupDeadline = TimeSpan.FromSeconds(20) });

    [Fact]
    public async Task What_one_node_stores_another_finds_through_their_upstream()
    {
        await using var region = await StartAsync(null);
        await using var rack = await StartAsync(region.Address);
        await using var maker = await StartAsync(rack.Address);
        await using var user = await StartAsync(region.Address);
        var key = TestArtifacts.KeyOf("chained");

        var put = await maker.PutAsync(PathOf(key), Payload, ("Larder-Owner", "somebody"), ("Larder-Attr-tag", "x%20y"));
        Assert.Equal(HttpStatusCode.Created, (HttpStatusCode)(int)put.Status);
        await maker.Host.Cache.FlushAsync(Token);
        await rack.Host.Cache.FlushAsync(Token);

        using var lease = await user.Host.Cache.GetAsync(key, Token);
        Assert.True(lease.IsHit);
        Assert.Equal(TierKind.Remote, lease.Source);
        Assert.Equal("somebody", lease.Metadata.Owner);
        Assert.Equal("x y", lease.Metadata.Attributes["tag"]);
        using var again = await user.Host.Cache.GetAsync(key, Token);
        Assert.NotEqual(TierKind.Remote, again.Source);
    }

    [Fact]
    public async Task A_dead_upstream_is_a_miss_that_costs_its_time_once()
    {
        await using var dead = new RawServer(exchange => exchange.HangAsync());
        await using var node = await StartAsync(dead.Address, TimeSpan.FromMilliseconds(500));
        var watch = Stopwatch.StartNew();

        Assert.Equal(404, (int)(await node.GetAsync(PathOf(TestArtifacts.KeyOf("a")))).Status);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.4, 20);
        watch.Restart();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(404, (int)(await node.GetAsync(PathOf(TestArtifacts.KeyOf($"{i}")))).Status);
        }

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
        Assert.InRange(dead.Requests, 1, 3);
        Assert.NotEqual(CircuitState.Closed, node.Host.Cache.Remote!.GetStatus().Circuit);
    }

    [Fact]
    public async Task An_upstream_that_lies_is_a_miss()
    {
        await using var liar = new RawServer(exchange => exchange.AnswerAsync(
            200, $"Larder-Digest: {TestArtifacts.Describe(Payload).Digest}\r\n", TestArtifacts.Payload(Payload.Length, seed: 9)));
        await using var node = await StartAsync(liar.Address);

        Assert.Equal(404, (int)(await node.GetAsync(PathOf(TestArtifacts.KeyOf("a")))).Status);

        Assert.Equal(1, node.Host.Cache.Remote!.GetStatus().Damaged);
        Assert.Equal(0, node.Host.Cache.GetStatistics().Tiers.Sum(tier => tier.Entries));
    }
}

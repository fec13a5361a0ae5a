using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.Tests.Indexer.Blocks;

public sealed class BlockFollowerTests
{
    private static readonly List<byte[]> Chain = BlockBuilder.Chain(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_index_reaches_the_tip_and_ends_when_it_does_not_follow()
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();

        var state = await RunAsync(index, node, new BlockFollowerOptions { Follows = false });

        Assert.Equal(29u, index.Tip!.Height);
        Assert.Equal((30, FollowerPhase.Ended, 29u), (state.Blocks, state.Phase, state.SourceHeight));
        Assert.Equal(Chain.Sum(static block => block.Length), state.Bytes);
        Assert.Equal(RootOf(Chain), index.Tip.Root.ToString());
    }

    [Fact]
    public async Task It_begins_and_ends_at_the_heights_that_are_given_and_goes_on_later()
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();

        await RunAsync(index, node, new BlockFollowerOptions { StartHeight = 5, StopHeight = 11 });
        Assert.Equal((5u, 11u), (index.LowestHeight, index.Tip!.Height));

        var state = await RunAsync(index, node, new BlockFollowerOptions { StartHeight = 5, StopHeight = 20 });
        Assert.Equal((9, 20u), (state.Blocks, index.Tip.Height));
        Assert.Empty(index.Rollbacks);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(29)]
    public async Task After_a_reorganisation_the_index_is_as_if_it_had_never_seen_the_branch(int depth)
    {
        var ancestor = Chain.Count - 1 - depth;
        List<byte[]> other = [.. Chain[..(ancestor + 1)], .. BlockBuilder.Chain(depth + 2, branch: 3, after: Chain[ancestor])];
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();
        await RunAsync(index, node, new BlockFollowerOptions { Follows = false });

        node.Switch(other);
        var state = await RunAsync(index, node, new BlockFollowerOptions { Follows = false });

        Assert.Equal([(uint)ancestor], index.Rollbacks);
        Assert.Equal(RootOf(other), index.Tip!.Root.ToString());
        var seen = Assert.Single(state.Reorganisations);
        Assert.Equal(((uint)ancestor, (uint)depth, BlockBuilder.NameOf(Chain[^1])), (seen.Ancestor, seen.Depth, seen.OldTip.ToString()));
    }

    [Fact]
    public async Task A_branch_that_is_as_long_or_shorter_is_seen_too()
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();
        await RunAsync(index, node, new BlockFollowerOptions { Follows = false });
        foreach (var length in (int[])[3, 2])
        {
            List<byte[]> other = [.. Chain[..27], .. BlockBuilder.Chain(length, branch: (uint)length, after: Chain[26])];
            node.Switch(other);

            await RunAsync(index, node, new BlockFollowerOptions { Follows = false });

            Assert.Equal(RootOf(other), index.Tip!.Root.ToString());
        }
    }

    [Fact]
    public async Task A_chain_that_changes_far_from_its_tip_is_noticed_by_the_hash_of_the_block_before()
    {
        // The node goes on for longer than the check of hashes reaches.
        List<byte[]> other = [.. Chain[..25], .. BlockBuilder.Chain(60, branch: 3, after: Chain[24])];
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();
        await RunAsync(index, node, new BlockFollowerOptions { Follows = false });

        node.Switch(other);
        await RunAsync(index, node, new BlockFollowerOptions { Follows = false, CheckWithin = 0 });

        Assert.Equal([24u], index.Rollbacks);
        Assert.Equal(RootOf(other), index.Tip!.Root.ToString());
    }

    [Fact]
    public async Task Chains_that_change_while_blocks_are_read_end_in_the_last_one()
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();
        var (asked, round) = (0, 0u);
        List<byte[]> last = [.. Chain];
        node.OnQuestion = method =>
        {
            if (method == "getblock" && Interlocked.Increment(ref asked) % 7 == 0 && round < 12)
            {
                round++;
                var fork = (int)(10 + (round % 5));
                last = [.. Chain[..fork], .. BlockBuilder.Chain(20 + (int)round, branch: round + 50, after: Chain[fork - 1])];
                node.Switch(last);
            }
        };

        await RunAsync(index, node, new BlockFollowerOptions { Follows = false });

        Assert.Equal(12u, round);
        await RunAsync(index, node, new BlockFollowerOptions { Follows = false });
        Assert.Equal(RootOf(last), index.Tip!.Root.ToString());
    }

    [Fact]
    public async Task Random_forks_end_in_the_roots_of_the_last_chain()
    {
        var random = new Random(20261130);
        var chain = Chain.ToList();
        await using var node = new FakeChainNode(chain);
        var index = new ChainIndex();
        for (var round = 0u; round < 25; round++)
        {
            await RunAsync(index, node, new BlockFollowerOptions { Follows = false });
            Assert.Equal(RootOf(chain), index.Tip!.Root.ToString());

            var ancestor = chain.Count - 1 - random.Next(Math.Min(20, chain.Count - 1));
            chain = [.. chain[..(ancestor + 1)], .. BlockBuilder.Chain(random.Next(1, 25), branch: 1000 + round, after: chain[ancestor])];
            node.Switch(chain);
        }
    }

    [Fact]
    public async Task A_reorganisation_beyond_the_limit_stops_and_changes_nothing()
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();
        await RunAsync(index, node, new BlockFollowerOptions { Follows = false });
        var tip = index.Tip;
        node.Switch([.. Chain[..20], .. BlockBuilder.Chain(15, branch: 3, after: Chain[19])]);

        var e = await Assert.ThrowsAsync<IndexerException>(() => RunAsync(index, node, new BlockFollowerOptions { MaxDepth = 9 }));

        Assert.Equal(IndexerErrorKind.LimitExceeded, e.Kind);
        Assert.Same(tip, index.Tip);
        await RunAsync(index, node, new BlockFollowerOptions { MaxDepth = 10, Follows = false });
        Assert.Equal(34u, index.Tip!.Height);
    }

    [Fact]
    public async Task A_reorganisation_below_what_is_kept_stops_and_changes_nothing()
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex { Kept = 5 };
        await RunAsync(index, node, new BlockFollowerOptions { Follows = false });
        node.Switch([.. Chain[..20], .. BlockBuilder.Chain(15, branch: 3, after: Chain[19])]);

        var e = await Assert.ThrowsAsync<IndexerException>(() => RunAsync(index, node, new BlockFollowerOptions()));

        Assert.Equal(IndexerErrorKind.NoSuchHeight, e.Kind);
        Assert.Empty(index.Rollbacks);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(2)]
    public async Task A_node_that_is_behind_on_the_same_chain_changes_nothing(int has)
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex();
        await RunAsync(index, node, new BlockFollowerOptions { StartHeight = 5, Follows = false });
        node.Switch(Chain[..has]);

        await RunAsync(index, node, new BlockFollowerOptions { StartHeight = 5, Follows = false });

        Assert.Equal(29u, index.Tip!.Height);
        Assert.Empty(index.Rollbacks);
    }

    [Fact]
    public async Task New_blocks_are_indexed_as_they_come_and_a_node_that_goes_away_is_waited_for()
    {
        await using var node = new FakeChainNode(Chain[..10]);
        var index = new ChainIndex();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var source = Source(node);
        var follower = Follower(index, source, new BlockFollowerOptions());
        var running = follower.RunAsync(end.Token);

        await WaitAsync(() => follower.State.Phase == FollowerPhase.AtTip && index.Tip?.Height == 9);
        node.Switch(Chain[..15]);
        await WaitAsync(() => follower.State.Phase == FollowerPhase.AtTip && index.Tip?.Height == 14);
        await node.GoAwayAsync();
        await WaitAsync(() => follower.State is { Phase: FollowerPhase.WaitingForNode, Failure: not null });
        node.Switch([.. Chain[..13], .. BlockBuilder.Chain(9, branch: 4, after: Chain[12])]);
        node.Return();
        await WaitAsync(() => follower.State is { Phase: FollowerPhase.AtTip, Failure: null } && index.Tip?.Height == 21);

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(FollowerPhase.Ended, follower.State.Phase);
        Assert.Equal([12u], index.Rollbacks);
    }

    [Fact]
    public async Task A_node_that_is_not_there_at_the_start_is_an_error_unless_it_is_waited_for()
    {
        var node = new FakeChainNode(Chain[..3]);
        await node.GoAwayAsync();

        var e = await Assert.ThrowsAsync<IndexerException>(() => RunAsync(new ChainIndex(), node, new BlockFollowerOptions()));
        Assert.Equal(IndexerErrorKind.Unavailable, e.Kind);
        Assert.Contains($"127.0.0.1:{node.Port} cannot be reached", e.Message, StringComparison.Ordinal);

        var index = new ChainIndex();
        await using var source = Source(node);
        var follower = Follower(index, source, new BlockFollowerOptions { WaitsForNode = true, StopHeight = 2 });
        var running = follower.RunAsync(Token);
        await WaitAsync(() => follower.State.Phase == FollowerPhase.WaitingForNode);
        node.Return();
        await running;
        Assert.Equal(2u, index.Tip!.Height);
        await node.DisposeAsync();
    }

    [Fact]
    public async Task Faults_of_the_node_on_the_way_change_nothing_of_the_result()
    {
        NodeFault[] faults = [NodeFault.Disconnect, NodeFault.HalfAnAnswer, NodeFault.Busy];
        await using var node = new FakeChainNode(Chain);
        var asked = 0;
        node.OnQuestion = _ =>
        {
            if (Interlocked.Increment(ref asked) is var number && number % 5 == 0)
            {
                node.Fail(faults[number % 3]);
            }
        };
        var index = new ChainIndex();

        await RunAsync(index, node, new BlockFollowerOptions { WaitsForNode = true, StopHeight = 29 });

        Assert.Equal(RootOf(Chain), index.Tip!.Root.ToString());
    }

    [Fact]
    public async Task A_block_that_the_module_fails_on_ends_it_with_the_blocks_before_it()
    {
        await using var node = new FakeChainNode(Chain);
        var index = new ChainIndex { Fails = static height => height == 13 };

        var e = await Assert.ThrowsAsync<IndexerException>(() => RunAsync(index, node, new BlockFollowerOptions()));

        Assert.Equal(IndexerErrorKind.GuestFailed, e.Kind);
        Assert.Equal(12u, index.Tip!.Height);
    }

    private static string RootOf(List<byte[]> chain)
    {
        var index = new ChainIndex();
        for (var i = 0u; i < chain.Count; i++)
        {
            var identity = BlockIdentity.Of(chain[(int)i], BlockFormat.Bitcoin);
            index.Process(i, identity.Hash, identity.PreviousHash!.Value, chain[(int)i], Token);
        }

        return index.Tip!.Root.ToString();
    }

    private static async Task<FollowerState> RunAsync(ChainIndex index, FakeChainNode node, BlockFollowerOptions options)
    {
        await using var source = Source(node);
        var follower = Follower(index, source, options);
        await follower.RunAsync(Token);
        return follower.State;
    }

    private static NodeBlockSource Source(FakeChainNode node) =>
        new(new ChainNodeOptions { Address = node.Address, Backoff = TimeSpan.FromMilliseconds(1), Attempts = 2 }, new BlockSourceOptions());

    private static BlockFollower Follower(ChainIndex index, NodeBlockSource source, BlockFollowerOptions options) =>
        new(index, source, options with { PollInterval = TimeSpan.FromMilliseconds(5), Backoff = TimeSpan.FromMilliseconds(5) });

    private static async Task WaitAsync(Func<bool> isSo)
    {
        for (var waits = 0; !isSo(); waits++)
        {
            Assert.True(waits < 10_000, "It did not come about within 50 s.");
            await Task.Delay(5, Token);
        }
    }
}

using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.Tests.Indexer.Blocks;

public sealed class NodeBlockSourceTests
{
    private static readonly List<byte[]> Chain = BlockBuilder.Chain(40);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Blocks_of_a_node_come_in_order_and_are_fetched_ahead()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node);

        var blocks = new List<byte[]>();
        await foreach (var block in source.ReadAsync(5, Token))
        {
            Assert.Equal((uint)(5 + blocks.Count), block.Height);
            blocks.Add(block.Bytes.ToArray());
            if (blocks.Count == 3)
            {
                // What is fetched ahead comes without being asked for, and not all of it.
                await WaitAsync(() => node.Questions.Count(static question => question == "getblock") > 3);
                await Task.Delay(100, Token);
                Assert.InRange(node.Questions.Count(static question => question == "getblock"), 4, 3 + 8 + 1);
            }
        }

        Assert.Equal(Chain[5..], blocks);
    }

    [Fact]
    public async Task What_is_fetched_ahead_keeps_within_its_bytes()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node, options => options with { PrefetchBytes = 0 });
        await foreach (var block in source.ReadAsync(0, Token))
        {
            await Task.Delay(10, Token);
            Assert.InRange(node.Questions.Count(static question => question == "getblock"), 1, (int)block.Height! + 2);
        }
    }

    [Theory]
    [InlineData(NodeFault.Disconnect)]
    [InlineData(NodeFault.HalfAnAnswer)]
    [InlineData(NodeFault.Busy)]
    [InlineData(NodeFault.Starting)]
    public async Task What_passes_by_itself_is_tried_again(NodeFault fault)
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node);
        node.Fail(fault, fault, fault);

        Assert.Equal(39u, await source.GetTipHeightAsync(Token));
        Assert.Equal(4, node.Questions.Count);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_given_up_after_its_attempts()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node, static options => options with { Timeout = TimeSpan.FromMilliseconds(100), Attempts = 2 });
        node.Fail(NodeFault.Silence, NodeFault.Silence, NodeFault.Silence, NodeFault.Silence, NodeFault.Silence);

        var e = await Assert.ThrowsAsync<IndexerException>(() => source.GetTipHeightAsync(Token));

        Assert.Equal(IndexerErrorKind.Unavailable, e.Kind);
        Assert.Contains("does not answer getblockcount within 0.1 s", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, node.Questions.Count);
    }

    [Fact]
    public async Task A_server_that_is_no_node_is_named_as_such()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node);
        node.Fail(NodeFault.Nonsense);

        var e = await Assert.ThrowsAsync<IndexerException>(() => source.GetTipHeightAsync(Token));

        Assert.Contains("is this the address of its JSON-RPC?", e.Message, StringComparison.Ordinal);
        Assert.Single(node.Questions);
    }

    [Fact]
    public async Task Another_block_than_the_one_asked_for_is_refused()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node);
        node.Fail(NodeFault.None, NodeFault.OtherBlock);

        var e = await Assert.ThrowsAsync<IndexerException>(() => source.GetBlockAsync(3, Token));

        Assert.Equal(IndexerErrorKind.BadBlock, e.Kind);
        Assert.Contains(BlockBuilder.NameOf(Chain[0]), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_block_that_the_node_threw_away_is_an_error_with_the_nodes_reason()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node);
        node.Fail(NodeFault.None, NodeFault.Pruned);

        var e = await Assert.ThrowsAsync<IndexerException>(() => source.GetBlockAsync(3, Token));

        Assert.Contains("refuses getblock of block 3: Block not available (pruned data) (-1)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heights_beyond_the_chain_have_no_block()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node);

        Assert.Null(await source.GetHashAsync(40, Token));
        Assert.Null(await source.GetBlockAsync(1000, Token));
    }

    [Fact]
    public async Task An_answer_beyond_the_limit_is_refused()
    {
        await using var node = new FakeChainNode([.. Chain[..3], new BlockBuilder(1) { ScriptBytes = 50_000, Transactions = 9 }.Build(BlockBuilder.HashOf(Chain[2]))]);
        await using var source = new NodeBlockSource(Options(node), new BlockSourceOptions { MaxBlockBytes = 10_000 });

        Assert.NotNull(await source.GetBlockAsync(2, Token));
        Assert.Equal(IndexerErrorKind.LimitExceeded, (await Assert.ThrowsAsync<IndexerException>(() => source.GetBlockAsync(3, Token))).Kind);
    }

    [Fact]
    public async Task Blocks_of_any_bytes_are_named_by_the_node()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = new NodeBlockSource(Options(node), new BlockSourceOptions { Format = BlockFormat.Opaque });

        var identity = (await source.GetBlockAsync(4, Token))!.Identify(BlockFormat.Opaque);

        Assert.Equal(BlockBuilder.NameOf(Chain[4]), identity.Hash.ToString());
        Assert.Equal(BlockBuilder.NameOf(Chain[3]), identity.PreviousHash.ToString());
    }

    [Fact]
    public async Task A_login_comes_from_options_or_the_address_and_a_wrong_one_is_said_at_once()
    {
        await using var node = new FakeChainNode(Chain) { Login = "me:pass word" };
        await using var given = Source(node, static options => options with { User = "me", Password = "pass word" });
        await using var inAddress = Source(node, options => options with { Address = new Uri($"http://me:pass%20word@127.0.0.1:{node.Port}") });
        await using var wrong = Source(node, static options => options with { User = "me", Password = "no" });
        await using var none = Source(node);

        Assert.Equal(39u, await given.GetTipHeightAsync(Token));
        Assert.Equal(39u, await inAddress.GetTipHeightAsync(Token));
        Assert.DoesNotContain("pass", inAddress.Description, StringComparison.Ordinal);
        Assert.Contains("does not accept the login", (await Assert.ThrowsAsync<IndexerException>(() => wrong.GetTipHeightAsync(Token))).Message, StringComparison.Ordinal);
        Assert.Contains("wants a login", (await Assert.ThrowsAsync<IndexerException>(() => none.GetTipHeightAsync(Token))).Message, StringComparison.Ordinal);
        Assert.Equal(4, node.Questions.Count);
    }

    [Fact]
    public async Task The_cookie_is_read_again_when_the_node_has_a_new_one()
    {
        using var folder = new BlockFolder();
        await using var node = new FakeChainNode(Chain) { Login = "__cookie__:1" };
        await using var source = Source(node, options => options with { CookieFile = folder.Text(".cookie", "__cookie__:1\n") });
        Assert.Equal(39u, await source.GetTipHeightAsync(Token));

        node.Login = "__cookie__:2";
        folder.Text(".cookie", "__cookie__:2");

        Assert.Equal(39u, await source.GetTipHeightAsync(Token));
    }

    [Fact]
    public async Task A_cookie_that_is_not_there_is_said()
    {
        await using var node = new FakeChainNode(Chain);
        await using var source = Source(node, static options => options with { CookieFile = "/nowhere/.cookie", Attempts = 1 });

        var e = await Assert.ThrowsAsync<IndexerException>(() => source.GetTipHeightAsync(Token));

        Assert.Contains("left no cookie in '/nowhere/.cookie'", e.Message, StringComparison.Ordinal);
    }

    private static NodeBlockSource Source(FakeChainNode node, Func<ChainNodeOptions, ChainNodeOptions>? adjust = null) =>
        new((adjust ?? (static options => options))(Options(node)), new BlockSourceOptions());

    private static ChainNodeOptions Options(FakeChainNode node) => new() { Address = node.Address, Backoff = TimeSpan.FromMilliseconds(1) };

    private static async Task WaitAsync(Func<bool> isSo)
    {
        for (var waits = 0; !isSo(); waits++)
        {
            Assert.True(waits < 10_000, "It did not come about within 50 s.");
            await Task.Delay(5, Token);
        }
    }
}

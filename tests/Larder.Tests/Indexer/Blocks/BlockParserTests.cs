using System.Buffers.Binary;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.Tests.Indexer.Blocks;

public sealed class BlockParserTests
{
    private static readonly byte[] Block = new BlockBuilder(7).Build(BlockBuilder.HashOf(new BlockBuilder(6).Build(new byte[32])));

    // The first block of Bitcoin's chain: its header as everybody knows it.
    private const string Genesis =
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa"
        + "4b1e5e4a29ab5f49ffff001d1dac2b7c";

    [Fact]
    public void A_header_is_read_to_its_last_field()
    {
        var header = BlockParser.ParseHeader(Convert.FromHexString(Genesis));

        Assert.Equal("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", header.Hash.ToString());
        Assert.Equal(default, header.PreviousHash);
        Assert.Equal("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", header.MerkleRoot.ToString());
        Assert.Equal((1, 1231006505u, 0x1d00ffffu, 2083236893u), (header.Version, header.Time, header.Bits, header.Nonce));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    [InlineData(400, true)]
    public void Blocks_with_and_without_witnesses_are_read(int transactions, bool hasWitnesses)
    {
        var block = new BlockBuilder(3) { Transactions = transactions, HasWitnesses = hasWitnesses, ScriptBytes = 300 }.Build(new byte[32]);

        var header = BlockParser.Parse(block);

        Assert.Equal(transactions + 1, header.Transactions);
        Assert.Equal(BlockBuilder.NameOf(block), header.Hash.ToString());
    }

    [Fact]
    public void Every_truncation_is_refused_with_its_offset()
    {
        for (var length = 0; length < Block.Length; length++)
        {
            var e = Assert.Throws<IndexerException>(() => BlockParser.Parse(Block.AsSpan(0, length)));

            Assert.Equal(IndexerErrorKind.BadBlock, e.Kind);
            Assert.Contains("at byte ", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_follows_the_last_transaction_is_refused()
    {
        var e = Assert.Throws<IndexerException>(() => BlockParser.Parse([.. Block, 0, 0, 0]));

        Assert.Equal(IndexerErrorKind.BadBlock, e.Kind);
        Assert.Contains($"at byte {Block.Length} 3 bytes follow", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ff ff ff ff ff ff ff ff ff")]
    [InlineData("ff ff ff ff ff ff ff ff 7f")]
    [InlineData("fe ff ff ff 7f")]
    [InlineData("fe 00 00 01 00")]
    [InlineData("fd ff ff")]
    public void A_claimed_count_beyond_the_block_is_refused_without_memory_for_it(string count)
    {
        byte[] hostile = [.. Block.AsSpan(0, 80), .. Convert.FromHexString(count.Replace(" ", "", StringComparison.Ordinal)), .. Block.AsSpan(81)];
        var before = GC.GetAllocatedBytesForCurrentThread();

        var e = Assert.Throws<IndexerException>(() => BlockParser.Parse(hostile));

        Assert.Contains("at byte 80", e.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 * 1024);
    }

    [Theory]
    [InlineData("fd0300")]
    [InlineData("fe03000000")]
    [InlineData("ff0300000000000000")]
    public void A_count_that_could_be_shorter_is_refused(string count)
    {
        byte[] odd = [.. Block.AsSpan(0, 80), .. Convert.FromHexString(count), .. Block.AsSpan(81)];

        var e = Assert.Throws<IndexerException>(() => BlockParser.Parse(odd));

        Assert.Contains("shortest form", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_counts_at_every_place_are_refused_or_read_within_the_block()
    {
        byte[][] counts = [[0xfd, 0xff, 0xff], [0xfe, 0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x00], [0xfc]];
        for (var at = 80; at < Block.Length; at++)
        {
            foreach (var count in counts)
            {
                AssertRefusedOrWhole([.. Block.AsSpan(0, at), .. count, .. Block.AsSpan(at + 1)]);
            }
        }
    }

    [Fact]
    public void Changed_bytes_never_do_more_than_be_refused()
    {
        for (var at = 0; at < Block.Length; at++)
        {
            foreach (var flip in (byte[])[0x01, 0x80, 0xff])
            {
                var changed = Block.ToArray();
                changed[at] ^= flip;

                AssertRefusedOrWhole(changed);
            }
        }
    }

    [Fact]
    public void Random_bytes_are_refused_or_whole()
    {
        var random = new Random(20261130);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);

            AssertRefusedOrWhole(bytes);
        }
    }

    [Theory]
    [InlineData("0000", "no inputs")]
    [InlineData("0002", "flag 2")]
    [InlineData("000100", "no inputs")]
    public void Odd_transactions_are_refused(string afterVersion, string expected)
    {
        byte[] odd = [.. Block.AsSpan(0, 80), 1, 2, 0, 0, 0, .. Convert.FromHexString(afterVersion), .. new byte[60]];

        var e = Assert.Throws<IndexerException>(() => BlockParser.Parse(odd));

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transaction_that_says_it_has_witnesses_must_have_one()
    {
        byte[] transaction = [2, 0, 0, 0, 0, 1, 1, .. new byte[36], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] odd = [.. Block.AsSpan(0, 80), 1, .. transaction];

        var e = Assert.Throws<IndexerException>(() => BlockParser.Parse(odd));

        Assert.Contains("has witnesses and has none", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_of_any_bytes_is_named_by_all_of_them()
    {
        byte[] bytes = [1, 2, 3];

        var identity = BlockIdentity.Of(bytes, BlockFormat.Opaque);

        Assert.Null(identity.PreviousHash);
        Assert.Equal(new BlockHash(System.Security.Cryptography.SHA256.HashData(System.Security.Cryptography.SHA256.HashData(bytes))), identity.Hash);
        Assert.Equal(IndexerErrorKind.BadBlock, Assert.Throws<IndexerException>(() => BlockIdentity.Of([], BlockFormat.Opaque)).Kind);
    }

    private static void AssertRefusedOrWhole(byte[] bytes)
    {
        try
        {
            var header = BlockParser.Parse(bytes);
            Assert.Equal(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(76)), header.Nonce);
        }
        catch (IndexerException e)
        {
            Assert.Equal(IndexerErrorKind.BadBlock, e.Kind);
        }
    }
}

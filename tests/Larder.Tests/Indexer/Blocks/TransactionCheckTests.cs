using System.Security.Cryptography;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Tests.Indexer.Blocks.Support;

namespace Larder.Tests.Indexer.Blocks;

public sealed class TransactionCheckTests
{
    // The first block of Bitcoin's chain, whole.
    private const string Genesis =
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa"
        + "4b1e5e4a29ab5f49ffff001d1dac2b7c0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d"
        + "0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420"
        + "666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef"
        + "38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";

    [Fact]
    public void The_first_block_of_the_chain_is_verified() =>
        Assert.Equal(
            "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
            BlockIdentity.Of(Convert.FromHexString(Genesis), BlockFormat.Verified).Hash.ToString());

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(6, true)]
    [InlineData(7, true)]
    [InlineData(300, true)]
    public void Blocks_are_verified(int transactions, bool hasWitnesses)
    {
        var block = Build(transactions, hasWitnesses);

        Assert.Equal(BlockBuilder.NameOf(block), BlockIdentity.Of(block, BlockFormat.Verified).Hash.ToString());
    }

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var block = Build(transactions: 2, hasWitnesses: true);
        for (var offset = 36; offset < block.Length; offset++)
        {
            // What is left of the header has a hash of its own: it is another block.
            if (offset is >= 68 and < 80)
            {
                continue;
            }

            block[offset] ^= 0x04;
            var e = Assert.Throws<IndexerException>(() => BlockIdentity.Of(block, BlockFormat.Verified));
            Assert.Equal(IndexerErrorKind.BadBlock, e.Kind);
            block[offset] ^= 0x04;
        }

        Assert.Equal(BlockBuilder.NameOf(block), BlockIdentity.Of(block, BlockFormat.Verified).Hash.ToString());
    }

    [Fact]
    public void Transactions_that_come_twice_are_refused()
    {
        var block = Convert.FromHexString(Genesis);
        var transaction = block[81..];
        var id = SHA256.HashData(SHA256.HashData(transaction));
        SHA256.HashData(SHA256.HashData([.. id, .. id])).CopyTo(block.AsSpan(36));

        var e = Assert.Throws<IndexerException>(() => BlockIdentity.Of([.. block[..80], 2, .. transaction, .. transaction], BlockFormat.Verified));

        Assert.Contains("twice", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Witnesses_without_a_commitment_are_refused()
    {
        var block = new BlockBuilder(3) { Transactions = 3 }.Build(new byte[32]);

        Assert.Contains(
            "commits to none", Assert.Throws<IndexerException>(() => BlockIdentity.Of(block, BlockFormat.Verified)).Message, StringComparison.Ordinal);
        Assert.Equal(BlockBuilder.NameOf(block), BlockIdentity.Of(block, BlockFormat.Bitcoin).Hash.ToString());
    }

    [Fact]
    public void A_block_without_transactions_is_refused()
    {
        var block = Convert.FromHexString(Genesis);

        Assert.Throws<IndexerException>(() => BlockIdentity.Of([.. block[..80], 0], BlockFormat.Verified));
    }

    private static byte[] Build(int transactions, bool hasWitnesses) =>
        new BlockBuilder(3) { Transactions = transactions, HasWitnesses = hasWitnesses, CommitsToWitnesses = hasWitnesses }.Build(new byte[32]);
}

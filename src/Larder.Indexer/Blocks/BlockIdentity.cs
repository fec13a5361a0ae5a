using System.Security.Cryptography;

namespace Larder.Indexer.Blocks;

/// <summary>What a block is called, and what it says that it follows.</summary>
/// <param name="Hash">Hash of the block.</param>
/// <param name="PreviousHash">Hash of the block before it; null when its format does not say.</param>
public readonly record struct BlockIdentity(BlockHash Hash, BlockHash? PreviousHash)
{
    /// <summary>Reads the identity of a block and checks the block by its format.</summary>
    /// <param name="block">The whole block.</param>
    /// <param name="format">Its format.</param>
    /// <exception cref="IndexerException"><see cref="IndexerErrorKind.BadBlock"/>: it is not of the format.</exception>
    public static BlockIdentity Of(ReadOnlySpan<byte> block, BlockFormat format)
    {
        if (format != BlockFormat.Opaque)
        {
            var header = format == BlockFormat.Verified ? TransactionCheck.Parse(block) : BlockParser.Parse(block);
            return new BlockIdentity(header.Hash, header.PreviousHash);
        }

        return block.IsEmpty
            ? throw new IndexerException(IndexerErrorKind.BadBlock, "The block is empty.")
            : new BlockIdentity(DoubleSha256(block), null);
    }

    /// <summary>The hash of bytes that blocks and transactions are named by.</summary>
    internal static BlockHash DoubleSha256(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        SHA256.HashData(digest, digest);
        return new BlockHash(digest);
    }
}

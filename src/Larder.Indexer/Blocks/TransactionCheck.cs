using System.Security.Cryptography;

namespace Larder.Indexer.Blocks;

/// <summary>
/// Checks that the transactions of a block are those that its header names, and their witnesses those that its first transaction
/// commits to.
/// </summary>
/// <remarks>
/// Source: Bitcoin developer reference, "Merkle Trees"; BIP 141 for the commitment, which the last output has whose script begins with
/// its mark. Where two nodes of a level are the same, the block is refused: the root would say nothing of how many transactions there are
/// (CVE-2012-2459).
/// </remarks>
internal static class TransactionCheck
{
    private const int HashBytes = SHA256.HashSizeInBytes;

    // OP_RETURN, a push of 36 bytes, and the mark that the hash follows.
    private static ReadOnlySpan<byte> CommitmentMark => [0x6A, 0x24, 0xAA, 0x21, 0xA9, 0xED];

    /// <summary>Reads a whole block, with this check.</summary>
    /// <exception cref="IndexerException"><see cref="IndexerErrorKind.BadBlock"/>: the message says what is wrong.</exception>
    public static BlockHeader Parse(ReadOnlySpan<byte> block)
    {
        var transactions = new List<TransactionExtent>();
        var header = BlockParser.Parse(block, transactions);
        if (transactions.Count == 0)
        {
            throw Bad("it has no transaction");
        }

        var hashes = new byte[transactions.Count * HashBytes];
        for (var i = 0; i < transactions.Count; i++)
        {
            WriteId(block, transactions[i], hashes.AsSpan(i * HashBytes, HashBytes));
        }

        Span<byte> named = stackalloc byte[BlockHash.Size];
        header.MerkleRoot.CopyTo(named);
        if (!RootOf(hashes).SequenceEqual(named))
        {
            throw Bad("its transactions do not make the Merkle root of its header");
        }

        if (transactions.Any(static transaction => transaction.HasWitness))
        {
            CheckWitnesses(block, transactions, hashes);
        }

        return header;
    }

    private static void CheckWitnesses(ReadOnlySpan<byte> block, List<TransactionExtent> transactions, byte[] hashes)
    {
        ReadCommitment(block, transactions[0], out var commitment, out var reserved);
        if (commitment.IsEmpty || reserved.Length != HashBytes)
        {
            throw Bad("it has witnesses, and its first transaction commits to none");
        }

        hashes.AsSpan(0, HashBytes).Clear(); // The first transaction cannot name itself.
        for (var i = 1; i < transactions.Count; i++)
        {
            DoubleHash(block[transactions[i].Start..transactions[i].End], hashes.AsSpan(i * HashBytes, HashBytes));
        }

        Span<byte> pair = stackalloc byte[2 * HashBytes];
        RootOf(hashes).CopyTo(pair);
        reserved.CopyTo(pair[HashBytes..]);
        DoubleHash(pair, pair[..HashBytes]);
        if (!commitment.SequenceEqual(pair[..HashBytes]))
        {
            throw Bad("its witnesses are not those that its first transaction commits to");
        }
    }

    // What the first transaction says of the witnesses, and the number that goes into it; empty where it does not.
    private static void ReadCommitment(
        ReadOnlySpan<byte> block, TransactionExtent first, out ReadOnlySpan<byte> commitment, out ReadOnlySpan<byte> reserved)
    {
        commitment = default;
        reserved = default;
        var cursor = new BlockCursor(block[first.Body..first.End]);
        for (var inputs = cursor.Count("the number of inputs", 1); inputs > 0; inputs--)
        {
            cursor.Take(36, "an input's source");
            cursor.Skip("an input's script");
            cursor.Take(4, "an input's sequence");
        }

        for (var outputs = cursor.Count("the number of outputs", 1); outputs > 0; outputs--)
        {
            cursor.Take(8, "an output's amount");
            var script = cursor.Take(cursor.Count("an output's script", 1), "an output's script");
            if (script.Length >= CommitmentMark.Length + HashBytes && script.StartsWith(CommitmentMark))
            {
                commitment = script.Slice(CommitmentMark.Length, HashBytes);
            }
        }

        if (first.HasWitness && cursor.Count("the number of a witness's items", 1) == 1)
        {
            reserved = cursor.Take(cursor.Count("a witness's item", 1), "a witness's item");
        }
    }

    // The root over hashes side by side, whose place is used up.
    private static ReadOnlySpan<byte> RootOf(Span<byte> hashes)
    {
        Span<byte> pair = stackalloc byte[2 * HashBytes];
        while (hashes.Length > HashBytes)
        {
            var next = 0;
            for (var offset = 0; offset < hashes.Length; offset += 2 * HashBytes, next += HashBytes)
            {
                var first = hashes.Slice(offset, HashBytes);
                var hasSecond = offset + HashBytes < hashes.Length;
                var second = hasSecond ? hashes.Slice(offset + HashBytes, HashBytes) : first; // The last of an odd number stands for two.
                if (hasSecond && first.SequenceEqual(second))
                {
                    throw Bad("it holds transactions twice");
                }

                first.CopyTo(pair);
                second.CopyTo(pair[HashBytes..]);
                DoubleHash(pair, hashes.Slice(next, HashBytes));
            }

            hashes = hashes[..next];
        }

        return hashes;
    }

    // What a transaction is named by leaves its witnesses out.
    private static void WriteId(ReadOnlySpan<byte> block, TransactionExtent transaction, Span<byte> id)
    {
        if (!transaction.HasWitness)
        {
            DoubleHash(block[transaction.Start..transaction.End], id);
            return;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(block.Slice(transaction.Start, TransactionExtent.VersionBytes));
        hash.AppendData(block[transaction.Body..transaction.BodyEnd]);
        hash.AppendData(block.Slice(transaction.End - TransactionExtent.LockTimeBytes, TransactionExtent.LockTimeBytes));
        hash.GetHashAndReset(id);
        SHA256.HashData(id, id);
    }

    private static void DoubleHash(ReadOnlySpan<byte> bytes, Span<byte> hash)
    {
        SHA256.HashData(bytes, hash);
        SHA256.HashData(hash, hash);
    }

    private static IndexerException Bad(string what) => new(IndexerErrorKind.BadBlock, $"The block is damaged or no block of a chain: {what}.");
}

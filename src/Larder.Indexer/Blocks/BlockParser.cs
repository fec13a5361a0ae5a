using System.Buffers.Binary;

namespace Larder.Indexer.Blocks;

/// <summary>
/// Reads Bitcoin blocks in their consensus serialisation and checks that every byte has its place: nothing is missing, nothing is
/// left over, counts are written in their shortest form. Allocates nothing. What consensus says beyond that is not looked at: scripts,
/// amounts, proofs of work, that there is a transaction at all; <see cref="BlockFormat.Verified"/> looks at the Merkle roots.
/// </summary>
/// <remarks>Source: Bitcoin developer reference, "Serialized Blocks"; BIP 144 for witnesses.</remarks>
public static class BlockParser
{
    // Version, count of inputs, an input, count of outputs, lock time; an output need not be.
    private const int LeastTransactionBytes = 4 + 1 + LeastInputBytes + 1 + 4;

    // Transaction, output's number, length of the script, sequence.
    private const int LeastInputBytes = 32 + 4 + 1 + 4;

    // Amount, length of the script.
    private const int LeastOutputBytes = 8 + 1;

    /// <summary>Reads a whole block.</summary>
    /// <param name="block">The block, and nothing after it.</param>
    /// <exception cref="IndexerException"><see cref="IndexerErrorKind.BadBlock"/>: the message says what is wrong at which byte.</exception>
    public static BlockHeader Parse(ReadOnlySpan<byte> block) => Parse(block, extents: null);

    /// <summary>Reads a whole block, and notes where its transactions are.</summary>
    internal static BlockHeader Parse(ReadOnlySpan<byte> block, List<TransactionExtent>? extents)
    {
        var cursor = new BlockCursor(block);
        var header = ReadHeader(cursor.Take(BlockHeader.Size, "the header"));
        var transactions = cursor.Count("the number of transactions", LeastTransactionBytes);
        for (var i = 0; i < transactions; i++)
        {
            var extent = SkipTransaction(ref cursor);
            extents?.Add(extent);
        }

        return cursor.Remaining == 0
            ? header with { Transactions = transactions }
            : throw cursor.Bad($"{cursor.Remaining} bytes follow the last transaction");
    }

    /// <summary>Reads the header that a block begins with, and nothing after it.</summary>
    /// <param name="block">At least the 80 bytes of the header.</param>
    /// <exception cref="IndexerException"><see cref="IndexerErrorKind.BadBlock"/>: it is shorter.</exception>
    public static BlockHeader ParseHeader(ReadOnlySpan<byte> block)
    {
        var cursor = new BlockCursor(block);
        return ReadHeader(cursor.Take(BlockHeader.Size, "the header"));
    }

    private static BlockHeader ReadHeader(ReadOnlySpan<byte> bytes) => new()
    {
        Hash = BlockIdentity.DoubleSha256(bytes),
        Version = BinaryPrimitives.ReadInt32LittleEndian(bytes),
        PreviousHash = new BlockHash(bytes.Slice(4, BlockHash.Size)),
        MerkleRoot = new BlockHash(bytes.Slice(36, BlockHash.Size)),
        Time = BinaryPrimitives.ReadUInt32LittleEndian(bytes[68..]),
        Bits = BinaryPrimitives.ReadUInt32LittleEndian(bytes[72..]),
        Nonce = BinaryPrimitives.ReadUInt32LittleEndian(bytes[76..]),
    };

    private static TransactionExtent SkipTransaction(ref BlockCursor cursor)
    {
        var start = cursor.Position;
        cursor.Take(4, "a transaction's version");
        var hasWitness = cursor.Peek() == 0;
        if (hasWitness)
        {
            // No transaction of a block is without inputs: 0 instead of their number says that witnesses follow.
            cursor.Take(1, "a transaction's marker");
            if (cursor.Peek() is not 1 and not -1)
            {
                throw cursor.Bad($"a transaction has no inputs, or a flag {cursor.Peek()} that is not known");
            }

            cursor.Take(1, "a transaction's flag");
        }

        var body = cursor.Position;
        var inputs = cursor.Count("the number of inputs", LeastInputBytes);
        if (inputs == 0)
        {
            throw cursor.Bad("a transaction has no inputs");
        }

        for (var i = 0; i < inputs; i++)
        {
            cursor.Take(36, "an input's source");
            cursor.Skip("an input's script");
            cursor.Take(4, "an input's sequence");
        }

        var outputs = cursor.Count("the number of outputs", LeastOutputBytes);
        for (var i = 0; i < outputs; i++)
        {
            cursor.Take(8, "an output's amount");
            cursor.Skip("an output's script");
        }

        var bodyEnd = cursor.Position;
        if (hasWitness)
        {
            SkipWitnesses(ref cursor, inputs);
        }

        cursor.Take(4, "a transaction's lock time");
        return new TransactionExtent(start, body, bodyEnd, cursor.Position);
    }

    private static void SkipWitnesses(ref BlockCursor cursor, int inputs)
    {
        var isUsed = false;
        for (var i = 0; i < inputs; i++)
        {
            var items = cursor.Count("the number of a witness's items", 1);
            isUsed |= items > 0;
            for (var item = 0; item < items; item++)
            {
                cursor.Skip("a witness's item");
            }
        }

        if (!isUsed)
        {
            throw cursor.Bad("a transaction says that it has witnesses and has none");
        }
    }
}

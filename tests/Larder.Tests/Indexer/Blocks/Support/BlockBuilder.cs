using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Larder.Tests.Indexer.Blocks.Support;

/// <summary>Makes valid Bitcoin blocks out of a seed: the same seed gives the same bytes.</summary>
internal sealed class BlockBuilder(uint seed)
{
    private uint _state = (seed * 2654435761u) | 1;

    /// <summary>Transactions after the first.</summary>
    public int Transactions { get; init; } = 2;

    /// <summary>Whether every second transaction has witnesses.</summary>
    public bool HasWitnesses { get; init; } = true;

    /// <summary>Whether the first transaction commits to the witnesses of the others.</summary>
    public bool CommitsToWitnesses { get; init; }

    /// <summary>Bytes of each output's script.</summary>
    public int ScriptBytes { get; init; } = 25;

    /// <summary>The double SHA-256 of a block's header, as headers hold it.</summary>
    public static byte[] HashOf(ReadOnlySpan<byte> block) => SHA256.HashData(SHA256.HashData(block[..80]));

    /// <summary>The same as nodes show it.</summary>
    public static string NameOf(ReadOnlySpan<byte> block)
    {
        var hash = HashOf(block);
        Array.Reverse(hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>Blocks that follow one another.</summary>
    /// <param name="count">How many.</param>
    /// <param name="branch">Chains of different branches differ in every block.</param>
    /// <param name="after">The block that the first follows; null for the first of a chain.</param>
    public static List<byte[]> Chain(int count, uint branch = 0, byte[]? after = null)
    {
        var blocks = new List<byte[]>();
        var previous = after is null ? new byte[32] : HashOf(after);
        for (var i = 0; i < count; i++)
        {
            var block = new BlockBuilder((branch * 100_003u) + (uint)i).Build(previous);
            blocks.Add(block);
            previous = HashOf(block);
        }

        return blocks;
    }

    /// <summary>A block that follows another, named by its hash in a header's order.</summary>
    public byte[] Build(byte[] previous)
    {
        var transactions = new List<byte[]>();
        var ids = new List<byte[]>();
        for (var i = 0; i <= Transactions; i++)
        {
            var hasWitness = HasWitnesses && i % 2 == 1;
            var plain = Transaction(i, out var whole, hasWitness);
            transactions.Add(whole);
            ids.Add(SHA256.HashData(SHA256.HashData(plain)));
        }

        if (CommitsToWitnesses)
        {
            ids[0] = Commit(transactions);
        }

        var block = new List<byte>();
        block.AddRange([0x00, 0x00, 0x00, 0x20]);
        block.AddRange(previous);
        block.AddRange(Root(ids));
        block.AddRange(Number(1_700_000_000u + (Next() % 1000)));
        block.AddRange([0xff, 0xff, 0x7f, 0x20]);
        block.AddRange(Number(Next()));
        block.AddRange(Count(transactions.Count));
        foreach (var transaction in transactions)
        {
            block.AddRange(transaction);
        }

        return [.. block];
    }

    /// <summary>A number in the variable length of the format.</summary>
    public static byte[] Count(long count)
    {
        var bytes = new byte[9];
        switch (count)
        {
            case < 0xFD:
                return [(byte)count];
            case <= 0xFFFF:
                bytes[0] = 0xFD;
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(1), (ushort)count);
                return bytes[..3];
            default:
                bytes[0] = 0xFE;
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1), (uint)count);
                return bytes[..5];
        }
    }

    // Makes the first transaction anew, with an output that names the others with their witnesses; gives what it is named by.
    private byte[] Commit(List<byte[]> transactions)
    {
        var reserved = Bytes(32);
        var root = Root([new byte[32], .. transactions.Skip(1).Select(static whole => SHA256.HashData(SHA256.HashData(whole)))]);
        var commitment = SHA256.HashData(SHA256.HashData([.. root, .. reserved]));
        byte[] body =
        [
            1, .. new byte[32], .. Number(uint.MaxValue), 1, 0x51, .. Number(uint.MaxValue),
            2, .. new byte[8], 38, 0x6A, 0x24, 0xAA, 0x21, 0xA9, 0xED, .. commitment, .. new byte[8], 1, 0x51,
        ];
        transactions[0] = [2, 0, 0, 0, 0, 1, .. body, 1, 32, .. reserved, 0, 0, 0, 0];
        return SHA256.HashData(SHA256.HashData([2, 0, 0, 0, .. body, 0, 0, 0, 0]));
    }

    private byte[] Transaction(int number, out byte[] whole, bool hasWitness)
    {
        var isFirst = number == 0;
        var body = new List<byte>();
        var inputs = isFirst ? 1 : 1 + (int)(Next() % 3);
        body.AddRange(Count(inputs));
        for (var i = 0; i < inputs; i++)
        {
            body.AddRange(isFirst ? new byte[32] : Bytes(32));
            body.AddRange(isFirst ? Number(uint.MaxValue) : Number(Next() % 4));
            var script = Bytes(isFirst ? 8 : (int)(Next() % 110));
            body.AddRange(Count(script.Length));
            body.AddRange(script);
            body.AddRange(Number(0xFFFFFFFE));
        }

        var outputs = 1 + (int)(Next() % 3);
        body.AddRange(Count(outputs));
        for (var i = 0; i < outputs; i++)
        {
            body.AddRange(Number(Next()));
            body.AddRange(Number(0));
            body.AddRange(Count(ScriptBytes));
            body.AddRange(Bytes(ScriptBytes));
        }

        byte[] version = [2, 0, 0, 0];
        byte[] lockTime = [0, 0, 0, 0];
        byte[] plain = [.. version, .. body, .. lockTime];
        if (!hasWitness)
        {
            whole = plain;
            return plain;
        }

        var witnesses = new List<byte>();
        for (var i = 0; i < inputs; i++)
        {
            witnesses.AddRange(Count(2));
            witnesses.AddRange([72, .. Bytes(72), 33, .. Bytes(33)]);
        }

        whole = [.. version, 0, 1, .. body, .. witnesses, .. lockTime];
        return plain;
    }

    private static byte[] Root(List<byte[]> ids)
    {
        while (ids.Count > 1)
        {
            ids = [.. Enumerable.Range(0, (ids.Count + 1) / 2).Select(i =>
                SHA256.HashData(SHA256.HashData([.. ids[2 * i], .. ids[Math.Min((2 * i) + 1, ids.Count - 1)]])))];
        }

        return ids[0];
    }

    private static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            bytes[i] = (byte)(Next() >> 11);
        }

        return bytes;
    }

    private uint Next()
    {
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        return _state;
    }
}

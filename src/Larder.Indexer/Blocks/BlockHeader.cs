namespace Larder.Indexer.Blocks;

/// <summary>The header of a Bitcoin block. Source: Bitcoin developer reference, "Block Headers".</summary>
public readonly record struct BlockHeader
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 80;

    /// <summary>Double SHA-256 of the header's bytes.</summary>
    public required BlockHash Hash { get; init; }

    /// <summary>Hash of the block before; all zero in a chain's first block.</summary>
    public required BlockHash PreviousHash { get; init; }

    /// <summary>Root of the Merkle tree of the transactions, as the header claims.</summary>
    public required BlockHash MerkleRoot { get; init; }

    /// <summary>Version of the block.</summary>
    public required int Version { get; init; }

    /// <summary>Seconds since 1970, as the miner said.</summary>
    public required uint Time { get; init; }

    /// <summary>The target of the proof of work, in its short form.</summary>
    public required uint Bits { get; init; }

    /// <summary>What the miner searched for.</summary>
    public required uint Nonce { get; init; }

    /// <summary>Transactions in the block; 0 where only a header was read.</summary>
    public int Transactions { get; init; }
}

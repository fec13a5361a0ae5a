namespace Larder.Indexer.Blocks;

/// <summary>How the bytes of blocks are read.</summary>
public enum BlockFormat
{
    /// <summary>
    /// Bitcoin's consensus serialisation: an 80-byte header and transactions, also with witnesses. Every byte is checked to be in
    /// its place.
    /// </summary>
    Bitcoin,

    /// <summary>
    /// The same, and the transactions must be those that the header names by its Merkle root, with the witnesses that the first
    /// transaction commits to: not a bit of the block can be wrong. Costs two SHA-256 more of each transaction.
    /// </summary>
    Verified,

    /// <summary>Any bytes. The hash is the double SHA-256 of all of them, and they name no block before them.</summary>
    Opaque,
}

namespace Larder.Indexer.Merkle;

/// <summary>What a subtree holds.</summary>
internal enum MerkleNodeKind : byte
{
    /// <summary>No leaf.</summary>
    Empty,

    /// <summary>One leaf.</summary>
    Leaf,

    /// <summary>More.</summary>
    Inner,
}

namespace Larder.Indexer.Merkle;

/// <summary>What a subtree is to the node above it: its hash, and whether it is empty or one leaf, which rises.</summary>
internal struct MerkleNode
{
    internal MerkleNodeKind Kind;

    // Zero for an empty subtree.
    internal MerkleDigest Hash;

    internal static MerkleNode OfLeaf(in MerkleLeaf leaf) => new() { Kind = MerkleNodeKind.Leaf, Hash = leaf.Hash };

    internal static MerkleNode OfInner(in MerkleDigest hash) => new() { Kind = MerkleNodeKind.Inner, Hash = hash };

    /// <summary>The node above two: a lone leaf stands for itself.</summary>
    internal static MerkleNode Join(in MerkleNode left, in MerkleNode right)
    {
        if (left.Kind == MerkleNodeKind.Empty && right.Kind != MerkleNodeKind.Inner)
        {
            return right;
        }

        if (right.Kind == MerkleNodeKind.Empty && left.Kind == MerkleNodeKind.Leaf)
        {
            return left;
        }

        MerkleNode node = default;
        node.Kind = MerkleNodeKind.Inner;
        MerkleHash.Inner(left.Hash, right.Hash, ref node.Hash);
        return node;
    }

    /// <summary>The subtree of some leaves in the order of their paths, which agree in the bits before <paramref name="bit"/>.</summary>
    internal static MerkleNode OfLeaves(ReadOnlySpan<MerkleLeaf> leaves, int bit)
    {
        if (leaves.Length < 2)
        {
            return leaves.IsEmpty ? default : OfLeaf(leaves[0]);
        }

        var split = Split(leaves, bit);
        return Join(OfLeaves(leaves[..split], bit + 1), OfLeaves(leaves[split..], bit + 1));
    }

    /// <summary>How many of the leaves have 0 at the bit.</summary>
    internal static int Split(ReadOnlySpan<MerkleLeaf> leaves, int bit)
    {
        var split = 0;
        while (split < leaves.Length && leaves[split].Path.Bit(bit) == 0)
        {
            split++;
        }

        return split;
    }
}

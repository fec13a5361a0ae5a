using Larder.Cache.Fingerprints;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>Computes a root from leaves alone, without pages: what the trees' own way to it is held against.</summary>
internal static class LeafRoot
{
    public static Fingerprint Of(LeafPartitions leaves)
    {
        var nodes = new Node[LeafPartitions.Count];
        for (var part = 0; part < nodes.Length; part++)
        {
            nodes[part] = Subtree(leaves.Sorted(part), bit: 8);
        }

        for (var width = nodes.Length / 2; width > 0; width /= 2)
        {
            for (var i = 0; i < width; i++)
            {
                nodes[i] = Join(nodes[2 * i], nodes[(2 * i) + 1]);
            }
        }

        return nodes[0].Hash.ToFingerprint();
    }

    private static Node Subtree(ReadOnlySpan<MerkleLeaf> leaves, int bit)
    {
        if (leaves.Length < 2)
        {
            return leaves.IsEmpty ? default : new Node(leaves[0].Hash, 1);
        }

        var (low, high) = (0, leaves.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = leaves[middle].Path.Bit(bit) == 0 ? (middle + 1, high) : (low, middle);
        }

        return Join(Subtree(leaves[..low], bit + 1), Subtree(leaves[low..], bit + 1));
    }

    private static Node Join(in Node left, in Node right)
    {
        var leaves = left.Leaves + right.Leaves;
        if (leaves < 2)
        {
            return left.Leaves == 1 ? left : right;
        }

        MerkleDigest hash = default;
        MerkleHash.Inner(left.Hash, right.Hash, ref hash);
        return new Node(hash, leaves);
    }

    private readonly struct Node(MerkleDigest hash, long leaves)
    {
        public readonly MerkleDigest Hash = hash;
        public readonly long Leaves = leaves;
    }
}

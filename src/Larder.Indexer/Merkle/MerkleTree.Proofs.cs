using System.Collections.Immutable;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.Merkle;

/// <content>Proofs of what a key has.</content>
internal static partial class MerkleTree
{
    /// <summary>Proves what value a key has, or that it has none.</summary>
    /// <param name="pages">The tree's pages.</param>
    /// <param name="tree">Number of the tree.</param>
    /// <param name="key">The key.</param>
    /// <param name="resolve">
    /// Finds the key with some SHA-256 and the SHA-256 of its value. Asked at most once, where another leaf is in the place of a
    /// key without a value: pages hold hashes only.
    /// </param>
    /// <exception cref="IndexerException">A page cannot be read or is damaged.</exception>
    internal static MerkleProof Prove(
        IPageStore pages, int tree, ReadOnlySpan<byte> key, Func<Fingerprint, (ReadOnlyMemory<byte> Key, Fingerprint ValueDigest)> resolve)
    {
        MerkleDigest path = default;
        MerkleHash.Key(key, ref path);
        var siblings = ImmutableArray.CreateBuilder<Fingerprint>();
        if (FindLeaf(pages, tree, path, siblings) is not { } leaf || leaf.Path.Same(path))
        {
            return new MerkleProof { Siblings = siblings.ToImmutable() };
        }

        var (otherKey, valueDigest) = resolve(leaf.Path.ToFingerprint());
        return new MerkleProof { Siblings = siblings.ToImmutable(), OtherKey = otherKey, OtherValueDigest = valueDigest };
    }

    // The leaf that stands for the smallest subtree on the way that is not an inner node; null where that is empty.
    private static MerkleLeaf? FindLeaf(IPageStore pages, int tree, in MerkleDigest path, ImmutableArray<Fingerprint>.Builder siblings)
    {
        Span<byte> key = stackalloc byte[MerklePage.MaxKeyBytes];
        var page = new byte[MerklePage.MaxBytes];
        var nodes = new MerkleNode[MerklePage.Slots];
        MerklePage.WriteTree(key, tree);
        for (var level = 0; level < MerklePage.MaxLevels; level++)
        {
            var length = MerklePage.Read(pages, key[..(MerklePage.TreeBytes + level)], page, mustExist: level > 0, out _);
            if (length == 0)
            {
                return null;
            }

            MerklePage.NodesOf(page.AsSpan(0, length), level, nodes);
            var first = 0;
            var count = MerklePage.Slots;
            for (var bit = level * MerklePage.SlotBits; count > 1; bit++)
            {
                if (MerklePage.Join(nodes.AsSpan(first, count).ToArray()).Kind != MerkleNodeKind.Inner)
                {
                    return LoneLeaf(page, first, count);
                }

                count /= 2;
                var beside = path.Bit(bit) == 0 ? first + count : first;
                first = path.Bit(bit) == 0 ? first : first + count;
                siblings.Add(MerklePage.Join(nodes.AsSpan(beside, count).ToArray()).Hash.ToFingerprint());
            }

            if (MerklePage.KindOf(page, first) != MerklePage.Subtree)
            {
                return FindLeaf(MerklePage.LeavesOf(MerklePage.ContentOf(page, first)), (level + 1) * MerklePage.SlotBits, path, siblings);
            }

            key[MerklePage.TreeBytes + level] = (byte)first;
        }

        throw new IndexerException(IndexerErrorKind.Damaged, $"The Merkle tree {tree} is deeper than its paths are long: restore the index from a snapshot or index again.");
    }

    private static MerkleLeaf? FindLeaf(ReadOnlySpan<MerkleLeaf> leaves, int bit, in MerkleDigest path, ImmutableArray<Fingerprint>.Builder siblings)
    {
        while (leaves.Length > 1)
        {
            var split = MerkleNode.Split(leaves, bit);
            var isLeft = path.Bit(bit) == 0;
            bit++;
            siblings.Add(MerkleNode.OfLeaves(isLeft ? leaves[split..] : leaves[..split], bit).Hash.ToFingerprint());
            leaves = isLeft ? leaves[..split] : leaves[split..];
        }

        return leaves.IsEmpty ? null : leaves[0];
    }

    private static MerkleLeaf? LoneLeaf(ReadOnlySpan<byte> page, int first, int count)
    {
        for (var slot = first; slot < first + count; slot++)
        {
            if (MerklePage.KindOf(page, slot) != 0)
            {
                return MerklePage.LeavesOf(MerklePage.ContentOf(page, slot))[0];
            }
        }

        return null;
    }
}

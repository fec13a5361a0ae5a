namespace Larder.Indexer.Merkle;

/// <summary>A leaf of a tree, or what becomes of one: see <see cref="IsDeletion"/>. Ordered by path.</summary>
internal struct MerkleLeaf : IComparable<MerkleLeaf>
{
    /// <summary>Bytes of a leaf in a page.</summary>
    internal const int Size = 2 * MerkleDigest.Size;

    /// <summary>SHA-256 of the key: the path of the leaf.</summary>
    internal MerkleDigest Path;

    /// <summary>Hash of the leaf; zero where the key is deleted.</summary>
    internal MerkleDigest Hash;

    internal readonly bool IsDeletion => Hash.IsZero;

    /// <summary>What a write makes of a key's leaf.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its new value; empty to delete it.</param>
    internal static MerkleLeaf Of(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        MerkleLeaf leaf = default;
        MerkleHash.Key(key, ref leaf.Path);
        if (!value.IsEmpty)
        {
            MerkleHash.Leaf(key, value, ref leaf.Hash);
        }

        return leaf;
    }

    public readonly int CompareTo(MerkleLeaf other) => Path.CompareTo(other.Path);
}

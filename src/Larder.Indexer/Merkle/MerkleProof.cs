using System.Collections.Immutable;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.Merkle;

/// <summary>
/// Shows, to whoever knows the root of a state and nothing else of it, what value a key has or that it has none.
/// </summary>
public sealed record MerkleProof
{
    private const int MaxDepth = 8 * MerkleDigest.Size;

    /// <summary>The hashes beside the way from the root down, the root's child first; at most 256. Default is an empty subtree.</summary>
    public required ImmutableArray<Fingerprint> Siblings { get; init; }

    /// <summary>The key of the leaf that is found where a key without a value would be; null where nothing is.</summary>
    public ReadOnlyMemory<byte>? OtherKey { get; init; }

    /// <summary>SHA-256 of the value of <see cref="OtherKey"/>.</summary>
    public Fingerprint OtherValueDigest { get; init; }

    /// <summary>Checks the proof.</summary>
    /// <param name="root">The root of the state.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value that it is to have; empty where it is to have none.</param>
    /// <returns>Whether the state with this root gives the key this value. Never throws, whatever the proof holds.</returns>
    public bool Verify(Fingerprint root, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (Siblings.IsDefault || Siblings.Length > MaxDepth)
        {
            return false;
        }

        MerkleDigest path = default;
        MerkleDigest hash = default;
        MerkleHash.Key(key, ref path);
        if (!value.IsEmpty)
        {
            MerkleHash.Leaf(key, value, ref hash);
        }
        else if (OtherKey is { } other && !TryTakeOther(path, other.Span, ref hash))
        {
            return false;
        }

        for (var bit = Siblings.Length - 1; bit >= 0; bit--)
        {
            var sibling = MerkleDigest.Of(Siblings[bit]);
            MerkleDigest parent = default;
            if (path.Bit(bit) == 0)
            {
                MerkleHash.Inner(hash, sibling, ref parent);
            }
            else
            {
                MerkleHash.Inner(sibling, hash, ref parent);
            }

            hash = parent;
        }

        return hash.ToFingerprint() == root;
    }

    // The other leaf must lie on the key's way, and be another.
    private bool TryTakeOther(in MerkleDigest path, ReadOnlySpan<byte> otherKey, ref MerkleDigest hash)
    {
        MerkleDigest otherPath = default;
        MerkleHash.Key(otherKey, ref otherPath);
        for (var bit = 0; bit < Siblings.Length; bit++)
        {
            if (path.Bit(bit) != otherPath.Bit(bit))
            {
                return false;
            }
        }

        Span<byte> valueDigest = stackalloc byte[MerkleDigest.Size];
        OtherValueDigest.CopyTo(valueDigest);
        MerkleHash.LeafOfHash(otherKey, valueDigest, ref hash);
        return !path.Same(otherPath);
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;

namespace Larder.Indexer.Merkle;

/// <summary>The hashes of the tree. What is hashed begins with 1 for a leaf and 0 for an inner node, so that neither passes for the other.</summary>
[SkipLocalsInit]
internal static class MerkleHash
{
    private const int StackBytes = 512;

    /// <summary>SHA-256 of the key.</summary>
    internal static void Key(ReadOnlySpan<byte> key, ref MerkleDigest path) => ShortSha256.Hash(key, path);

    /// <summary>SHA-256 of 1, the key and the SHA-256 of the value.</summary>
    internal static void Leaf(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ref MerkleDigest hash)
    {
        MerkleDigest valueHash = default;
        ShortSha256.Hash(value, valueHash);
        LeafOfHash(key, valueHash, ref hash);
    }

    /// <summary>SHA-256 of 1, the key and the SHA-256 of a value.</summary>
    internal static void LeafOfHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> valueHash, ref MerkleDigest hash)
    {
        var length = 1 + key.Length + MerkleDigest.Size;
        var rented = length > StackBytes ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> stack = stackalloc byte[StackBytes];
        var message = rented is null ? stack[..length] : rented.AsSpan(0, length);
        message[0] = 1;
        key.CopyTo(message[1..]);
        valueHash.CopyTo(message[(1 + key.Length)..]);
        ShortSha256.Hash(message, hash);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>SHA-256 of 0 and both children.</summary>
    internal static void Inner(in MerkleDigest left, in MerkleDigest right, ref MerkleDigest hash)
    {
        Span<byte> message = stackalloc byte[1 + (2 * MerkleDigest.Size)];
        message[0] = 0;
        ((ReadOnlySpan<byte>)left).CopyTo(message[1..]);
        ((ReadOnlySpan<byte>)right).CopyTo(message[(1 + MerkleDigest.Size)..]);
        ShortSha256.Hash(message, hash);
    }
}

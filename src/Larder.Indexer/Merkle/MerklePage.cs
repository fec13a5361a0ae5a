using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Larder.Indexer.Merkle;

/// <summary>
/// The format of a page, which is three levels of a tree: eight slots, each empty, one or two leaves, or the hash of a
/// subtree of more leaves, which has a page of its own. A page is a function of the leaves alone, as the root is.
/// </summary>
/// <remarks>
/// Bytes: 1 (the version); 2 bits a slot from the lowest up (0 to 2 leaves, 3 a subtree); then slot by slot each leaf as its
/// path and hash, or the hash of the subtree. The key of a page is the tree's number as two bytes, big endian, and a byte for
/// each slot on the way from the root. Described in docs/FORMATS.md.
/// </remarks>
internal static class MerklePage
{
    internal const int SlotBits = 3;
    internal const int Slots = 1 << SlotBits;
    internal const int MaxLeaves = 2;

    /// <summary>Mark of a slot with a page of its own.</summary>
    internal const int Subtree = MaxLeaves + 1;

    internal const int HeaderBytes = 1 + (Slots / 4);
    internal const int MaxBytes = HeaderBytes + (Slots * MaxLeaves * MerkleLeaf.Size);

    /// <summary>Room for what a store wants to know of a page that is written: its content, and some more.</summary>
    internal const int MaxDifferenceBytes = MaxBytes + 64;

    internal const int MaxLevels = ((MerkleDigest.Size * 8) + SlotBits - 1) / SlotBits;
    internal const int TreeBytes = sizeof(ushort);
    internal const int MaxKeyBytes = TreeBytes + MaxLevels;

    private const byte Version = 1;

    internal static void Begin(Span<byte> page)
    {
        page[..HeaderBytes].Clear();
        page[0] = Version;
    }

    internal static int KindOf(ReadOnlySpan<byte> page, int slot) => (page[1 + (slot >> 2)] >> ((slot & 3) * 2)) & 3;

    internal static void SetKind(Span<byte> page, int slot, int kind) => page[1 + (slot >> 2)] |= (byte)(kind << ((slot & 3) * 2));

    internal static int LengthOf(int kind) => kind == Subtree ? MerkleDigest.Size : kind * MerkleLeaf.Size;

    /// <summary>The bytes of a slot.</summary>
    internal static ReadOnlySpan<byte> ContentOf(ReadOnlySpan<byte> page, int slot)
    {
        var offset = HeaderBytes;
        for (var before = 0; before < slot; before++)
        {
            offset += LengthOf(KindOf(page, before));
        }

        return page.Slice(offset, LengthOf(KindOf(page, slot)));
    }

    internal static ReadOnlySpan<MerkleLeaf> LeavesOf(ReadOnlySpan<byte> content) => MemoryMarshal.Cast<byte, MerkleLeaf>(content);

    internal static void WriteTree(Span<byte> key, int tree) => BinaryPrimitives.WriteUInt16BigEndian(key, checked((ushort)tree));

    /// <summary>The node that a slot holds; <paramref name="bit"/> is the first bit behind the slot's number.</summary>
    internal static MerkleNode NodeOf(int kind, ReadOnlySpan<byte> content, int bit) =>
        kind == Subtree ? MerkleNode.OfInner(new MerkleDigest(content)) : MerkleNode.OfLeaves(LeavesOf(content), bit);

    /// <summary>Joins a number of nodes side by side, a power of two, into the one above them; their places are used up.</summary>
    internal static MerkleNode Join(Span<MerkleNode> nodes)
    {
        for (var width = nodes.Length / 2; width > 0; width /= 2)
        {
            for (var index = 0; index < width; index++)
            {
                nodes[index] = MerkleNode.Join(nodes[2 * index], nodes[(2 * index) + 1]);
            }
        }

        return nodes[0];
    }

    /// <summary>The nodes of all slots of a page, left to right.</summary>
    internal static void NodesOf(ReadOnlySpan<byte> page, int level, Span<MerkleNode> nodes)
    {
        var offset = HeaderBytes;
        for (var slot = 0; slot < Slots; slot++)
        {
            var kind = KindOf(page, slot);
            nodes[slot] = NodeOf(kind, page.Slice(offset, LengthOf(kind)), (level + 1) * SlotBits);
            offset += LengthOf(kind);
        }
    }

    /// <summary>Reads a page and checks its form.</summary>
    /// <returns>Its length; 0 when there is none.</returns>
    /// <exception cref="IndexerException">The page is damaged, or is missing where one must be.</exception>
    internal static int Read(IPageStore pages, ReadOnlySpan<byte> key, Span<byte> page, bool mustExist, out ulong version)
    {
        var length = pages.Read(key, page[..MaxBytes], out version);
        if (length < 0)
        {
            return mustExist ? throw Damaged(key, "is missing") : 0;
        }

        if (length is < HeaderBytes or > MaxBytes)
        {
            throw Damaged(key, $"has {length} bytes");
        }

        Check(key, page[..length]);
        return length;
    }

    private static void Check(ReadOnlySpan<byte> key, ReadOnlySpan<byte> page)
    {
        if (page[0] != Version)
        {
            throw Damaged(key, $"has version {page[0]}");
        }

        var level = key.Length - TreeBytes;
        var offset = HeaderBytes;
        var leaves = 0;
        for (var slot = 0; slot < Slots; slot++)
        {
            var kind = KindOf(page, slot);
            var length = LengthOf(kind);
            if (length > page.Length - offset)
            {
                throw Damaged(key, "is too short");
            }

            if (kind is > 0 and <= MaxLeaves)
            {
                CheckLeaves(key, LeavesOf(page.Slice(offset, length)), level, slot);
            }

            leaves += kind;
            offset += length;
        }

        if (offset != page.Length)
        {
            throw Damaged(key, "is too long");
        }

        if (leaves <= (level == 0 ? 0 : MaxLeaves))
        {
            throw Damaged(key, "holds too few leaves");
        }
    }

    private static void CheckLeaves(ReadOnlySpan<byte> key, ReadOnlySpan<MerkleLeaf> leaves, int level, int slot)
    {
        for (var index = 0; index < leaves.Length; index++)
        {
            if (leaves[index].Path.Digit(level * SlotBits, SlotBits) != slot || leaves[index].IsDeletion
                || (index > 0 && leaves[index - 1].CompareTo(leaves[index]) >= 0))
            {
                throw Damaged(key, $"has a leaf in slot {slot} that does not belong there");
            }
        }
    }

    private static IndexerException Damaged(ReadOnlySpan<byte> key, string what) =>
        new(IndexerErrorKind.Damaged, $"The page {Convert.ToHexStringLower(key)} of a Merkle tree {what}: restore the index from a snapshot or index again.");
}

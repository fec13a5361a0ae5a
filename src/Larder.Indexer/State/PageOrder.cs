using System.Buffers.Binary;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>Keys of pages as numbers that are ordered as they are: the tree, then four bits a slot on the way, one more than its number.</summary>
internal static class PageOrder
{
    /// <summary>The number of keys that are too long for one.</summary>
    public const ulong None = ulong.MaxValue;

    private const int SlotBits = 4;
    private const int MaxSlots = 48 / SlotBits;

    public static ulong Of(ReadOnlySpan<byte> key)
    {
        if (key.Length is < MerklePage.TreeBytes or > MerklePage.TreeBytes + MaxSlots)
        {
            return None;
        }

        var order = (ulong)BinaryPrimitives.ReadUInt16BigEndian(key) << 48;
        for (var i = MerklePage.TreeBytes; i < key.Length; i++)
        {
            if (key[i] >= MerklePage.Slots)
            {
                return None;
            }

            order |= (key[i] + 1UL) << (48 - ((i - MerklePage.TreeBytes + 1) * SlotBits));
        }

        return order;
    }
}

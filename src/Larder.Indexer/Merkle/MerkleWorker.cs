using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Indexer.Merkle;

/// <summary>
/// Applies changes to one subtree. Each page on the way is read once and, if it changes, written once; what a page becomes
/// goes straight into the slot of the page above it. For one thread.
/// </summary>
[SkipLocalsInit]
internal sealed class MerkleWorker
{
    // Merging so few costs less than a page that may turn out not to be needed.
    private const int FewLeaves = 4;

    private readonly IPageStore _pages;
    private readonly byte[] _key = new byte[MerklePage.MaxKeyBytes];
    private readonly MerkleUnits? _units;

    /// <param name="pages">Where pages are read.</param>
    /// <param name="tree">Number of the tree.</param>
    /// <param name="units">Subtrees that are ready, for the worker that puts them together.</param>
    internal MerkleWorker(IPageStore pages, int tree, MerkleUnits? units = null)
    {
        _pages = pages;
        _units = units;
        MerklePage.WriteTree(_key, tree);
    }

    internal PageLog Log { get; } = new();

    /// <summary>Applies changes to the whole tree.</summary>
    internal MerkleDigest ApplyAll(ReadOnlySpan<MerkleLeaf> changes)
    {
        Span<byte> page = stackalloc byte[MerklePage.MaxBytes];
        Span<byte> slot = stackalloc byte[MerklePage.MaxLeaves * MerkleLeaf.Size];
        var length = MerklePage.Read(_pages, KeyAt(0), page, mustExist: false, out var version);
        var kind = Apply(0, page[..length], version, [], changes, slot);
        return kind == 0 ? default : new MerkleDigest(slot);
    }

    /// <summary>Applies changes to what a slot holds.</summary>
    /// <param name="path">The slots on the way, the last one being this.</param>
    /// <param name="kind">What the slot holds.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="changes">The changes below it, at least one.</param>
    /// <param name="slot">Where the bytes go that it is to hold.</param>
    /// <returns>What it is to hold.</returns>
    internal int ApplySlot(ReadOnlySpan<byte> path, int kind, ReadOnlySpan<byte> content, ReadOnlySpan<MerkleLeaf> changes, Span<byte> slot)
    {
        path.CopyTo(_key.AsSpan(MerklePage.TreeBytes));
        return Descend(path.Length, kind, content, changes, slot);
    }

    private int Descend(int level, int kind, ReadOnlySpan<byte> content, ReadOnlySpan<MerkleLeaf> changes, Span<byte> slot)
    {
        if (kind != MerklePage.Subtree)
        {
            return Apply(level, [], 0, MerklePage.LeavesOf(content), changes, slot);
        }

        Span<byte> page = stackalloc byte[MerklePage.MaxBytes];
        var length = MerklePage.Read(_pages, KeyAt(level), page, mustExist: true, out var version);
        return Apply(level, page[..length], version, [], changes, slot);
    }

    // Either there is a page, or there are at most as many leaves as a slot holds.
    private int Apply(
        int level, ReadOnlySpan<byte> page, ulong version, ReadOnlySpan<MerkleLeaf> leaves, ReadOnlySpan<MerkleLeaf> changes, Span<byte> slot)
    {
        if (page.IsEmpty && level > 0 && leaves.Length + changes.Length <= FewLeaves && TryMerge(leaves, changes, slot, out var kind))
        {
            return kind;
        }

        Span<byte> next = stackalloc byte[MerklePage.MaxBytes];
        Span<MerkleNode> nodes = stackalloc MerkleNode[MerklePage.Slots];
        MerklePage.Begin(next);
        var length = MerklePage.HeaderBytes;
        var offset = MerklePage.HeaderBytes;
        var count = 0;
        for (var index = 0; index < MerklePage.Slots; index++)
        {
            scoped ReadOnlySpan<byte> content;
            if (page.IsEmpty)
            {
                var here = Take(ref leaves, level, index);
                kind = here.Length;
                content = MemoryMarshal.AsBytes(here);
            }
            else
            {
                kind = MerklePage.KindOf(page, index);
                content = page.Slice(offset, MerklePage.LengthOf(kind));
                offset += content.Length;
            }

            var changesHere = Take(ref changes, level, index);
            if (changesHere.IsEmpty)
            {
                content.CopyTo(next[length..]);
            }
            else
            {
                _key[MerklePage.TreeBytes + level] = (byte)index;
                kind = _units is not null && level + 1 == MerkleUnits.Level
                    ? _units.Take(KeyAt(MerkleUnits.Level)[MerklePage.TreeBytes..], next[length..])
                    : Descend(level + 1, kind, content, changesHere, next[length..]);
            }

            MerklePage.SetKind(next, index, kind);
            nodes[index] = MerklePage.NodeOf(kind, next.Slice(length, MerklePage.LengthOf(kind)), (level + 1) * MerklePage.SlotBits);
            length += MerklePage.LengthOf(kind);
            count += kind;
        }

        return Finish(level, page, version, next[..length], count, nodes, slot);
    }

    // A subtree of few leaves gives them to the page above; the root's page has none above it.
    private int Finish(
        int level, ReadOnlySpan<byte> page, ulong version, ReadOnlySpan<byte> next, int count, Span<MerkleNode> nodes, Span<byte> slot)
    {
        if (count <= (level == 0 ? 0 : MerklePage.MaxLeaves))
        {
            if (!page.IsEmpty)
            {
                Write(level, page, version, []);
            }

            next[MerklePage.HeaderBytes..].CopyTo(slot);
            return count;
        }

        if (!next.SequenceEqual(page))
        {
            Write(level, page, version, next);
        }

        var node = MerklePage.Join(nodes);
        ((ReadOnlySpan<byte>)node.Hash).CopyTo(slot);
        return MerklePage.Subtree;
    }

    private void Write(int level, ReadOnlySpan<byte> older, ulong version, ReadOnlySpan<byte> page)
    {
        if (older.IsEmpty)
        {
            Log.Add(new PageWrite(KeyAt(level), page, before: default));
            return;
        }

        Span<byte> difference = stackalloc byte[MerklePage.MaxDifferenceBytes];
        var length = _pages.WriteDifference(older, page, difference);
        Log.Add(new PageWrite(KeyAt(level), page, new PageBefore(version, difference[..length])));
    }

    private static bool TryMerge(ReadOnlySpan<MerkleLeaf> leaves, ReadOnlySpan<MerkleLeaf> changes, Span<byte> slot, out int count)
    {
        Span<MerkleLeaf> merged = stackalloc MerkleLeaf[FewLeaves];
        count = 0;
        while (!leaves.IsEmpty || !changes.IsEmpty)
        {
            var order = leaves.IsEmpty ? 1 : changes.IsEmpty ? -1 : leaves[0].CompareTo(changes[0]);
            var next = order < 0 ? leaves[0] : changes[0];
            leaves = order <= 0 ? leaves[1..] : leaves;
            changes = order >= 0 ? changes[1..] : changes;
            if (!next.IsDeletion)
            {
                merged[count++] = next;
            }
        }

        if (count > MerklePage.MaxLeaves)
        {
            return false;
        }

        MemoryMarshal.AsBytes(merged[..count]).CopyTo(slot);
        return true;
    }

    /// <summary>Takes the leaves of a slot from the front of some.</summary>
    internal static ReadOnlySpan<MerkleLeaf> Take(ref ReadOnlySpan<MerkleLeaf> leaves, int level, int slot)
    {
        var count = 0;
        if (level < 2)
        {
            count = Search(leaves, level, slot);
        }
        else
        {
            while (count < leaves.Length && leaves[count].Path.Digit(level * MerklePage.SlotBits, MerklePage.SlotBits) == slot)
            {
                count++;
            }
        }

        var taken = leaves[..count];
        leaves = leaves[count..];
        return taken;
    }

    // Near the root there are many: the first that belongs to a later slot is found by halves.
    private static int Search(ReadOnlySpan<MerkleLeaf> leaves, int level, int slot)
    {
        var low = 0;
        var high = leaves.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (leaves[middle].Path.Digit(level * MerklePage.SlotBits, MerklePage.SlotBits) <= slot)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private ReadOnlySpan<byte> KeyAt(int level) => _key.AsSpan(0, MerklePage.TreeBytes + level);
}

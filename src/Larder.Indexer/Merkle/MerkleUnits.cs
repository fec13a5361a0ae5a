using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Larder.Indexer.Merkle;

/// <summary>
/// The subtrees two pages below the root, each of which is updated by itself: by several threads, in any order, with the
/// same outcome.
/// </summary>
internal sealed class MerkleUnits
{
    /// <summary>Slots on the way from the root to a unit.</summary>
    internal const int Level = 2;

    private const int Count = MerklePage.Slots * MerklePage.Slots;
    private const int SlotBytes = MerklePage.MaxLeaves * MerkleLeaf.Size;

    private readonly IPageStore _pages;
    private readonly Lock _writing = new();
    private readonly ReadOnlyMemory<MerkleLeaf> _changes;
    private readonly MerkleWorker?[] _workers = new MerkleWorker?[Count];
    private readonly int[] _starts = new int[Count + 1];
    private readonly int[] _kinds = new int[Count];
    private readonly byte[] _contents = new byte[Count * SlotBytes];

    internal MerkleUnits(IPageStore pages, int tree, ReadOnlyMemory<MerkleLeaf> changes)
    {
        _pages = pages;
        _changes = changes;
        var rest = changes.Span;
        for (var unit = 0; unit < Count; unit++)
        {
            var end = rest;
            var taken = 0;
            foreach (var leaf in end)
            {
                if (leaf.Path.Digit(0, Level * MerklePage.SlotBits) != unit)
                {
                    break;
                }

                taken++;
            }

            rest = rest[taken..];
            _starts[unit + 1] = _starts[unit] + taken;
            _workers[unit] = taken == 0 ? null : new MerkleWorker(pages, tree);
        }

        ReadSlots(pages, tree);
    }

    /// <summary>Updates all units.</summary>
    internal void Run(int threads, CancellationToken cancellationToken)
    {
        try
        {
            Parallel.For(0, Count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, RunUnit);
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.Flatten().InnerExceptions[0]);
        }
    }

    /// <summary>What a unit's slot is to hold.</summary>
    internal int Take(ReadOnlySpan<byte> path, Span<byte> slot)
    {
        var unit = (path[0] * MerklePage.Slots) + path[1];
        _contents.AsSpan(unit * SlotBytes, MerklePage.LengthOf(_kinds[unit])).CopyTo(slot);
        return _kinds[unit];
    }

    private void RunUnit(int unit)
    {
        if (_workers[unit] is not { } worker)
        {
            return;
        }

        Span<byte> before = stackalloc byte[SlotBytes];
        var content = _contents.AsSpan(unit * SlotBytes, SlotBytes);
        content.CopyTo(before);
        ReadOnlySpan<byte> path = [(byte)(unit / MerklePage.Slots), (byte)(unit % MerklePage.Slots)];
        _kinds[unit] = worker.ApplySlot(
            path,
            _kinds[unit],
            before[..MerklePage.LengthOf(_kinds[unit])],
            _changes.Span[_starts[unit].._starts[unit + 1]],
            content);

        // At once, so that the pages of a unit or two are all that is held.
        _workers[unit] = null;
        lock (_writing)
        {
            worker.Log.ApplyTo(_pages);
        }
    }

    // What the units' slots hold before the update, from the root's page and those below it.
    private void ReadSlots(IPageStore pages, int tree)
    {
        Span<byte> key = stackalloc byte[MerklePage.TreeBytes + 1];
        MerklePage.WriteTree(key, tree);
        var page = new byte[MerklePage.MaxBytes];
        var below = new byte[MerklePage.MaxBytes];
        if (MerklePage.Read(pages, key[..MerklePage.TreeBytes], page, mustExist: false, out _) == 0)
        {
            return;
        }

        var offset = MerklePage.HeaderBytes;
        for (var slot = 0; slot < MerklePage.Slots; slot++)
        {
            var kind = MerklePage.KindOf(page, slot);
            var content = page.AsSpan(offset, MerklePage.LengthOf(kind));
            offset += content.Length;
            if (kind == MerklePage.Subtree)
            {
                key[MerklePage.TreeBytes] = (byte)slot;
                MerklePage.Read(pages, key, below, mustExist: true, out _);
                Spread(slot, below);
            }
            else
            {
                Spread(slot, MerklePage.LeavesOf(content));
            }
        }
    }

    private void Spread(int first, ReadOnlySpan<byte> page)
    {
        var offset = MerklePage.HeaderBytes;
        for (var slot = 0; slot < MerklePage.Slots; slot++)
        {
            Put((first * MerklePage.Slots) + slot, MerklePage.KindOf(page, slot), page[offset..]);
            offset += MerklePage.LengthOf(MerklePage.KindOf(page, slot));
        }
    }

    private void Spread(int first, ReadOnlySpan<MerkleLeaf> leaves)
    {
        for (var slot = 0; slot < MerklePage.Slots; slot++)
        {
            var here = MerkleWorker.Take(ref leaves, 1, slot);
            Put((first * MerklePage.Slots) + slot, here.Length, MemoryMarshal.AsBytes(here));
        }
    }

    private void Put(int unit, int kind, ReadOnlySpan<byte> content)
    {
        _kinds[unit] = kind;
        content[..MerklePage.LengthOf(kind)].CopyTo(_contents.AsSpan(unit * SlotBytes));
    }
}

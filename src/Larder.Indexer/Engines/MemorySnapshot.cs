using System.Collections.Immutable;

namespace Larder.Indexer.Engines;

/// <summary>A snapshot of a store in memory: the roots of its trees.</summary>
internal sealed class MemorySnapshot(ImmutableArray<MemoryTree.Node?> roots) : StoreSnapshot
{
    /// <inheritdoc/>
    public override bool TryGet(StoreFamily family, ReadOnlySpan<byte> key, StoreValue value)
    {
        if (MemoryTree.Find(roots[(int)family], key) is { } found)
        {
            value.Hold(found);
            return true;
        }

        value.Clear();
        return false;
    }

    /// <inheritdoc/>
    public override void GetMany(StoreFamily family, PackedKeys keys, int start, int count, StoreValues values)
    {
        var arrays = values.PrepareArrays(count);
        for (var i = 0; i < count; i++)
        {
            arrays[i] = MemoryTree.Find(roots[(int)family], keys[start + i]);
        }
    }

    /// <inheritdoc/>
    public override StoreIterator Iterate(StoreFamily family, bool scan = false) => new MemoryIterator(roots[(int)family]);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}

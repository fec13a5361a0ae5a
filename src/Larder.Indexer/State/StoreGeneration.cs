using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>
/// A store as it is between two changes: a snapshot of the engine with the header and the tip that belong to it. Shared by
/// the store and all readers that were opened meanwhile; the last to let go releases the snapshot.
/// </summary>
internal sealed class StoreGeneration(StoreSnapshot snapshot, StoreHeader header, StoredBlock? tip)
{
    private int _holders = 1;

    public StoreSnapshot Snapshot { get; } = snapshot;

    public StoreHeader Header { get; } = header;

    public StoredBlock? Tip { get; } = tip;

    /// <summary>Sequence of the tip; 0 for an empty store.</summary>
    public ulong Sequence => Tip?.Record.Sequence ?? 0;

    /// <summary>Called under the store's gate, so that the last holder is not on its way out.</summary>
    public StoreGeneration Hold()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Snapshot.Dispose();
        }
    }

    /// <summary>The block of a height on the live chain.</summary>
    public StoredBlock? Block(uint height)
    {
        if (Tip is null || height > Tip.Record.Height || height < Header.Lowest)
        {
            return null;
        }

        return height == Tip.Record.Height ? Tip : Read(Snapshot, height);
    }

    /// <summary>The block of a height that the caller knows to be there.</summary>
    public static StoredBlock Read(StoreSnapshot snapshot, uint height)
    {
        using var value = new StoreValue();
        Span<byte> key = stackalloc byte[StoredBlock.KeyBytes];
        if (!snapshot.TryGet(StoreFamily.Meta, StoredBlock.WriteKey(key, height), value))
        {
            throw new IndexerException(IndexerErrorKind.Damaged, $"The index is damaged: it has no record of height {height}. Restore a snapshot or index again.");
        }

        var block = StoredBlock.Decode(value.Span);
        return block.Record.Height == height
            ? block
            : throw new IndexerException(IndexerErrorKind.Damaged, $"The index is damaged: the record of height {height} is another's. Restore a snapshot or index again.");
    }
}

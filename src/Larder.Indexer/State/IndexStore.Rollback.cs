using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>How blocks are taken back.</summary>
public sealed partial class IndexStore
{
    /// <summary>Takes back all blocks above a height, at once.</summary>
    /// <param name="height">Height of the block that becomes the tip.</param>
    /// <exception cref="IndexerException">NoSuchHeight: it is not indexed or was pruned. NoSpace, Damaged, Unavailable. Nothing has changed then.</exception>
    public void Rollback(uint height)
    {
        lock (_writing)
        {
            RequireWritable();
            var current = Hold();
            try
            {
                var target = Require(current, height);
                var tip = current.Tip!.Record; // A height that is there means a tip.
                if (height == tip.Height)
                {
                    return;
                }

                using var batch = _store.CreateBatch();
                DeleteRecords(batch, height + 1, tip.Height);

                // What they wrote stays where it is and counts no more; it is swept later.
                var dead = current.Header.Dead.With(new DeadInterval(target.Record.Sequence + 1, current.Header.NextSequence - 1));
                Write(batch, current.Header with { Tip = height, Dead = dead }, target, blocks: 1);
            }
            finally
            {
                current.Release();
            }
        }
    }

    /// <summary>Takes back all blocks: the store is empty afterwards, and any block can be its first.</summary>
    /// <exception cref="IndexerException">NoSpace, Damaged, Unavailable. Nothing has changed then.</exception>
    public void RollbackAll()
    {
        lock (_writing)
        {
            RequireWritable();
            var current = Hold();
            try
            {
                if (current.Tip is null)
                {
                    return;
                }

                using var batch = _store.CreateBatch();
                DeleteRecords(batch, current.Header.Lowest, current.Tip.Record.Height);
                foreach (var family in OrderedStore.Families)
                {
                    if (family != StoreFamily.Meta)
                    {
                        DeleteAll(current.Snapshot, batch, family);
                    }
                }

                var header = current.Header with { Tip = null, Lowest = 0, PrunedSequence = 0, Dead = DeadIntervals.None };
                Write(batch, header, null, blocks: 1);
            }
            finally
            {
                current.Release();
            }
        }
    }

    private static void DeleteRecords(StoreBatch batch, uint first, uint last)
    {
        Span<byte> key = stackalloc byte[StoredBlock.KeyBytes];
        for (long height = first; height <= last; height++)
        {
            batch.Delete(StoreFamily.Meta, StoredBlock.WriteKey(key, (uint)height));
        }
    }

    private static void DeleteAll(StoreSnapshot snapshot, StoreBatch batch, StoreFamily family)
    {
        using var iterator = snapshot.Iterate(family);
        iterator.SeekLast();
        if (iterator.IsValid)
        {
            batch.DeleteRange(family, [], [.. iterator.Key, 0]);
        }
    }
}

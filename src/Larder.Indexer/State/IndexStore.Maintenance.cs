using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>How what rollbacks and pruning left is cleaned up.</summary>
public sealed partial class IndexStore
{
    private const int PortionKeys = 32 << 10;

    /// <summary>Forgets the state below a height: it can no longer be read nor rolled back to. The work is done at once.</summary>
    /// <param name="lowestHeight">The lowest height to keep.</param>
    /// <param name="cancellationToken">Stops between portions; the rest is done by later commits.</param>
    /// <exception cref="IndexerException">NoSuchHeight: it is above the tip or was pruned. NoSpace, Damaged, Unavailable.</exception>
    public void Prune(uint lowestHeight, CancellationToken cancellationToken = default)
    {
        lock (_writing)
        {
            RequireWritable();
            var current = Hold();
            try
            {
                var lowest = Require(current, lowestHeight);
                if (lowestHeight > current.Header.Lowest)
                {
                    using var batch = _store.CreateBatch();
                    Write(batch, Prune(current.Header, lowestHeight, lowest.Record.Sequence, batch), current.Tip, blocks: 1);
                }
            }
            finally
            {
                current.Release();
            }

            Sweep(cancellationToken);
        }
    }

    /// <summary>Cleans up all that rollbacks and pruning left, in portions.</summary>
    /// <param name="cancellationToken">Stops between portions; the rest is done by later commits.</param>
    /// <exception cref="IndexerException">NoSpace, Damaged, Unavailable.</exception>
    public void Sweep(CancellationToken cancellationToken = default)
    {
        lock (_writing)
        {
            RequireWritable();
            while (Maintain(PortionKeys, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Rewrites the files without what was overwritten and swept; it may take long.</summary>
    /// <exception cref="IndexerException">NoSpace, Damaged, Unavailable.</exception>
    public void Compact()
    {
        lock (_writing)
        {
            RequireWritable();
            _store.Compact();
        }
    }

    private static StoreHeader Prune(StoreHeader header, uint lowestHeight, ulong lowestSequence, StoreBatch batch)
    {
        DeleteRecords(batch, header.Lowest, lowestHeight - 1);
        return header with { Lowest = lowestHeight, PrunedSequence = lowestSequence };
    }

    // The kept window moves up with the tip.
    private StoreHeader PruneOnCommit(StoreGeneration current, StoreHeader header, StoreBatch batch)
    {
        if (Options.KeptBlocks is not { } kept || header.Tip is not { } tip || tip - header.Lowest < kept)
        {
            return header;
        }

        // The block of this commit is not there to be looked up yet.
        var lowest = (uint)(tip - kept + 1L);
        var sequence = lowest == tip ? header.NextSequence - 1 : Require(current, lowest).Record.Sequence;
        return Prune(header, lowest, sequence, batch);
    }

    /// <summary>Cleans up one portion; false when nothing is left.</summary>
    private bool Maintain(int keys, CancellationToken cancellationToken)
    {
        var current = Hold();
        try
        {
            if (keys == 0 || current is { Header: { PrunedSequence: 0, Dead.All.IsEmpty: true } })
            {
                return false;
            }

            using var batch = _store.CreateBatch();
            using var portion = new MaintenancePortion(current, batch, keys);
            var header = portion.Run(cancellationToken);
            if (portion.IsEmpty && header == current.Header)
            {
                return false;
            }

            Write(batch, header, current.Tip, blocks: 0);
            return true;
        }
        finally
        {
            current.Release();
        }
    }
}

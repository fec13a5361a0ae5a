using System.Collections.Immutable;
using Larder.Cache.Fingerprints;
using Larder.Indexer.Engines;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>How a block becomes part of the state.</summary>
public sealed partial class IndexStore
{
    /// <summary>Longest key of a state, in bytes.</summary>
    public const int MaxKeyBytes = 1 << 20;

    /// <summary>Longest value of a state, in bytes.</summary>
    public const int MaxValueBytes = 64 << 20;

    private const long KeptBatchBytes = 64 << 20;

    /// <summary>Commits a block: values, roots, record and all that undoes them, at once.</summary>
    /// <param name="commit">The block above the tip, or any block for an empty store.</param>
    /// <param name="cancellationToken">Gives up before anything is written.</param>
    /// <returns>The block's record.</returns>
    /// <exception cref="IndexerException">
    /// BadBlock: it does not follow the tip. LimitExceeded: a key or a value is too long. NoSpace, Damaged, Unavailable. Nothing has changed then.
    /// </exception>
    public BlockRecord Commit(BlockCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        lock (_writing)
        {
            RequireWritable();
            Maintain(Options.SweptKeysPerCommit, cancellationToken);
            var current = Hold();
            try
            {
                CheckFollows(current, commit);
                return Commit(current, commit, cancellationToken).Record;
            }
            finally
            {
                current.Release();
            }
        }
    }

    private static void CheckFollows(StoreGeneration current, BlockCommit commit)
    {
        if (current.Tip?.Record is { } tip)
        {
            if (commit.Height != tip.Height + 1L)
            {
                throw new IndexerException(
                    IndexerErrorKind.BadBlock, $"The block of height {commit.Height} does not follow the tip, which has height {tip.Height}.");
            }

            if (commit.IsLinked && commit.PreviousHash != tip.Hash)
            {
                throw new IndexerException(
                    IndexerErrorKind.BadBlock,
                    $"The block {commit.Hash} of height {commit.Height} follows {commit.PreviousHash}, and the tip is {tip.Hash}: roll back first.");
            }
        }

        foreach (var write in commit.Writes)
        {
            if (write.Key.Length > MaxKeyBytes || write.Value.Length > MaxValueBytes)
            {
                throw new IndexerException(
                    IndexerErrorKind.LimitExceeded,
                    $"The block of height {commit.Height} writes a key of {write.Key.Length} bytes with a value of {write.Value.Length}; the limits are {MaxKeyBytes} and {MaxValueBytes}.");
            }
        }
    }

    private StoredBlock Commit(StoreGeneration current, BlockCommit commit, CancellationToken cancellationToken)
    {
        using var writes = new SortedWrites(commit.Writes);
        var batch = CommitBatch();
        var sequence = current.Header.NextSequence;
        var changes = new StateChanges(writes, current.Header.Prefixes);
        using (var values = new VersionWriter(current, sequence, batch))
        {
            values.Write(writes.Keys, writes.Value, changes.Add, cancellationToken);
        }

        var roots = UpdateTrees(current, changes, sequence, batch, cancellationToken);
        var record = new BlockRecord
        {
            Height = commit.Height,
            Sequence = sequence,
            Hash = commit.Hash,
            PreviousHash = commit.PreviousHash,
            Root = roots[0],
            PrefixRoots = roots[1..],
            Writes = writes.Count,
            Run = commit.Run,
        };
        var block = new StoredBlock(record, (current.Tip?.Keys ?? 0) + changes.Keys, (current.Tip?.Bytes ?? 0) + changes.Bytes);
        Span<byte> key = stackalloc byte[StoredBlock.KeyBytes];
        batch.Put(StoreFamily.Meta, StoredBlock.WriteKey(key, commit.Height), block.Encode());
        var header = current.Header with
        {
            NextSequence = sequence + 1,
            Tip = commit.Height,
            Lowest = current.Tip is null ? commit.Height : current.Header.Lowest,
        };
        cancellationToken.ThrowIfCancellationRequested();
        Write(batch, PruneOnCommit(current, header, batch), block, blocks: 1);
        return block;
    }

    private ImmutableArray<Fingerprint> UpdateTrees(
        StoreGeneration current, StateChanges changes, ulong sequence, StoreBatch batch, CancellationToken cancellationToken)
    {
        var leaves = changes.ToLeaves(Options.Threads);
        var roots = ImmutableArray.CreateBuilder<Fingerprint>(leaves.Length);
        _pages.Begin(current, batch, sequence);
        try
        {
            for (var tree = 0; tree < leaves.Length; tree++)
            {
                roots.Add(leaves[tree].Length > 0
                    ? MerkleTree.Update(_pages, tree, leaves[tree], Options.Threads, cancellationToken)
                    : RootBefore(current, tree));
            }

            _pages.WriteUndo();
            return roots.MoveToImmutable();
        }
        finally
        {
            _pages.End();
        }
    }

    private static Fingerprint RootBefore(StoreGeneration current, int tree) =>
        current.Tip?.Record is not { } tip ? default : tree == 0 ? tip.Root : tip.PrefixRoots[tree - 1];

    // Writes a batch with the header that belongs to it, and shows the outcome to all that come after.
    private void Write(StoreBatch batch, StoreHeader header, StoredBlock? tip, int blocks)
    {
        batch.Put(StoreFamily.Meta, StoreHeader.Key, header.Encode());
        var sync = blocks > 0 && Options.Durability.BlockCount > 0 && _unsyncedBlocks + blocks >= Options.Durability.BlockCount;
        _store.Write(batch, sync);
        _unsyncedBlocks = sync ? 0 : _unsyncedBlocks + blocks;
        var next = new StoreGeneration(_store.CreateSnapshot(), header, tip);
        StoreGeneration? last;
        lock (_gate)
        {
            (last, _generation) = (_generation, next);
        }

        last?.Release();
    }

    // A batch grows to the size of a block, which is not allocated again for each.
    private StoreBatch CommitBatch()
    {
        if (_batch is { ByteCount: > KeptBatchBytes })
        {
            _batch.Dispose();
            _batch = null;
        }

        _batch ??= _store.CreateBatch();
        _batch.Clear();
        return _batch;
    }

    private void RequireWritable()
    {
        ThrowIfClosed();
        if (_readOnly)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, "The index was opened for reading only.");
        }
    }
}

using Larder.Indexer.State;
using Larder.Indexer.Views;

namespace Larder.Indexer;

// Figures. None of them is part of a result.
public sealed partial class BlockIndexer
{
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly RecentTimes _viewTimes = new();

    // Written under _writer, read by anybody.
    private long _blocks;
    private long _blockBytes;
    private long _writes;
    private long _rollbacks;

    private long _failedViews;

    /// <summary>What the index did since it was opened, and what it holds.</summary>
    public IndexerStatistics GetStatistics()
    {
        var (median, percentile99, longest) = _viewTimes.Get();
        return new IndexerStatistics
        {
            Tip = Tip,
            Blocks = Volatile.Read(ref _blocks),
            BlockBytes = Volatile.Read(ref _blockBytes),
            Writes = Volatile.Read(ref _writes),
            Rollbacks = Volatile.Read(ref _rollbacks),
            Views = new ViewStatistics(
                _results.Runs, _results.Hits, _results.Shared, Volatile.Read(ref _failedViews), _views.Running, _views.Waiting, median, percentile99, longest),
            Store = Store.GetStatistics(),
            Cache = Cache?.GetStatistics(),
        };
    }

    private void Count(BlockRecord record, int bytes)
    {
        Volatile.Write(ref _blocks, _blocks + 1);
        Volatile.Write(ref _blockBytes, _blockBytes + bytes);
        Volatile.Write(ref _writes, _writes + record.Writes);
    }
}

namespace Larder.Indexer.Blocks;

/// <summary>
/// Puts the blocks of a source into an index, one above the other. Resumable at any time: blocks that the index has are passed over,
/// after their hash was compared.
/// </summary>
/// <remarks>One task runs it; <see cref="State"/> may be read by any thread.</remarks>
public sealed class BlockImport
{
    private readonly IBlockIndex _index;
    private readonly IBlockSource _source;
    private readonly BlockImportOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<FollowerState>? _report;
    private volatile FollowerState _state = new();

    /// <summary>A run that has not begun.</summary>
    /// <param name="index">The index. Used by nobody else for writing while it runs.</param>
    /// <param name="source">The blocks. Stays the caller's.</param>
    /// <param name="options">How to number and check them.</param>
    /// <param name="report">Called after every block; what it throws ends the run.</param>
    /// <param name="clock">Times the run.</param>
    public BlockImport(
        BlockIndexer index, IBlockSource source, BlockImportOptions options, Action<FollowerState>? report = null, TimeProvider? clock = null)
        : this(new IndexerBlocks(index), source, options, report, clock)
    {
    }

    internal BlockImport(
        IBlockIndex index, IBlockSource source, BlockImportOptions options, Action<FollowerState>? report = null, TimeProvider? clock = null)
    {
        _index = index;
        _source = source;
        _options = options;
        _report = report;
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>How far it has come.</summary>
    public FollowerState State => _state;

    /// <summary>Blocks of the source that the index had already.</summary>
    public long Passed { get; private set; }

    /// <summary>Indexes all blocks.</summary>
    /// <exception cref="IndexerException">
    /// A block cannot be read, is not of the format, does not follow the one before it, or fails in the module; the blocks before it are in
    /// the index.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        Update(_state with { Phase = FollowerPhase.Indexing });
        try
        {
            uint? next = _options.StartHeight;
            var from = _index.Tip is { } tip ? tip.Height + 1 : _options.StartHeight;
            await foreach (var block in _source.ReadAsync(from, cancellationToken).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var identity = block.Identify(_options.Format);
                var height = block.Height ?? next ?? Place(identity);
                if (height > _options.StopHeight)
                {
                    break;
                }

                Take(block, identity, height, started, _options.FinishesBlock ? CancellationToken.None : cancellationToken);
                next = height + 1;
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Update(_state with { Failure = e.Message });
            throw;
        }
        finally
        {
            Update(_state with { Phase = FollowerPhase.Ended });
        }
    }

    private void Take(SourceBlock block, BlockIdentity identity, uint height, long started, CancellationToken within)
    {
        var tip = _index.Tip;
        if (height <= tip?.Height)
        {
            Compare(block, identity, height);
            Passed++;
            return;
        }

        if (tip is not null && height != tip.Height + 1)
        {
            throw new IndexerException(
                IndexerErrorKind.BadBlock,
                $"{block.Origin} is of height {height}, and the index continues with {tip.Height + 1}. Give the missing blocks, or the height of the first block "
                + "if the numbers in the names are only an order.");
        }

        if (_options.IsLinked && tip is not null && identity.PreviousHash != tip.Hash)
        {
            throw new IndexerException(
                IndexerErrorKind.BadBlock,
                $"{block.Origin} follows {identity.PreviousHash?.ToString() ?? "no block that its format names"}, and block {tip.Height} is {tip.Hash}.");
        }

        _index.Process(height, identity.Hash, identity.PreviousHash ?? tip?.Hash ?? default, block.Bytes, within);
        Update(_state with
        {
            Blocks = _state.Blocks + 1,
            Bytes = _state.Bytes + block.Bytes.Length,
            Busy = _clock.GetElapsedTime(started),
            LastBlock = _clock.GetUtcNow(),
        });
    }

    private void Compare(SourceBlock block, BlockIdentity identity, uint height)
    {
        if (_index.Block(height) is { } own && own.Hash != identity.Hash)
        {
            throw new IndexerException(
                IndexerErrorKind.BadBlock,
                $"{block.Origin} is block {height} and is {identity.Hash}; the index has {own.Hash} there. Roll the index back below it to take this one.");
        }
    }

    // Where the first block of a source without heights goes.
    private uint Place(BlockIdentity identity)
    {
        if (_index.Tip is not { } tip)
        {
            return 0;
        }

        for (var height = _index.LowestHeight ?? 0; height <= tip.Height; height++)
        {
            if (_index.Block(height)?.Hash == identity.Hash)
            {
                return height;
            }
        }

        return tip.Height + 1;
    }

    private void Update(FollowerState state)
    {
        _state = state;
        _report?.Invoke(state);
    }
}

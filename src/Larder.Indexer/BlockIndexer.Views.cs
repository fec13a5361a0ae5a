using Larder.Indexer.Caching;
using Larder.Indexer.State;

namespace Larder.Indexer;

// Reads that leave no trace: views of a height, and previews of a block that is never committed.
public sealed partial class BlockIndexer
{
    /// <summary>
    /// Runs a view on the state after a block. Its result is remembered for the same view, input and block while there is a cache.
    /// </summary>
    /// <param name="view">Name of the view: an export of the module that takes nothing and returns a pointer.</param>
    /// <param name="input">Its request.</param>
    /// <param name="height">Height of the block; null for the tip.</param>
    /// <param name="cancellationToken">Ends the view early.</param>
    /// <exception cref="IndexerException">
    /// The guest failed, there is no such view or height, too many wait, or it took too long.
    /// </exception>
    public async Task<byte[]> ViewAsync(
        string view, ReadOnlyMemory<byte> input, uint? height = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(view);
        var began = _clock.GetTimestamp();
        try
        {
            return await ViewOfAsync(BlockAt(height), view, input, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Interlocked.Increment(ref _failedViews);
            throw;
        }
        finally
        {
            _viewTimes.Add(_clock.GetElapsedTime(began));
        }
    }

    /// <summary>
    /// Runs a block on top of the state after another, and a view on what comes of it. Nothing of it is kept: neither in the
    /// state nor in the cache.
    /// </summary>
    /// <param name="block">Bytes of the block.</param>
    /// <param name="view">Name of the view.</param>
    /// <param name="input">Its request.</param>
    /// <param name="height">Height of the block below; null for the tip. The block and the view run at the next height.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="IndexerException">
    /// The guest failed, there is no such view or height, too many wait, or it took too long.
    /// </exception>
    public Task<byte[]> PreviewAsync(
        ReadOnlyMemory<byte> block,
        string view,
        ReadOnlyMemory<byte> input,
        uint? height = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(view);
        var below = height is null && Tip is null ? null : BlockAt(height);
        var next = below is null ? 0 : checked(below.Height + 1);
        return _views.RunAsync(
            $"Preview of view {view}",
            (guest, stop) =>
            {
                using StateReader state = below is null
                    ? EmptyReader.Instance
                    : new CachedStateReader(Cache, CachePartition.Heights, below.Sequence, OpenReader(below));
                var outcome = guest.RunBlock(next, block, state, stop);
                using var overlay = new OverlayReader(state, outcome.Writes);
                return guest.RunView(view, next, input, overlay, stop);
            },
            cancellationToken);
    }

    /// <summary>What is known of a block.</summary>
    /// <param name="height">Its height; null for the tip.</param>
    /// <exception cref="IndexerException">Nothing is indexed, or the block is not there (any more).</exception>
    public BlockRecord BlockAt(uint? height)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Tip is not { } tip)
        {
            throw new IndexerException(IndexerErrorKind.NoSuchHeight, "Nothing is indexed yet.");
        }

        return height is not { } asked || asked == tip.Height
            ? tip
            : Store.Block(asked) ?? throw new IndexerException(
                IndexerErrorKind.NoSuchHeight,
                $"Block {asked} is not there: the index has blocks {Store.LowestHeight} to {tip.Height}.");
    }

    private Task<byte[]> ViewOfAsync(
        BlockRecord block, string view, ReadOnlyMemory<byte> input, CancellationToken cancellationToken) => _results.GetAsync(
        view,
        input,
        block.Sequence,
        token => _views.RunAsync(
            $"View {view}",
            (guest, stop) =>
            {
                using var state = new CachedStateReader(Cache, CachePartition.Heights, block.Sequence, OpenReader(block));
                return guest.RunView(view, block.Height, input, state, stop);
            },
            token),
        cancellationToken);

    // A rollback may come between the look at the record and here: what is read must be of that very block.
    private StateReader OpenReader(BlockRecord block)
    {
        var reader = Store.OpenReader(block.Height);
        if (Store.Block(block.Height)?.Sequence == block.Sequence)
        {
            return reader;
        }

        reader.Dispose();
        throw new IndexerException(
            IndexerErrorKind.NoSuchHeight, $"Block {block.Height} was rolled back meanwhile; ask again for the block that is there now.");
    }
}

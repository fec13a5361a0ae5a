using Larder.Indexer.State;

namespace Larder.Indexer.Blocks;

/// <summary>
/// Keeps an index at the tip of a node's chain. Resumable at any time: all that it needs to know is in the index.
/// </summary>
/// <remarks>
/// <para>
/// Each round asks for the node's height. Near the tip, and whenever a block does not fit the one before it, the hashes of the index are
/// compared with the node's from the top down to the first that is the same; the index is rolled back to it and goes on from there.
/// A node that merely has fewer blocks, because it is catching up itself, changes nothing: the hashes of what it has are the same.
/// </para>
/// <para>
/// A node that goes away is asked again with growing waits, for ever. A reorganisation that is deeper than the limit, or than what the
/// index keeps, and a block that the module fails on, end the follower with an error.
/// </para>
/// <para>One task runs it; <see cref="State"/> may be read by any thread.</para>
/// </remarks>
public sealed class BlockFollower
{
    private const int KeptReorganisations = 20;

    // Blocks in a row that fit neither the index nor the node's own chain, after which the node is not believed.
    private const int MostMisfits = 16;

    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(1);

    private readonly IBlockIndex _index;
    private readonly NodeBlockSource _node;
    private readonly BlockFollowerOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<FollowerState>? _report;
    private volatile FollowerState _state = new();
    private int _misfits;

    /// <summary>A follower that has not begun.</summary>
    /// <param name="index">The index. Used by nobody else for writing while the follower runs.</param>
    /// <param name="node">The node. Stays the caller's.</param>
    /// <param name="options">How to follow.</param>
    /// <param name="report">Called by the follower whenever its state changes; what it throws ends the follower.</param>
    /// <param name="clock">Times waits.</param>
    /// <exception cref="IndexerException">An option is wrong.</exception>
    public BlockFollower(
        BlockIndexer index, NodeBlockSource node, BlockFollowerOptions options, Action<FollowerState>? report = null, TimeProvider? clock = null)
        : this(new IndexerBlocks(index), node, options, report, clock)
    {
    }

    internal BlockFollower(
        IBlockIndex index, NodeBlockSource node, BlockFollowerOptions options, Action<FollowerState>? report = null, TimeProvider? clock = null)
    {
        options.Validate();
        _index = index;
        _node = node;
        _options = options;
        _report = report;
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>How far it has come.</summary>
    public FollowerState State => _state;

    /// <summary>Follows until cancelled, or until the last height is reached.</summary>
    /// <exception cref="IndexerException">It cannot go on; the index is whole, and a later run goes on from where it is.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(cancellationToken).ConfigureAwait(false);
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

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var backoff = _options.Backoff;
        var hasMet = _options.WaitsForNode;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TimeSpan wait;
            try
            {
                var height = await _node.GetTipHeightAsync(cancellationToken).ConfigureAwait(false);
                hasMet = true;
                if (await RoundAsync(height, cancellationToken).ConfigureAwait(false) is not { } pause)
                {
                    return;
                }

                (wait, backoff) = (pause, _options.Backoff);
            }
            catch (IndexerException e) when (e.Kind == IndexerErrorKind.Unavailable && hasMet && _options.Follows)
            {
                Update(_state with { Phase = FollowerPhase.WaitingForNode, Failure = e.Message });
                wait = backoff;
                backoff = backoff + backoff < LongestBackoff ? backoff + backoff : LongestBackoff;
            }

            await Task.Delay(wait, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    // Gives the wait before the next round; null at the end.
    private async Task<TimeSpan?> RoundAsync(uint nodeHeight, CancellationToken cancellationToken)
    {
        Update(_state with { SourceHeight = nodeHeight, Failure = null });
        if (_index.Tip is { } tip && nodeHeight <= (long)tip.Height + _options.CheckWithin)
        {
            await JoinAsync(tip, nodeHeight, cancellationToken).ConfigureAwait(false);
        }

        if (NextHeight > Math.Min(nodeHeight, _options.StopHeight ?? uint.MaxValue))
        {
            if (NextHeight > _options.StopHeight || !_options.Follows)
            {
                return null;
            }

            Update(_state with { Phase = FollowerPhase.AtTip });
            return _options.PollInterval;
        }

        Update(_state with { Phase = FollowerPhase.Indexing });
        var started = _clock.GetTimestamp();
        var (busy, blocks) = (_state.Busy, _state.Blocks);
        await foreach (var block in _node.ReadAsync((uint)NextHeight, cancellationToken).ConfigureAwait(false))
        {
            var identity = block.Identify(_node.Format);
            if (_index.Tip is { } current && identity.PreviousHash is { } previous && previous != current.Hash)
            {
                // The chain changed its branch meanwhile, or did so twice since this block was fetched ahead: then the next round reads it anew.
                var now = await _node.GetTipHeightAsync(cancellationToken).ConfigureAwait(false);
                return await JoinAsync(current, now, cancellationToken).ConfigureAwait(false) || ++_misfits < MostMisfits
                    ? TimeSpan.Zero
                    : throw new IndexerException(
                        IndexerErrorKind.Unavailable,
                        $"{block.Origin} follows {previous}, which is not what {_node.Description} has at the height before it.");
            }

            _misfits = 0;
            var height = block.Height ?? (uint)NextHeight;
            _index.Process(
                height,
                identity.Hash,
                identity.PreviousHash ?? _index.Tip?.Hash ?? default,
                block.Bytes,
                _options.FinishesBlock ? CancellationToken.None : cancellationToken);
            Update(_state with
            {
                Blocks = _state.Blocks + 1,
                Bytes = _state.Bytes + block.Bytes.Length,
                Busy = busy + _clock.GetElapsedTime(started),
                LastBlock = _clock.GetUtcNow(),
                SourceHeight = Math.Max(height, nodeHeight),
            });
            cancellationToken.ThrowIfCancellationRequested();
            if (height >= _options.StopHeight)
            {
                return null;
            }
        }

        // A node that promises blocks and has none is not to be asked without a pause.
        return _state.Blocks > blocks ? TimeSpan.Zero : _options.PollInterval;
    }

    private long NextHeight => _index.Tip is { } tip ? tip.Height + 1L : _options.StartHeight;

    // Rolls back to the last block that the node has as well, if that is not the tip; says whether it did.
    private async Task<bool> JoinAsync(BlockRecord tip, uint nodeHeight, CancellationToken cancellationToken)
    {
        if (nodeHeight < _index.LowestHeight)
        {
            // A node that is catching up: nothing of the two can be compared.
            return false;
        }

        var height = Math.Min(tip.Height, nodeHeight);
        while (true)
        {
            var own = Kept(height, tip);
            var hash = await _node.GetHashAsync(height, cancellationToken).ConfigureAwait(false);
            if (own.Hash == hash)
            {
                break;
            }

            // Below a hash that differs all blocks above belong to a branch that was left.
            if (hash is null && height < nodeHeight)
            {
                // The node's chain became shorter this moment: look again in the next round.
                return false;
            }

            if (height == 0 || tip.Height - (height - 1) > _options.MaxDepth)
            {
                throw new IndexerException(
                    IndexerErrorKind.LimitExceeded,
                    $"{_node.Description} has other blocks than the index from height {height} up to {tip.Height} and further down: a reorganisation deeper than the limit of "
                    + $"{_options.MaxDepth} blocks, or another chain. Raise the limit if it is meant.");
            }

            height--;
        }

        // The same hash below the tip, and no other above it, is a node that has not caught up.
        if (height == tip.Height || height == nodeHeight)
        {
            return false;
        }

        _index.Rollback(height);
        var seen = new Reorganisation(_clock.GetUtcNow(), height, tip.Height - height, tip.Hash);
        Update(_state with
        {
            ReorganisationCount = _state.ReorganisationCount + 1,
            Reorganisations = [seen, .. _state.Reorganisations.Take(KeptReorganisations - 1)],
        });
        return true;
    }

    private BlockRecord Kept(uint height, BlockRecord tip) =>
        height >= _index.LowestHeight && _index.Block(height) is { } block
            ? block
            : throw new IndexerException(
                IndexerErrorKind.NoSuchHeight,
                $"{_node.Description} has another block than the index at height {height + 1}, and the index cannot be rolled back below it: "
                + $"it begins at {_index.LowestHeight?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "no height"} and has {tip.Height} as its last. "
                + "Make it anew, or ask a node of the same chain.");

    private void Update(FollowerState state)
    {
        _state = state;
        _report?.Invoke(state);
    }
}

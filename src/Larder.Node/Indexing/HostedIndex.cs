using Larder.Indexer;
using Larder.Indexer.Blocks;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Indexing;

/// <summary>
/// One index of a node: opened in the background, and fed by its source as long as the node runs. What may pass by itself is tried
/// again; else it goes on serving what it has. <see cref="Indexer"/> and what is shown may be read by any thread.
/// </summary>
internal sealed class HostedIndex(string name, IndexOptions options, string directory, TimeProvider clock, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _closing = new();
    private volatile BlockIndexer? _indexer;
    private volatile IndexRpc? _rpc;
    private volatile string? _failure;
    private volatile string? _source;
    private volatile FollowerState? _state;
    private Task _running = Task.CompletedTask;

    public string Name { get; } = name;

    /// <summary>The index; null while it is not open.</summary>
    public BlockIndexer? Indexer => _indexer;

    /// <summary>Its methods; null while it is not open.</summary>
    public IndexRpc? Rpc => _rpc;

    /// <summary>Why it is not open, or takes no blocks; null when all is well.</summary>
    public string? Failure => _failure ?? _state?.Failure;

    /// <summary>Where blocks come from, in words.</summary>
    public string? Source => _source;

    /// <summary>How far they have come; null without a source.</summary>
    public FollowerState? State => _state;

    public void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _indexer?.Dispose();
        _closing.Dispose();
    }

    private async Task RunAsync()
    {
        var closing = _closing.Token;
        while (!closing.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(closing).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (closing.IsCancellationRequested)
            {
                return;
            }
            catch (IndexerException e) when (e.Kind is IndexerErrorKind.Unavailable or IndexerErrorKind.NoSpace)
            {
                if (_failure != e.Message)
                {
                    IndexLog.Passing(logger, Name, e.Message);
                }

                _failure = e.Message;
            }
            catch (IndexerException e)
            {
                _failure = e.Message;
                IndexLog.Ended(logger, Name, e.Message);
                return;
            }
            catch (Exception e)
            {
                _failure = "It failed in a way that nobody foresaw; the node's log says how.";
                IndexLog.Failed(logger, Name, e);
                return;
            }

            await Task.Delay(RetryInterval, clock, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOnceAsync(CancellationToken closing)
    {
        string? password = null;
        var source = options.Source is { } text ? IndexSource.Parse(text, out password) : null;
        var opened = IndexDirectory.Create(directory, options.Module, before => Change(before, source));
        if (_indexer is null)
        {
            var indexer = BlockIndexer.Open(opened.ToOptions(answersViews: true));
            _rpc = new IndexRpc(indexer);
            _indexer = indexer;
            IndexLog.Opened(logger, Name, opened.Path, indexer.Tip?.Height ?? -1L);
        }

        _failure = null;
        if (opened.Settings.Source is not { } from)
        {
            return;
        }

        var blocks = from.Open(opened.Settings.ToSourceOptions(), password, closing);
        await using (blocks.ConfigureAwait(false))
        {
            _source = blocks.Description;
            if (blocks is NodeBlockSource node)
            {
                var following = new BlockFollowerOptions { StartHeight = from.StartHeight ?? 0, WaitsForNode = true, FinishesBlock = false };
                await new BlockFollower(_indexer, node, following, Take, clock).RunAsync(closing).ConfigureAwait(false);
                return;
            }

            var import = new BlockImportOptions
            {
                Format = opened.Settings.Format,
                StartHeight = from.StartHeight,
                IsLinked = from.IsLinked,
                FinishesBlock = false,
            };
            await new BlockImport(_indexer, blocks, import, Take, clock).RunAsync(closing).ConfigureAwait(false);
        }
    }

    private IndexSettings Change(IndexSettings before, IndexSource? source)
    {
        var blocks = source ?? before.Source;
        if (blocks is not null)
        {
            blocks = blocks with { CookieFile = options.Cookie ?? blocks.CookieFile, StartHeight = options.StartHeight ?? blocks.StartHeight };
        }

        return before with
        {
            Source = blocks,
            Format = options.Format ?? before.Format,
            CacheBytes = options.CacheBytes ?? before.CacheBytes,
            KeptBlocks = options.KeptBlocks ?? before.KeptBlocks,
        };
    }

    private void Take(FollowerState state)
    {
        var before = _state;
        _state = state;
        if (state.ReorganisationCount > (before?.ReorganisationCount ?? 0))
        {
            var seen = state.Reorganisations[0];
            IndexLog.Reorganised(logger, Name, seen.Depth, seen.Ancestor);
        }

        if (state is { Phase: FollowerPhase.WaitingForNode, Failure: { } failure } && failure != before?.Failure)
        {
            IndexLog.Waiting(logger, Name, failure);
        }
    }
}

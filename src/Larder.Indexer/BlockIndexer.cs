using Larder.Indexer.Caching;
using Larder.Indexer.Guests;
using Larder.Indexer.State;
using Larder.Indexer.Views;

namespace Larder.Indexer;

/// <summary>
/// An index: a module, the state that it made of the blocks so far, and the cache below its reads. The same blocks give the
/// same bytes, roots and figures on every machine, whatever is cached.
/// </summary>
/// <remarks>
/// Blocks and rollbacks come one at a time, others wait; views and previews run beside them, each on the state of one height.
/// All members are safe for use by many threads.
/// </remarks>
public sealed partial class BlockIndexer : IDisposable
{
    // Bytes that blocks may allocate before the collector is asked to look.
    private const long GarbageBytes = 32L << 20;

    private readonly Lock _writer = new();
    private readonly BlockIndexerOptions _options;
    private readonly ViewPool _views;
    private readonly CancellationTokenSource _closing = new();

    // Compiles the module ahead of its first block; awaited before the module goes.
    private readonly Task _prepared;
    private readonly ViewResults _results;

    // Guarded by _writer.
    private readonly GuestInstance _guest;
    private bool _disposed;
    private long _collectedAt;

    private BlockIndexer(BlockIndexerOptions options, IndexerModule module, IndexStore store, ReadCache? cache)
    {
        _options = options;
        Module = module;
        Store = store;
        Cache = cache;
        _guest = module.CreateInstance();
        _views = new ViewPool(module, options);
        _results = new ViewResults(cache);
        _prepared = PrepareAsync();
    }

    /// <summary>The module.</summary>
    public IndexerModule Module { get; }

    /// <summary>The state.</summary>
    public IndexStore Store { get; }

    /// <summary>The cache below the reads; null without one.</summary>
    public ReadCache? Cache { get; }

    /// <summary>The newest block; null when there is none.</summary>
    public BlockRecord? Tip => Store.Tip;

    /// <summary>
    /// Where texts that the guest logs while it indexes go; null, the default, for nowhere. Called in the middle of a run.
    /// </summary>
    public Action<string>? Log
    {
        get => _guest.Log;
        set => _guest.Log = value;
    }

    /// <summary>Opens an index, or makes one where there is none.</summary>
    /// <exception cref="IndexerException">
    /// The module cannot be loaded with its profile, the memory for the cache cannot be had, or the state is damaged, in use,
    /// or was made by another module or profile.
    /// </exception>
    public static BlockIndexer Open(BlockIndexerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        // The memory of the cache comes first, so that nothing of the runtime lies before it; a start without it is no start.
        var cache = options.Cache is null ? null : ReadCache.Open(options.Cache);
        IndexerModule? module = null;
        IndexStore? store = null;
        try
        {
            module = IndexerModule.Load(options.Module, options.ModuleOptions);
            store = OpenStore(options, module);
            return new BlockIndexer(options, module, store, cache);
        }
        catch
        {
            store?.Dispose();
            module?.Dispose();
            cache?.Dispose();
            throw;
        }
    }

    /// <summary>Runs a block and commits what it wrote: all of it, or nothing when this throws.</summary>
    /// <param name="height">Height of the block: the one above the tip; any for the first block.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="previousHash">Hash of the block before it, kept with the record. Whether that is the tip's is for who follows a chain.</param>
    /// <param name="block">Its bytes, as the guest gets them.</param>
    /// <param name="cancellationToken">Ends the run early; a block whose commit has begun is committed.</param>
    /// <returns>What the store now knows of it.</returns>
    /// <exception cref="IndexerException">The guest or the store failed, or the height is not the next; the state is what it was.</exception>
    public BlockRecord ProcessBlock(
        uint height, BlockHash hash, BlockHash previousHash, ReadOnlyMemory<byte> block, CancellationToken cancellationToken = default)
    {
        lock (_writer)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ThrowIfReadOnly();
            CheckNext(height);
            BlockOutcome outcome;
            using (var state = new CachedStateReader(Cache, CachePartition.Main, scope: 0, Store.OpenTipReader()))
            {
                outcome = _guest.RunBlock(height, block, state, cancellationToken);
            }

            cancellationToken.ThrowIfCancellationRequested();
            var commit = new BlockCommit
            {
                Height = height,
                Hash = hash,
                PreviousHash = previousHash,
                IsLinked = false,
                Writes = outcome.Writes,
                Run = outcome.Run,
            };
            var record = Commit(commit);
            Count(record, block.Length);
            CollectGarbage();
            return record;
        }
    }

    /// <summary>Makes an earlier block the tip; what came after it is as if it had never been.</summary>
    /// <param name="height">Height of the block that is to be the tip.</param>
    /// <exception cref="IndexerException">The height is above the tip or outside of the kept window; the state is what it was.</exception>
    public void Rollback(uint height)
    {
        lock (_writer)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ThrowIfReadOnly();
            try
            {
                Store.Rollback(height);
                _rollbacks++;
            }
            finally
            {
                // The cache knows the state at the tip, whatever that is now.
                Cache?.Clear(CachePartition.Main);
            }
        }
    }

    /// <summary>Ends views, waits for a block that is being indexed, and closes the state.</summary>
    public void Dispose()
    {
        lock (_writer)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _closing.Cancel();
            _prepared.Wait();
            _closing.Dispose();
            _views.Dispose();
            _guest.Dispose();
            Store.Dispose();
            Module.Dispose();
            Cache?.Dispose();
        }
    }

    private static IndexStore OpenStore(BlockIndexerOptions options, IndexerModule module)
    {
        var store = options.Store with { Recipe = module.Recipe };
        return options switch
        {
            { Directory: null, ReadOnly: true } => throw new IndexerException(
                IndexerErrorKind.Configuration, "A state in memory cannot be opened for reading only: there is nothing to read."),
            { Directory: null } => IndexStore.InMemory(store),
            { ReadOnly: true } => IndexStore.OpenReadOnly(options.Directory, store),
            _ => IndexStore.Open(options.Directory, store),
        };
    }

    private BlockRecord Commit(BlockCommit commit)
    {
        // Beside the commit, which waits for the disk: nobody reads the main partition meanwhile, and after a failure it is cleared.
        var cached = Cache is { } cache ? Task.Run(() => cache.SetCommitted(commit.Writes)) : Task.CompletedTask;
        var isCommitted = false;
        try
        {
            var record = Store.Commit(commit, CancellationToken.None);
            isCommitted = true;
            return record;
        }
        finally
        {
            cached.GetAwaiter().GetResult();
            if (!isCommitted)
            {
                // Whether it is committed all the same, only a read of the store can tell.
                Cache?.Clear(CachePartition.Main);
            }
        }
    }

    // What cannot be compiled ahead is compiled when it is first called, and fails there if it must.
    private async Task PrepareAsync()
    {
        if (_options.ReadOnly)
        {
            return;
        }

        try
        {
            await Module.PrepareAsync(_closing.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or AggregateException)
        {
        }
    }

    // Before the guest runs, which may take long.
    private void CheckNext(uint height)
    {
        if (Tip is { } tip && (tip.Height == uint.MaxValue || height != tip.Height + 1))
        {
            throw new IndexerException(
                IndexerErrorKind.BadBlock, $"Block {height} does not follow the tip, which is block {tip.Height}; block {tip.Height + 1L} is next.");
        }
    }

    // Blocks and what they flush are large arrays, which the collector lets pile up to hundreds of megabytes where memory is
    // plenty. What lives is little, so that looking through it costs next to nothing.
    private void CollectGarbage()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        if (allocated - _collectedAt > GarbageBytes)
        {
            _collectedAt = allocated;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        }
    }

    private void ThrowIfReadOnly()
    {
        if (_options.ReadOnly)
        {
            throw new IndexerException(IndexerErrorKind.Configuration, "The index was opened for reading only.");
        }
    }
}

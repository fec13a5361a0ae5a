using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>
/// The state of an index at every height: keys with versions, the roots of the state, records of the blocks. A block is
/// committed at once or not at all; a rollback costs as much for a thousand keys as for a million.
/// </summary>
/// <remarks>
/// Thread safe. Changes are made one at a time; readers are never waited for and go on reading what they were opened on.
/// A reader that is still open keeps the files open after the store is disposed of. See docs/INDEXER-STATE.md.
/// </remarks>
public sealed partial class IndexStore : IDisposable
{
    private const string MarkFile = "larder-index";

    private readonly OrderedStore _store;
    private readonly bool _readOnly;

    // Held by whoever changes the store; taken before _gate.
    private readonly Lock _writing = new();
    private readonly Lock _gate = new();

    // Guarded by _gate; null when disposed of.
    private StoreGeneration? _generation;

    // Guarded by _writing.
    private readonly StatePages _pages = new();
    private StoreBatch? _batch;
    private int _unsyncedBlocks;

    private IndexStore(OrderedStore store, IndexStoreOptions options, bool readOnly, bool mustExist)
    {
        _store = store;
        _readOnly = readOnly;
        var snapshot = store.CreateSnapshot();
        try
        {
            var header = ReadHeader(snapshot);
            if (header is null)
            {
                if (mustExist)
                {
                    throw new IndexerException(
                        IndexerErrorKind.Damaged, "The index is damaged: its header is missing. Restore a snapshot or index again.");
                }

                header = new StoreHeader { Recipe = options.Recipe ?? default, Prefixes = [.. options.Prefixes ?? []] };
                snapshot.Dispose();
                WriteHeader(header);
                snapshot = store.CreateSnapshot();
            }

            CheckRecipe(header, options);
            Options = options with { Recipe = header.Recipe, Prefixes = header.Prefixes };
            _generation = new StoreGeneration(
                snapshot, header, header.Tip is { } tip ? StoreGeneration.Read(snapshot, tip) : null);
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>What the store was opened with; recipe and prefixes are those that it was made with.</summary>
    public IndexStoreOptions Options { get; }

    /// <summary>The last block; null for an empty store.</summary>
    public BlockRecord? Tip => Peek(static generation => generation.Tip?.Record);

    /// <summary>The lowest height whose state can be read and rolled back to; null for an empty store.</summary>
    public uint? LowestHeight => Peek(static generation => generation.Tip is null ? (uint?)null : generation.Header.Lowest);

    /// <summary>Opens the store of a directory, or makes it.</summary>
    /// <param name="directory">The store's own; one process at a time can write to it.</param>
    /// <param name="options">What it is for and how much it may use.</param>
    /// <exception cref="IndexerException">
    /// Unavailable: another process has it, or RocksDB is not installed. RecipeMismatch: it is another module's. Damaged. NoSpace.
    /// </exception>
    public static IndexStore Open(string directory, IndexStoreOptions options)
    {
        options = options.Validated();
        directory = Path.GetFullPath(directory);
        var store = On(RocksStore.Open(directory, SettingsOf(options)), options, mustExist: IsMarked(directory));
        Mark(directory, store);
        return store;
    }

    /// <summary>Opens the store of a directory for reading, also beside a process that writes to it; it stays as it was at the opening.</summary>
    /// <inheritdoc cref="Open" path="/param"/>
    /// <exception cref="IndexerException">Unavailable: there is none. RecipeMismatch. Damaged.</exception>
    public static IndexStore OpenReadOnly(string directory, IndexStoreOptions options)
    {
        options = options.Validated();
        return On(RocksStore.OpenReadOnly(Path.GetFullPath(directory), SettingsOf(options)), options, readOnly: true, mustExist: true);
    }

    /// <summary>A store in memory, which is gone when it is disposed of.</summary>
    /// <param name="options">What it is for.</param>
    public static IndexStore InMemory(IndexStoreOptions options) => On(new MemoryStore(), options.Validated());

    /// <summary>The record of the block of a height; null when it is not indexed or was pruned.</summary>
    public BlockRecord? Block(uint height)
    {
        var generation = Hold();
        try
        {
            return generation.Block(height)?.Record;
        }
        finally
        {
            generation.Release();
        }
    }

    /// <summary>Reads the state after the block of a height, for as long as the reader lives.</summary>
    /// <exception cref="IndexerException">NoSuchHeight: it is not indexed or was pruned.</exception>
    public StateReader OpenReader(uint height)
    {
        var generation = Hold();
        try
        {
            return new VersionedStateReader(generation, Require(generation, height).Record.Sequence);
        }
        catch
        {
            generation.Release();
            throw;
        }
    }

    /// <summary>Reads the state at the tip, or nothing in an empty store.</summary>
    public StateReader OpenTipReader()
    {
        var generation = Hold();
        return new VersionedStateReader(generation, generation.Sequence);
    }

    /// <summary>The keys that begin with a prefix, in byte order, with their values at a height.</summary>
    /// <param name="prefix">What the keys begin with; empty for all.</param>
    /// <param name="height">After which block.</param>
    /// <param name="limit">How many at most.</param>
    /// <exception cref="IndexerException">NoSuchHeight: it is not indexed or was pruned.</exception>
    public IEnumerable<StateEntry> ScanPrefix(ReadOnlyMemory<byte> prefix, uint height, long limit = long.MaxValue)
    {
        var generation = Hold();
        try
        {
            var sequence = Require(generation, height).Record.Sequence;
            foreach (var entry in StateScan.Entries(generation, sequence, prefix, limit))
            {
                yield return entry;
            }
        }
        finally
        {
            generation.Release();
        }
    }

    /// <summary>Forces what was committed to the disk.</summary>
    public void Sync()
    {
        lock (_writing)
        {
            ThrowIfClosed();
            _store.Sync();
            _unsyncedBlocks = 0;
        }
    }

    /// <summary>Closes the store; what was committed is on the disk then.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            StoreGeneration? last;
            lock (_gate)
            {
                (last, _generation) = (_generation, null);
            }

            if (last is null)
            {
                return;
            }

            try
            {
                _store.Sync();
            }
            catch (IndexerException)
            {
                // Who must know asks by Sync; the blocks are in the log, and at worst the last of them are indexed again.
            }

            _pages.Dispose();
            _batch?.Dispose();
            last.Release();
            _store.Dispose();
        }
    }

    /// <summary>A store on an engine, which it takes over.</summary>
    internal static IndexStore On(OrderedStore store, IndexStoreOptions options, bool readOnly = false, bool mustExist = false)
    {
        try
        {
            return new IndexStore(store, options, readOnly, mustExist);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Whether a store or a snapshot is one that the options ask for.</summary>
    internal static void CheckRecipe(StoreHeader header, IndexStoreOptions options)
    {
        if (options.Recipe is { } recipe && recipe != header.Recipe)
        {
            throw new IndexerException(
                IndexerErrorKind.RecipeMismatch,
                $"The index was made with the recipe {header.Recipe}, and this is {recipe}: another module, profile or engine. Use another directory, or index again.");
        }

        if (options.Prefixes is { } prefixes
            && !prefixes.Select(static prefix => (prefix.Name, Convert.ToHexString(prefix.Prefix.Span)))
                .SequenceEqual(header.Prefixes.Select(static prefix => (prefix.Name, Convert.ToHexString(prefix.Prefix.Span)))))
        {
            throw new IndexerException(
                IndexerErrorKind.RecipeMismatch,
                $"The index was made with the key prefixes [{string.Join(", ", header.Prefixes.Select(static prefix => prefix.Name))}], and others are configured. Use another directory, or index again.");
        }
    }

    private static RocksSettings SettingsOf(IndexStoreOptions options) => new(options.BlockCacheBytes, options.MemtableBytes);

    // The engine takes a list of files that is cut off for one that ends there, and may begin anew. Whoever finds this file knows
    // that an index was here.
    private static bool IsMarked(string directory) => File.Exists(Path.Combine(directory, MarkFile));

    private static void Mark(string directory, IndexStore store)
    {
        if (IsMarked(directory))
        {
            return;
        }

        try
        {
            File.WriteAllText(Path.Combine(directory, MarkFile), "A Larder index lives here.\n");
        }
        catch (IOException error)
        {
            store.Dispose();
            throw new IndexerException(IndexerErrorKind.NoSpace, $"The file {MarkFile} cannot be written in {directory}: {error.Message}", error);
        }
    }

    private static StoreHeader? ReadHeader(StoreSnapshot snapshot)
    {
        using var value = new StoreValue();
        return snapshot.TryGet(StoreFamily.Meta, StoreHeader.Key, value) ? StoreHeader.Decode(value.Span) : null;
    }

    private static StoredBlock Require(StoreGeneration generation, uint height) =>
        generation.Block(height) ?? throw NoSuchHeight(generation, height);

    private static IndexerException NoSuchHeight(StoreGeneration generation, uint height)
    {
        var range = generation.Tip is null
            ? "nothing is indexed yet"
            : $"the index has {generation.Header.Lowest} to {generation.Tip.Record.Height}";
        return new IndexerException(IndexerErrorKind.NoSuchHeight, $"There is no state of height {height}: {range}.");
    }

    private void WriteHeader(StoreHeader header)
    {
        using var batch = _store.CreateBatch();
        batch.Put(StoreFamily.Meta, StoreHeader.Key, header.Encode());
        _store.Write(batch, sync: true);
    }

    private StoreGeneration Hold()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_generation is null, this);
            return _generation.Hold();
        }
    }

    private T Peek<T>(Func<StoreGeneration, T> look)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_generation is null, this);
            return look(_generation);
        }
    }

    private void ThrowIfClosed()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_generation is null, this);
        }
    }
}

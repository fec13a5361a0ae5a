namespace Larder.Indexer.Engines;

/// <summary>
/// Keys and values in byte order, in a few families, written in atomic batches and read from snapshots. Thread safe, but
/// for one writer at a time; what it hands out is for one thread unless it says otherwise.
/// </summary>
/// <remarks>Disposed of by its owner once; closing waits until every snapshot that it gave is disposed of.</remarks>
internal abstract class OrderedStore : IDisposable
{
    /// <summary>Families of a store.</summary>
    public const int FamilyCount = (int)StoreFamily.Undo + 1;

    /// <summary>The families, in the order of their numbers.</summary>
    public static IReadOnlyList<StoreFamily> Families { get; } =
        [StoreFamily.Meta, StoreFamily.Values, StoreFamily.History, StoreFamily.Pages, StoreFamily.Undo];

    /// <summary>What the store holds now; thread safe, also for reading from it.</summary>
    public abstract StoreSnapshot CreateSnapshot();

    /// <summary>An empty batch for <see cref="Write"/>.</summary>
    public abstract StoreBatch CreateBatch();

    /// <summary>Applies a batch at once or not at all.</summary>
    /// <param name="batch">A batch of this store.</param>
    /// <param name="sync">Whether it must outlive a loss of power, with all that was written before.</param>
    /// <exception cref="IndexerException">No room, damaged or not to be used.</exception>
    public abstract void Write(StoreBatch batch, bool sync);

    /// <summary>Makes what was written outlive a loss of power.</summary>
    public abstract void Sync();

    /// <summary>Rewrites what was overwritten and deleted away.</summary>
    public abstract void Compact();

    /// <summary>Bytes and keys of each family, about, and memory in use.</summary>
    public abstract StoreFigures GetFigures();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up what the store holds.</summary>
    protected abstract void Dispose(bool disposing);
}

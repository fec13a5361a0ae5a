namespace Larder.Indexer.Engines;

/// <summary>Changes that are written together; of two on one key the later counts. For one thread.</summary>
internal abstract class StoreBatch : IDisposable
{
    /// <summary>Bytes of what was put in, about.</summary>
    public abstract long ByteCount { get; }

    /// <summary>Sets a key.</summary>
    public abstract void Put(StoreFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Removes a key, also one that is not there.</summary>
    public abstract void Delete(StoreFamily family, ReadOnlySpan<byte> key);

    /// <summary>Removes every key from one, inclusive, to another, exclusive.</summary>
    public abstract void DeleteRange(StoreFamily family, ReadOnlySpan<byte> start, ReadOnlySpan<byte> end);

    /// <summary>Empties the batch for another use.</summary>
    public abstract void Clear();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up what the batch holds.</summary>
    protected abstract void Dispose(bool disposing);
}

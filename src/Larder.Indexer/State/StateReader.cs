namespace Larder.Indexer.State;

/// <summary>Reads the state of an index as it was at one height. For one thread at a time.</summary>
public abstract class StateReader : IDisposable
{
    /// <summary>
    /// The value of a key; empty when the key has none. A key whose last write was empty has none: a guest cannot tell the
    /// two apart, and neither can a root.
    /// </summary>
    /// <param name="key">The key, any bytes, also none.</param>
    /// <returns>Bytes that stay as they are until the next call on this reader.</returns>
    /// <exception cref="IndexerException">The store cannot be read or is damaged.</exception>
    public abstract ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up what the reader holds.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> called it.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}

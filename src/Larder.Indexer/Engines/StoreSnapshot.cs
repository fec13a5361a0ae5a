namespace Larder.Indexer.Engines;

/// <summary>The content of a store at one instant. Thread safe; the values and iterators that it fills and gives are not.</summary>
internal abstract class StoreSnapshot : IDisposable
{
    /// <summary>Looks a key up.</summary>
    /// <param name="family">Where.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">Holds the value from now on, instead of what it held; empty where there is none.</param>
    /// <returns>Whether the key is there.</returns>
    public abstract bool TryGet(StoreFamily family, ReadOnlySpan<byte> key, StoreValue value);

    /// <summary>Looks up keys that ascend, which is cheaper than one by one.</summary>
    /// <param name="family">Where.</param>
    /// <param name="keys">All keys.</param>
    /// <param name="start">Number of the first key to look up.</param>
    /// <param name="count">How many.</param>
    /// <param name="values">Holds the values from now on, by number from 0.</param>
    public abstract void GetMany(StoreFamily family, PackedKeys keys, int start, int count, StoreValues values);

    /// <summary>An iterator that stands nowhere.</summary>
    /// <param name="family">Over which family.</param>
    /// <param name="scan">Whether it is to pass over much: what it reads then does not push other things out of the caches.</param>
    public abstract StoreIterator Iterate(StoreFamily family, bool scan = false);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up what the snapshot holds.</summary>
    protected abstract void Dispose(bool disposing);
}

namespace Larder.Indexer.Engines;

/// <summary>Walks over one family of a snapshot in byte order. For one thread; disposed of before its snapshot.</summary>
internal abstract class StoreIterator : IDisposable
{
    /// <summary>Whether it stands on an entry.</summary>
    public abstract bool IsValid { get; }

    /// <summary>Key of the entry, until the iterator moves.</summary>
    public abstract ReadOnlySpan<byte> Key { get; }

    /// <summary>Value of the entry, until the iterator moves.</summary>
    public abstract ReadOnlySpan<byte> Value { get; }

    /// <summary>Goes to the first entry whose key is not below this one.</summary>
    public abstract void Seek(ReadOnlySpan<byte> key);

    /// <summary>Goes to the last entry whose key is not above this one.</summary>
    public abstract void SeekBackward(ReadOnlySpan<byte> key);

    /// <summary>Goes to the last entry.</summary>
    public abstract void SeekLast();

    /// <summary>Goes to the next entry.</summary>
    public abstract void Next();

    /// <summary>Goes to the entry before.</summary>
    public abstract void Previous();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up what the iterator holds.</summary>
    protected abstract void Dispose(bool disposing);
}

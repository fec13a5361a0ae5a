namespace Larder.Indexer.State;

/// <summary>A reader of the state at a height, from a store's generation that it keeps alive.</summary>
internal sealed class VersionedStateReader : StateReader
{
    private readonly StoreGeneration _generation;
    private readonly VersionReader _values;
    private bool _disposed;

    /// <param name="generation">Held for this reader.</param>
    /// <param name="sequence">Of the block whose state it reads; 0 for the state before any.</param>
    public VersionedStateReader(StoreGeneration generation, ulong sequence)
    {
        _generation = generation;
        _values = new VersionReader(generation.Snapshot, sequence, generation.Header.Dead);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _values.Get(key);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!_disposed)
        {
            _disposed = true;
            _values.Dispose();
            _generation.Release();
        }

        base.Dispose(disposing);
    }
}

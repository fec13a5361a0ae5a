namespace Larder.Indexer.Engines;

/// <summary>A batch for a store in memory.</summary>
internal sealed class MemoryBatch : StoreBatch
{
    private readonly List<Change> _changes = [];
    private long _byteCount;

    /// <inheritdoc/>
    public override long ByteCount => _byteCount;

    public IReadOnlyList<Change> Changes => _changes;

    /// <inheritdoc/>
    public override void Put(StoreFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        Add(new Change(family, key.ToArray(), value.ToArray(), null));

    /// <inheritdoc/>
    public override void Delete(StoreFamily family, ReadOnlySpan<byte> key) => Add(new Change(family, key.ToArray(), null, null));

    /// <inheritdoc/>
    public override void DeleteRange(StoreFamily family, ReadOnlySpan<byte> start, ReadOnlySpan<byte> end) =>
        Add(new Change(family, start.ToArray(), null, end.ToArray()));

    /// <inheritdoc/>
    public override void Clear()
    {
        _changes.Clear();
        _byteCount = 0;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => Clear();

    private void Add(in Change change)
    {
        _changes.Add(change);
        _byteCount += change.Key.Length + (change.Value?.Length ?? 0);
    }

    /// <summary>One change: a key with its value, a key without one to delete it, or a range to delete.</summary>
    internal readonly record struct Change(StoreFamily Family, byte[] Key, byte[]? Value, byte[]? RangeEnd);
}

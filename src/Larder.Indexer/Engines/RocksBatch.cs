namespace Larder.Indexer.Engines;

/// <summary>A batch of the native engine.</summary>
internal sealed unsafe class RocksBatch : StoreBatch
{
    // What an entry costs beside its bytes: kind, family and lengths.
    private const int EntryBytes = 5;

    private readonly RocksDatabase _database;
    private long _byteCount;

    public RocksBatch(RocksDatabase database)
    {
        _database = database;
        database.Hold();
        Handle = RocksLibrary.Made(RocksNative.CreateBatch());
    }

    public nint Handle { get; private set; }

    /// <inheritdoc/>
    public override long ByteCount => _byteCount;

    /// <inheritdoc/>
    public override void Put(StoreFamily family, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* keyStart = key, valueStart = value)
        {
            RocksNative.BatchPut(Handle, _database.Family(family), keyStart, (nuint)key.Length, valueStart, (nuint)value.Length);
        }

        _byteCount += key.Length + value.Length + EntryBytes;
    }

    /// <inheritdoc/>
    public override void Delete(StoreFamily family, ReadOnlySpan<byte> key)
    {
        fixed (byte* start = key)
        {
            RocksNative.BatchDelete(Handle, _database.Family(family), start, (nuint)key.Length);
        }

        _byteCount += key.Length + EntryBytes;
    }

    /// <inheritdoc/>
    public override void DeleteRange(StoreFamily family, ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        fixed (byte* first = start, last = end)
        {
            RocksNative.BatchDeleteRange(Handle, _database.Family(family), first, (nuint)start.Length, last, (nuint)end.Length);
        }

        _byteCount += start.Length + end.Length + EntryBytes;
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        RocksNative.ClearBatch(Handle);
        _byteCount = 0;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (Handle != 0)
        {
            RocksNative.DestroyBatch(Handle);
            RocksLibrary.Released();
            Handle = 0;
            _database.Release();
        }
    }
}

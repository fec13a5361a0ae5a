namespace Larder.Indexer.Engines;

/// <summary>An iterator of the native engine.</summary>
internal sealed unsafe class RocksIterator : StoreIterator
{
    private const int ScanReadAheadBytes = 256 << 10;

    private readonly RocksDatabase _database;
    private readonly nint _options;
    private nint _iterator;

    public RocksIterator(RocksDatabase database, nint snapshot, StoreFamily family, bool scan)
    {
        database.Hold();
        _database = database;
        _options = RocksLibrary.Made(RocksNative.CreateReadOptions());
        RocksNative.SetSnapshot(_options, snapshot);
        if (scan)
        {
            RocksNative.SetFillCache(_options, 0);
            RocksNative.SetReadAhead(_options, ScanReadAheadBytes);
        }

        _iterator = RocksLibrary.Made(RocksNative.CreateIterator(database.Handle, _options, database.Family(family)));
    }

    /// <inheritdoc/>
    public override bool IsValid => RocksNative.IteratorValid(_iterator) != 0;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Key
    {
        get
        {
            nuint length = 0;
            var start = RocksNative.IteratorKey(_iterator, &length);
            return new ReadOnlySpan<byte>(start, RocksLibrary.CheckLength(length, 0));
        }
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Value
    {
        get
        {
            nuint length = 0;
            var start = RocksNative.IteratorValue(_iterator, &length);
            return new ReadOnlySpan<byte>(start, RocksLibrary.CheckLength(length, 0));
        }
    }

    /// <inheritdoc/>
    public override void Seek(ReadOnlySpan<byte> key)
    {
        fixed (byte* start = key)
        {
            RocksNative.IteratorSeek(_iterator, start, (nuint)key.Length);
        }

        Check();
    }

    /// <inheritdoc/>
    public override void SeekBackward(ReadOnlySpan<byte> key)
    {
        fixed (byte* start = key)
        {
            RocksNative.IteratorSeekBackward(_iterator, start, (nuint)key.Length);
        }

        Check();
    }

    /// <inheritdoc/>
    public override void SeekLast()
    {
        RocksNative.IteratorSeekLast(_iterator);
        Check();
    }

    /// <inheritdoc/>
    public override void Next()
    {
        RocksNative.IteratorNext(_iterator);
        Check();
    }

    /// <inheritdoc/>
    public override void Previous()
    {
        RocksNative.IteratorPrevious(_iterator);
        Check();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_iterator != 0)
        {
            RocksNative.DestroyIterator(_iterator);
            RocksNative.DestroyReadOptions(_options);
            RocksLibrary.Released();
            RocksLibrary.Released();
            _iterator = 0;
            _database.Release();
        }
    }

    // An iterator that is not valid has come to its end or has failed.
    private void Check()
    {
        if (RocksNative.IteratorValid(_iterator) == 0)
        {
            byte* error = null;
            RocksNative.IteratorError(_iterator, &error);
            RocksError.Check(error, _database.Directory, "could not be read");
        }
    }
}

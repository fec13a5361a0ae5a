using System.Buffers;

namespace Larder.Indexer.Engines;

/// <summary>A snapshot of the native engine.</summary>
internal sealed unsafe class RocksSnapshot : StoreSnapshot
{
    private readonly RocksDatabase _database;
    private readonly nint _options;
    private nint _snapshot;

    public RocksSnapshot(RocksDatabase database)
    {
        database.Hold();
        _database = database;
        _snapshot = RocksLibrary.Made(RocksNative.CreateSnapshot(database.Handle));
        _options = RocksLibrary.Made(RocksNative.CreateReadOptions());
        RocksNative.SetSnapshot(_options, _snapshot);
    }

    /// <inheritdoc/>
    public override bool TryGet(StoreFamily family, ReadOnlySpan<byte> key, StoreValue value)
    {
        byte* error = null;
        nint slice;
        fixed (byte* start = key)
        {
            slice = RocksNative.Get(_database.Handle, _options, _database.Family(family), start, (nuint)key.Length, &error);
        }

        RocksError.Check(error, _database.Directory, "could not be read");
        if (slice == 0)
        {
            value.Clear();
            return false;
        }

        value.HoldSlice(RocksLibrary.Made(slice));
        return true;
    }

    /// <inheritdoc/>
    public override void GetMany(StoreFamily family, PackedKeys keys, int start, int count, StoreValues values)
    {
        var slices = values.PrepareSlices(count);
        var pointers = ArrayPool<nint>.Shared.Rent(2 * count);
        var lengths = ArrayPool<nuint>.Shared.Rent(count);
        for (var i = 0; i < count; i++)
        {
            pointers[i] = (nint)keys.Pointer(start + i, out var length);
            lengths[i] = (nuint)length;
        }

        fixed (nint* keyList = pointers, sliceList = slices)
        fixed (nuint* lengthList = lengths)
        {
            var errors = (byte**)(keyList + count);
            RocksNative.GetMany(
                _database.Handle, _options, _database.Family(family), (nuint)count, (byte**)keyList, lengthList, sliceList, errors, 1);
            string? failure = null;
            var found = 0;
            for (var i = 0; i < count; i++)
            {
                found += sliceList[i] != 0 ? 1 : 0;
                if (errors[i] is not null)
                {
                    failure = RocksError.Take(errors[i]);
                }
            }

            RocksLibrary.MadeSlices(found);
            ArrayPool<nint>.Shared.Return(pointers);
            ArrayPool<nuint>.Shared.Return(lengths);
            if (failure is not null)
            {
                values.Clear();
                throw RocksError.ToException(failure, _database.Directory, "could not be read");
            }
        }
    }

    /// <inheritdoc/>
    public override StoreIterator Iterate(StoreFamily family, bool scan = false) => new RocksIterator(_database, _snapshot, family, scan);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_snapshot != 0)
        {
            RocksNative.DestroyReadOptions(_options);
            RocksNative.ReleaseSnapshot(_database.Handle, _snapshot);
            RocksLibrary.Released();
            RocksLibrary.Released();
            _snapshot = 0;
            _database.Release();
        }
    }
}

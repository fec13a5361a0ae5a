namespace Larder.Indexer.Engines;

/// <summary>Holds the values of many keys where the store has them, until it holds others or is disposed of.</summary>
internal sealed unsafe class StoreValues : IDisposable
{
    private byte[]?[] _arrays = [];
    private nint[] _slices = [];
    private int _count;

    /// <summary>The value of a key; false where it has none.</summary>
    public bool TryGet(int index, out ReadOnlySpan<byte> value)
    {
        if (_arrays.Length != 0)
        {
            value = _arrays[index];
            return _arrays[index] is not null;
        }

        var slice = _slices[index];
        if (slice == 0)
        {
            value = default;
            return false;
        }

        nuint length = 0;
        var start = RocksNative.SliceValue(slice, &length);
        value = new ReadOnlySpan<byte>(start, RocksLibrary.CheckLength(length, 0));
        return true;
    }

    /// <summary>Room for so many arrays, all null.</summary>
    public byte[]?[] PrepareArrays(int count)
    {
        Clear();
        if (_arrays.Length < count)
        {
            _arrays = new byte[]?[count];
        }

        _count = count;
        return _arrays;
    }

    /// <summary>Room for so many slices of the native engine, all 0; they are released with this.</summary>
    public nint[] PrepareSlices(int count)
    {
        Clear();
        if (_slices.Length < count)
        {
            _slices = new nint[count];
        }

        _count = count;
        return _slices;
    }

    /// <summary>Holds nothing.</summary>
    public void Clear()
    {
        if (_arrays.Length != 0)
        {
            Array.Clear(_arrays, 0, Math.Min(_count, _arrays.Length));
        }

        for (var i = 0; i < Math.Min(_count, _slices.Length); i++)
        {
            if (_slices[i] != 0)
            {
                RocksLibrary.ReleaseSlice(_slices[i]);
                _slices[i] = 0;
            }
        }

        _count = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();
}

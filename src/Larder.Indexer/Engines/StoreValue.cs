namespace Larder.Indexer.Engines;

/// <summary>Holds one value of a store where the store has it, without a copy, until it holds another or is disposed of.</summary>
internal sealed unsafe class StoreValue : IDisposable
{
    // Exactly one of the two is set while a value is held.
    private byte[]? _array;
    private nint _slice;
    private byte* _start;
    private int _length;

    /// <summary>The value; empty where none is held.</summary>
    public ReadOnlySpan<byte> Span => _slice != 0 ? new ReadOnlySpan<byte>(_start, _length) : _array;

    /// <summary>Holds an array that nobody changes.</summary>
    public void Hold(byte[] array)
    {
        Clear();
        _array = array;
    }

    /// <summary>Holds a slice of the native engine, which is released with it.</summary>
    public void HoldSlice(nint slice)
    {
        Clear();
        nuint length = 0;
        _start = RocksNative.SliceValue(slice, &length);
        _length = RocksLibrary.CheckLength(length, slice);
        _slice = slice;
    }

    /// <summary>Holds nothing.</summary>
    public void Clear()
    {
        _array = null;
        if (_slice != 0)
        {
            RocksLibrary.ReleaseSlice(_slice);
            _slice = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();
}

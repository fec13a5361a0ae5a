using System.Runtime.InteropServices;

namespace Larder.Indexer.Engines;

/// <summary>Many keys one after the other in memory that does not move, so that native code can be pointed at them.</summary>
internal sealed unsafe class PackedKeys : IDisposable
{
    private readonly List<int> _ends = [];
    private byte* _start;
    private int _capacity;
    private int _length;

    /// <summary>How many keys there are.</summary>
    public int Count => _ends.Count;

    /// <summary>A key by its number.</summary>
    public ReadOnlySpan<byte> this[int index] => new(Pointer(index, out var length), length);

    /// <summary>Where a key lies and how long it is.</summary>
    public byte* Pointer(int index, out int length)
    {
        var start = index == 0 ? 0 : _ends[index - 1];
        length = _ends[index] - start;
        return _start + start;
    }

    /// <summary>Adds a copy of a key.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        var end = checked(_length + key.Length);
        if (end > _capacity)
        {
            var capacity = (int)Math.Min(int.MaxValue, Math.Max(end, Math.Max(4096L, 2L * _capacity)));
            _start = (byte*)NativeMemory.Realloc(_start, (nuint)capacity);
            _capacity = capacity;
        }

        key.CopyTo(new Span<byte>(_start + _length, key.Length));
        _length = end;
        _ends.Add(end);
    }

    /// <summary>Forgets all keys and keeps the memory.</summary>
    public void Clear()
    {
        _ends.Clear();
        _length = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        NativeMemory.Free(_start);
        _start = null;
        _capacity = 0;
    }
}

namespace Larder.Wasm.Wasi;

/// <summary>The numbers that a guest has for what is open. New ones are the lowest that are free.</summary>
internal sealed class DescriptorTable(int capacity) : IDisposable
{
    private readonly List<Descriptor?> _entries = [];
    private int _open;

    public bool IsFull => _open >= capacity;

    public Descriptor? this[int number] => (uint)number < (uint)_entries.Count ? _entries[number] : null;

    /// <summary>Adds what was opened; the table must not be full.</summary>
    public int Add(Descriptor descriptor)
    {
        var number = _entries.IndexOf(null);
        if (number < 0)
        {
            number = _entries.Count;
            _entries.Add(null);
        }

        _entries[number] = descriptor;
        _open++;
        return number;
    }

    public Errno Close(int number)
    {
        if (this[number] is not { } descriptor)
        {
            return Errno.BadDescriptor;
        }

        _entries[number] = null;
        _open--;
        descriptor.Dispose();
        return Errno.Success;
    }

    /// <summary>Gives one descriptor the number of another, which is closed.</summary>
    public Errno Renumber(int from, int to)
    {
        if (this[from] is not { } moved || this[to] is null)
        {
            return Errno.BadDescriptor;
        }

        if (from == to)
        {
            return Errno.Success;
        }

        Close(to);
        _entries[to] = moved;
        _entries[from] = null;
        return Errno.Success;
    }

    public void Dispose()
    {
        for (var number = 0; number < _entries.Count; number++)
        {
            Close(number);
        }
    }
}

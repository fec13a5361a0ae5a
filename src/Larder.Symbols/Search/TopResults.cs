namespace Larder.Symbols.Search;

/// <summary>Keeps the smallest of many numbers. The largest kept is at the root of a heap.</summary>
internal sealed class TopResults(int limit)
{
    private readonly ulong[] _heap = new ulong[limit];
    private int _count;

    /// <summary>How many numbers were seen.</summary>
    public long Total { get; private set; }

    public void Add(ulong value)
    {
        Total++;
        if (_count < _heap.Length)
        {
            Rise(value);
        }
        else if (value < _heap[0])
        {
            Sink(value);
        }
    }

    /// <summary>The numbers that were kept, in order.</summary>
    public ulong[] Sorted()
    {
        var sorted = _heap[.._count];
        Array.Sort(sorted);
        return sorted;
    }

    private void Rise(ulong value)
    {
        var at = _count++;
        for (; at > 0 && _heap[(at - 1) / 2] < value; at = (at - 1) / 2)
        {
            _heap[at] = _heap[(at - 1) / 2];
        }

        _heap[at] = value;
    }

    private void Sink(ulong value)
    {
        var at = 0;
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= _count)
            {
                break;
            }

            child += child + 1 < _count && _heap[child + 1] > _heap[child] ? 1 : 0;
            if (_heap[child] <= value)
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = value;
    }
}

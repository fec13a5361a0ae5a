using System.Diagnostics.CodeAnalysis;

namespace Larder.Bench.Memory;

/// <summary>The textbook: a dictionary into arrays that are linked in order of use, behind a lock. Allocates nothing.</summary>
internal sealed class LockedLru<TKey, TValue>
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, int> _index;
    private readonly TKey[] _keys;
    private readonly TValue[] _values;
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int _head;
    private int _count;
    private long _hits;
    private long _misses;

    public LockedLru(int capacity)
    {
        _index = new Dictionary<TKey, int>(capacity);
        _keys = new TKey[capacity];
        _values = new TValue[capacity];
        _head = capacity;
        _next = new int[capacity + 1];
        _previous = new int[capacity + 1];
        _next[_head] = _previous[_head] = _head;
    }

    public long Lookups => _hits + _misses;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_gate)
        {
            return Find(key, out value);
        }
    }

    public TValue GetOrAdd(TKey key, Func<TKey, TValue> factory)
    {
        lock (_gate)
        {
            if (Find(key, out var found))
            {
                return found;
            }

            var value = factory(key);
            Insert(key, value);
            return value;
        }
    }

    public void Put(TKey key, TValue value)
    {
        lock (_gate)
        {
            if (_index.TryGetValue(key, out var slot))
            {
                _values[slot] = value;
                Unlink(slot);
                LinkFirst(slot);
                return;
            }

            Insert(key, value);
        }
    }

    private bool Find(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!_index.TryGetValue(key, out var slot))
        {
            _misses++;
            value = default;
            return false;
        }

        _hits++;
        if (_next[_head] != slot)
        {
            Unlink(slot);
            LinkFirst(slot);
        }

        value = _values[slot];
        return true;
    }

    private void Insert(TKey key, TValue value)
    {
        int slot;
        if (_count < _keys.Length)
        {
            slot = _count++;
        }
        else
        {
            slot = _previous[_head];
            Unlink(slot);
            _index.Remove(_keys[slot]);
        }

        _keys[slot] = key;
        _values[slot] = value;
        _index.Add(key, slot);
        LinkFirst(slot);
    }

    private void Unlink(int slot)
    {
        _next[_previous[slot]] = _next[slot];
        _previous[_next[slot]] = _previous[slot];
    }

    private void LinkFirst(int slot)
    {
        _next[slot] = _next[_head];
        _previous[slot] = _head;
        _previous[_next[_head]] = slot;
        _next[_head] = slot;
    }
}

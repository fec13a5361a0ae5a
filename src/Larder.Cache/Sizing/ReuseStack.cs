namespace Larder.Cache.Sizing;

/// <summary>
/// Sampled keys in the order of their last use, with the number and the weight of those that were used after each: the
/// stack of Mattson et al. ("Evaluation techniques for storage hierarchies", 1970), which every LRU cache holds the top of.
/// </summary>
/// <remarks>
/// Every use takes the next place in time. Two binary indexed trees over the places add up keys and weights, so that a use
/// costs a few steps per doubling of the keys; when the places run out, the keys are moved together in their order. Plain
/// and for one thread.
/// </remarks>
internal sealed class ReuseStack
{
    private const int FirstKeys = 256;
    private const int None = -1;

    private readonly Dictionary<ulong, int> _slots = [];

    // By slot. A free slot's place is None; its key leads to nothing.
    private ulong[] _keys = new ulong[FirstKeys];
    private ulong[] _hashes = new ulong[FirstKeys];
    private int[] _places = new int[FirstKeys];
    private long[] _weights = new long[FirstKeys];
    private int[] _groups = new int[FirstKeys];
    private readonly Stack<int> _free = [];
    private int _nextSlot;

    // By place: the slot that was used then and not since. Twice as many places as slots.
    private int[] _slotAt = new int[2 * FirstKeys];
    private long[] _counts = new long[(2 * FirstKeys) + 1];
    private long[] _sums = new long[(2 * FirstKeys) + 1];
    private int _nextPlace;

    // No place before this one is taken.
    private int _oldest;

    /// <summary>How many keys there are.</summary>
    public int Count => _slots.Count;

    /// <summary>Weight of all keys.</summary>
    public long Weight { get; private set; }

    /// <summary>Finds a key's slot; false when the key is not there.</summary>
    public bool TryFind(ulong key, out int slot) => _slots.TryGetValue(key, out slot);

    /// <summary>The weight that a key was last given.</summary>
    public long WeightOf(int slot) => _weights[slot];

    /// <summary>How many keys were used after this one was, and what they weigh.</summary>
    public (long Count, long Weight) After(int slot)
    {
        var (count, weight) = (0L, 0L);
        for (var node = _places[slot] + 1; node > 0; node &= node - 1)
        {
            count += _counts[node];
            weight += _sums[node];
        }

        return (Count - count, Weight - weight);
    }

    /// <summary>Makes a key the newest, with a new weight.</summary>
    public void Touch(int slot, long weight)
    {
        Leave(slot);
        Place(slot, weight);
    }

    /// <summary>Adds a key that is not there as the newest.</summary>
    public void Add(ulong key, ulong hash, int group, long weight)
    {
        if (!_free.TryPop(out var slot))
        {
            slot = _nextSlot++;
            if (slot == _keys.Length)
            {
                Grow();
            }
        }

        _keys[slot] = key;
        _hashes[slot] = hash;
        _groups[slot] = group;
        _slots.Add(key, slot);
        Place(slot, weight);
    }

    /// <summary>Takes a key out.</summary>
    public void Remove(int slot)
    {
        Leave(slot);
        _slots.Remove(_keys[slot]);
        _places[slot] = None;
        _free.Push(slot);
    }

    /// <summary>Takes the key out that was not used for the longest time; there must be one.</summary>
    public void RemoveOldest()
    {
        while (_slotAt[_oldest] == None)
        {
            _oldest++;
        }

        Remove(_slotAt[_oldest]);
    }

    /// <summary>The number and the weight of the keys of one group.</summary>
    public (long Count, long Weight) OfGroup(int group)
    {
        var (count, weight) = (0L, 0L);
        foreach (var slot in _slots.Values)
        {
            if (_groups[slot] == group)
            {
                count++;
                weight += _weights[slot];
            }
        }

        return (count, weight);
    }

    /// <summary>The hash below which so many of the keys' hashes lie.</summary>
    public ulong HashBelowWhich(int count)
    {
        var hashes = new ulong[Count];
        var at = 0;
        foreach (var slot in _slots.Values)
        {
            hashes[at++] = _hashes[slot];
        }

        Array.Sort(hashes);
        return hashes[count];
    }

    /// <summary>Takes every key out whose hash is not below a bound.</summary>
    public void RemoveFrom(ulong hash)
    {
        for (var slot = 0; slot < _nextSlot; slot++)
        {
            if (_places[slot] != None && _hashes[slot] >= hash)
            {
                Remove(slot);
            }
        }
    }

    /// <summary>Takes every key out.</summary>
    public void Clear()
    {
        _slots.Clear();
        _free.Clear();
        _nextSlot = 0;
        Weight = 0;
        ClearPlaces();
    }

    private void Place(int slot, long weight)
    {
        if (_nextPlace == _slotAt.Length)
        {
            MoveTogether();
        }
        else if (_nextPlace == 0)
        {
            ClearPlaces();
        }

        var place = _nextPlace++;
        _places[slot] = place;
        _weights[slot] = weight;
        _slotAt[place] = slot;
        Change(place, 1, weight);
    }

    private void Leave(int slot)
    {
        var place = _places[slot];
        _slotAt[place] = None;
        Change(place, -1, -_weights[slot]);
    }

    private void Change(int place, long count, long weight)
    {
        Weight += weight;
        for (var node = place + 1; node < _counts.Length; node += node & -node)
        {
            _counts[node] += count;
            _sums[node] += weight;
        }
    }

    private void ClearPlaces()
    {
        Array.Fill(_slotAt, None);
        Array.Clear(_counts);
        Array.Clear(_sums);
        _nextPlace = 0;
        _oldest = 0;
    }

    // Gives the keys the first places, in their order. A key that is between two places right now has none, and stays out.
    private void MoveTogether()
    {
        var kept = 0;
        for (var place = 0; place < _nextPlace; place++)
        {
            if (_slotAt[place] != None)
            {
                // Never ahead of where it is read.
                _slotAt[kept++] = _slotAt[place];
            }
        }

        Weight = 0;
        Array.Clear(_counts);
        Array.Clear(_sums);
        _slotAt.AsSpan(kept).Fill(None);
        (_nextPlace, _oldest) = (kept, 0);
        for (var place = 0; place < kept; place++)
        {
            _places[_slotAt[place]] = place;
            Change(place, 1, _weights[_slotAt[place]]);
        }
    }

    private void Grow()
    {
        var keys = 2 * _keys.Length;
        Array.Resize(ref _keys, keys);
        Array.Resize(ref _hashes, keys);
        Array.Resize(ref _places, keys);
        Array.Resize(ref _weights, keys);
        Array.Resize(ref _groups, keys);
        Array.Resize(ref _slotAt, 2 * keys);
        _counts = new long[_slotAt.Length + 1];
        _sums = new long[_slotAt.Length + 1];
        MoveTogether();
    }
}

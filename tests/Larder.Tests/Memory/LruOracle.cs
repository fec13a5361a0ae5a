using Larder.Cache.Artifacts;

namespace Larder.Tests.Memory;

/// <summary>The simplest cache that does what the exact LRU says: a list, the least recently used first.</summary>
internal sealed class LruOracle(long maxEntries, long capacityBytes)
{
    private readonly List<(Item Item, string? Owner)> _order = [];
    private long _maxEntries = maxEntries;
    private long _capacity = capacityBytes;
    private long _reserved;

    public long Hits { get; private set; }

    public long Misses { get; private set; }

    public long Bytes => Live + _reserved;

    public IEnumerable<int> Keys => _order.Select(entry => entry.Item.Key);

    public bool CanResize => _reserved < 40;

    private long Live => _order.Sum(entry => entry.Item.Weight);

    public Item? Get(int key)
    {
        var at = IndexOf(key);
        if (at < 0)
        {
            Misses++;
            return null;
        }

        Hits++;
        var entry = _order[at];
        _order.RemoveAt(at);
        _order.Add(entry);
        return entry.Item;
    }

    public PutOutcome Put(Item item, string? wantedOwner, out string? owner)
    {
        owner = wantedOwner;
        Remove(item.Key);
        if (item.Weight > _capacity)
        {
            return PutOutcome.TooLarge;
        }

        if (_reserved > 0 && item.Weight > _capacity - _reserved)
        {
            return PutOutcome.NoSpace;
        }

        while (_order.Count + 1 > _maxEntries || Live + _reserved + item.Weight > _capacity)
        {
            _order.RemoveAt(0);
        }

        _order.Add((item, owner));
        return PutOutcome.Stored;
    }

    public bool Remove(int key)
    {
        var at = IndexOf(key);
        if (at >= 0)
        {
            _order.RemoveAt(at);
        }

        return at >= 0;
    }

    public bool Reserve(long weight)
    {
        if (weight > _capacity || (_reserved > 0 && weight > _capacity - _reserved))
        {
            return false;
        }

        while (Live + _reserved + weight > _capacity)
        {
            _order.RemoveAt(0);
        }

        _reserved += weight;
        return true;
    }

    public void Unreserve(long weight) => _reserved -= weight;

    public int InvalidateOwner(string owner) => _order.RemoveAll(entry => entry.Owner == owner);

    public int Clear()
    {
        var count = _order.Count;
        _order.Clear();
        return count;
    }

    public void Trim(long bytes)
    {
        while (bytes > 0 && Live > 0)
        {
            bytes -= _order[0].Item.Weight;
            _order.RemoveAt(0);
        }
    }

    public void Resize(long capacity, long maxEntries)
    {
        (_capacity, _maxEntries) = (capacity, maxEntries);
        while (_order.Count > 0 && (_order.Count > _maxEntries || Live + _reserved > _capacity))
        {
            _order.RemoveAt(0);
        }
    }

    private int IndexOf(int key) => _order.FindIndex(entry => entry.Item.Key == key);
}

using Larder.Cache.Policy;

namespace Larder.Tests.Policy;

/// <summary>The least that a policy needs around it: keys in slots, weights, and a read-through request.</summary>
internal sealed class PolicyShard : ISlotTable
{
    private readonly Dictionary<int, int> _slotOfKey = [];
    private readonly List<int> _keyOfSlot = [];
    private readonly List<long> _weightOfSlot = [];
    private readonly Stack<int> _free = [];
    private readonly List<int> _victims = [];

    public PolicyShard(long bytes, long entries)
    {
        Policy.Attach(this);
        Policy.EnsureCapacity(8);
        Resize(bytes, entries);
    }

    public FrequencyPolicy Policy { get; } = new();

    public long CapacityBytes { get; private set; }

    public long CapacityEntries { get; private set; }

    public long Bytes { get; private set; }

    public int Count => _slotOfKey.Count;

    public IEnumerable<int> Keys => _slotOfKey.Keys.Order();

    /// <summary>Keys in the order in which they were evicted.</summary>
    public List<int> Evicted { get; } = [];

    public bool Holds(int key) => _slotOfKey.ContainsKey(key);

    public bool Request(int key, long weight = 1)
    {
        if (_slotOfKey.TryGetValue(key, out var slot))
        {
            Policy.Touches[slot] = 1;
            return true;
        }

        Put(key, weight);
        return false;
    }

    /// <summary>Share of hits when the keys are requested in order.</summary>
    public double Replay(IEnumerable<int> keys)
    {
        var hits = 0;
        var requests = 0;
        foreach (var key in keys)
        {
            hits += Request(key) ? 1 : 0;
            requests++;
        }

        return hits / (double)requests;
    }

    /// <summary>Puts a key that is not there; checks everything that the contract promises of the answer.</summary>
    public bool Put(int key, long weight)
    {
        var excessBytes = CapacityBytes < 0 ? 0 : Bytes + weight - CapacityBytes;
        var excessEntries = CapacityEntries < 0 ? 0 : Count + 1 - CapacityEntries;
        _victims.Clear();
        var admitted = Policy.MakeRoom(HashOf(key, 0), weight, excessBytes, excessEntries, _victims);
        if (!admitted)
        {
            Assert.Empty(_victims);
            return false;
        }

        foreach (var victim in _victims)
        {
            Evicted.Add(_keyOfSlot[victim]);
            RemoveSlot(victim);
        }

        Assert.True(CapacityBytes < 0 || Bytes + weight <= CapacityBytes, "Not enough bytes were freed.");
        Assert.True(CapacityEntries < 0 || Count + 1 <= CapacityEntries, "Not enough entries were freed.");
        Insert(key, weight);
        return true;
    }

    public void Replace(int key, long weight)
    {
        var slot = _slotOfKey[key];
        Policy.OnReplace(slot, weight);
        Bytes += weight - _weightOfSlot[slot];
        _weightOfSlot[slot] = weight;
    }

    public void Remove(int key) => RemoveSlot(_slotOfKey[key]);

    /// <summary>Sets the limits and evicts what is above them, as a shard does.</summary>
    public void Resize(long bytes, long entries)
    {
        CapacityBytes = bytes;
        CapacityEntries = entries;
        Policy.SetCapacity(bytes, entries);
        while ((bytes >= 0 && Bytes > bytes) || (entries >= 0 && Count > entries))
        {
            var victim = Policy.NextVictim();
            Assert.True(victim >= 0, "There are entries, but no victim.");
            RemoveSlot(victim);
        }
    }

    uint ISlotTable.HashOf(int slot) => HashOf(_keyOfSlot[slot], 0);

    long ISlotTable.WeightOf(int slot) => _weightOfSlot[slot];

    private static uint HashOf(int key, uint seed)
    {
        var mixed = ((uint)key + seed + 1UL) * 0x9E3779B97F4A7C15UL;
        mixed = (mixed ^ (mixed >> 31)) * 0xD6E8FEB86659FD93UL;
        return (uint)(mixed >> 32);
    }

    private void Insert(int key, long weight)
    {
        if (!_free.TryPop(out var slot))
        {
            slot = _keyOfSlot.Count;
            _keyOfSlot.Add(0);
            _weightOfSlot.Add(0);
            if (slot == Policy.Touches.Length)
            {
                Policy.EnsureCapacity(slot + (slot / 2));
            }
        }

        _keyOfSlot[slot] = key;
        _weightOfSlot[slot] = weight;
        _slotOfKey.Add(key, slot);
        Bytes += weight;
        Policy.OnInsert(slot, HashOf(key, 0), weight);
    }

    private void RemoveSlot(int slot)
    {
        Assert.True(_slotOfKey.Remove(_keyOfSlot[slot]), "The victim is not there.");
        Policy.OnRemove(slot);
        Bytes -= _weightOfSlot[slot];
        _free.Push(slot);
    }
}

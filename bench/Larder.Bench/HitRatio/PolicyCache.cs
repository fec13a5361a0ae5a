using Larder.Cache.Policy;

namespace Larder.Bench.HitRatio;

/// <summary>Drives one of the product's eviction policies as a cache of one shard does, without the shard.</summary>
internal sealed class PolicyCache : SimulatedCache, ISlotTable
{
    private readonly EvictionPolicy _policy;
    private readonly LruPolicy? _lru;
    private readonly bool _inBytes;
    private readonly long _capacity;
    private readonly int[] _slotOfKey;
    private readonly List<int> _victims = [];
    private readonly Stack<int> _free = [];
    private int[] _keyOfSlot = new int[16];
    private uint[] _hashOfSlot = new uint[16];
    private uint[] _weightOfSlot = new uint[16];
    private int _slots;
    private long _used;

    public PolicyCache(EvictionPolicy policy, int keys, long capacity, bool inBytes)
    {
        _policy = policy;
        _lru = policy as LruPolicy;
        _capacity = capacity;
        _inBytes = inBytes;
        _slotOfKey = new int[keys];
        Array.Fill(_slotOfKey, -1);
        _policy.Attach(this);
        _policy.EnsureCapacity(_keyOfSlot.Length);
        _policy.SetCapacity(inBytes ? capacity : -1, inBytes ? -1 : capacity);
    }

    public override bool Request(int key, uint weight)
    {
        int slot = _slotOfKey[key];

        if (slot >= 0 && _lru is not null)
        {
            _lru.Stamp(slot);
            return true;
        }

        if (slot >= 0)
        {
            byte[] touches = _policy.Touches;
            byte seen = touches[slot];

            if (seen < EvictionPolicy.MaxTouch)
            {
                touches[slot] = (byte)(seen + 1);
            }

            return true;
        }

        Insert(key, weight);
        return false;
    }

    uint ISlotTable.HashOf(int slot) => _hashOfSlot[slot];

    long ISlotTable.WeightOf(int slot) => _weightOfSlot[slot];

    public override void Check()
    {
        _policy.CheckIntegrity();

        if (_used > _capacity)
        {
            throw new InvalidOperationException($"The cache holds {_used} of {_capacity}.");
        }
    }

    private static uint Mix(int key)
    {
        ulong mixed = ((uint)key + 1UL) * 0x9E3779B97F4A7C15UL;
        mixed ^= mixed >> 32;
        mixed *= 0xD6E8FEB86659FD93UL;
        return (uint)(mixed >> 32);
    }

    private void Insert(int key, uint weight)
    {
        if (weight > _capacity)
        {
            return;
        }

        _lru?.Tick();
        long excess = _used + weight - _capacity;
        uint hash = Mix(key);
        _victims.Clear();

        if (!_policy.MakeRoom(hash, weight, _inBytes ? excess : 0, _inBytes ? 0 : excess, _victims))
        {
            return;
        }

        foreach (int victim in _victims)
        {
            _policy.OnRemove(victim);
            _slotOfKey[_keyOfSlot[victim]] = -1;
            _used -= _weightOfSlot[victim];
            _free.Push(victim);
        }

        if (!_free.TryPop(out int slot))
        {
            slot = _slots++;

            if (slot == _keyOfSlot.Length)
            {
                int grown = (int)(_inBytes ? slot * 2L : Math.Min(slot * 2L, Math.Max(_capacity, slot + 1)));
                Array.Resize(ref _keyOfSlot, grown);
                Array.Resize(ref _weightOfSlot, grown);
                Array.Resize(ref _hashOfSlot, grown);
                _policy.EnsureCapacity(grown);
            }
        }

        _keyOfSlot[slot] = key;
        _weightOfSlot[slot] = weight;
        _hashOfSlot[slot] = hash;
        _slotOfKey[key] = slot;
        _used += weight;
        _policy.OnInsert(slot, hash, weight);
    }
}

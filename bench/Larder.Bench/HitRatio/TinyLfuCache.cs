namespace Larder.Bench.HitRatio;

/// <summary>
/// W-TinyLFU as published: a window, a segmented main with 80 % protected, and a 4-bit sketch that is halved every ten
/// capacities; with aggregated victims, a candidate must beat the sum of those it pushes out.
/// </summary>
internal sealed class TinyLfuCache : ReferenceCache
{
    private const int WarmFrequency = 6;

    private readonly KeyList _window;
    private readonly KeyList _probation;
    private readonly KeyList _protected;
    private readonly byte[] _place;
    private readonly CountMinSketch _sketch;
    private readonly List<int> _victims = [];
    private readonly long _windowCapacity;
    private readonly long _protectedCapacity;
    private readonly bool _aggregated;
    private uint _random = 2463534242;

    public TinyLfuCache(int keys, long capacity, int expectedEntries, double window, bool aggregated)
        : base(keys, capacity)
    {
        _window = new KeyList(Links);
        _probation = new KeyList(Links);
        _protected = new KeyList(Links);
        _place = new byte[keys];
        _sketch = new CountMinSketch(expectedEntries);
        _windowCapacity = Math.Max(1, (long)(capacity * window));
        _protectedCapacity = (long)((capacity - _windowCapacity) * 0.8);
        _aggregated = aggregated;
    }

    private KeyList ListOf(int key) => _place[key] switch { 0 => _window, 1 => _probation, _ => _protected };

    protected override void OnHit(int key)
    {
        _sketch.Increment(key);
        Move(key, _place[key] == 0 ? (byte)0 : (byte)2);

        while (_protected.Weight > _protectedCapacity)
        {
            Move(_protected.Oldest, 1);
        }
    }

    protected override void OnMiss(int key, uint weight)
    {
        _sketch.Increment(key);
        long mainCapacity = Capacity - _windowCapacity;

        while (_window.Oldest != KeyList.None && _window.Weight + weight > _windowCapacity)
        {
            int candidate = _window.Oldest;

            if (Wins(candidate, Weights[candidate], mainCapacity))
            {
                Move(candidate, 1);
            }
            else
            {
                Drop(candidate);
            }
        }

        if (weight <= _windowCapacity)
        {
            Admit(key, weight, 0);
        }
        else if (Wins(key, weight, mainCapacity))
        {
            Admit(key, weight, 1);
        }
    }

    private void Admit(int key, uint weight, byte place)
    {
        Enter(key, weight);
        _place[key] = place;
        ListOf(key).Add(key, weight);
    }

    private bool Wins(int candidate, uint weight, long mainCapacity)
    {
        long need = _probation.Weight + _protected.Weight + weight - mainCapacity;
        int frequency = _sketch.Estimate(candidate);
        int sum = 0;
        _victims.Clear();

        for (int victim = _probation.Oldest; need > 0; victim = _probation.Newer(victim))
        {
            if (victim == KeyList.None)
            {
                if (_protected.Oldest == KeyList.None || weight > mainCapacity)
                {
                    return false;
                }

                Demote();
                return Wins(candidate, weight, mainCapacity);
            }

            sum = _aggregated || sum == 0 ? sum + _sketch.Estimate(victim) : sum;
            need -= Weights[victim];
            _victims.Add(victim);
        }

        if (_victims.Count > 0 && frequency <= sum && !(frequency >= WarmFrequency && (Next() & 127) == 0))
        {
            return false;
        }

        foreach (int victim in _victims)
        {
            Drop(victim);
        }

        return true;
    }

    private void Demote() => Move(_protected.Oldest, 1);

    private void Move(int key, byte place)
    {
        ListOf(key).Remove(key, Weights[key]);
        _place[key] = place;
        ListOf(key).Add(key, Weights[key]);
    }

    private void Drop(int key)
    {
        ListOf(key).Remove(key, Weights[key]);
        Leave(key);
    }

    private uint Next()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return _random;
    }

    private sealed class CountMinSketch
    {
        private readonly byte[] _counters;
        private readonly int _mask;
        private readonly long _period;
        private long _count;

        public CountMinSketch(int entries)
        {
            int size = 16;

            while (size < entries * 8L && size < 1 << 28)
            {
                size *= 2;
            }

            _counters = new byte[size];
            _mask = size - 1;
            _period = 10L * Math.Max(10, entries);
        }

        public int Estimate(int key)
        {
            int least = 15;

            for (uint row = 0; row < 4; row++)
            {
                least = Math.Min(least, _counters[Index(key, row)]);
            }

            return least;
        }

        public void Increment(int key)
        {
            for (uint row = 0; row < 4; row++)
            {
                ref byte counter = ref _counters[Index(key, row)];
                counter = (byte)Math.Min(15, counter + 1);
            }

            if (++_count >= _period)
            {
                _count /= 2;

                for (int i = 0; i < _counters.Length; i++)
                {
                    _counters[i] >>= 1;
                }
            }
        }

        private int Index(int key, uint row)
        {
            ulong mixed = ((uint)key + 1UL + ((ulong)row << 40)) * 0x9E3779B97F4A7C15UL;
            mixed = (mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9UL;
            return (int)(mixed >> 33) & _mask;
        }
    }
}

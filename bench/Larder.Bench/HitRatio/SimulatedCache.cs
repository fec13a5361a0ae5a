namespace Larder.Bench.HitRatio;

/// <summary>A read-through cache over dense key numbers: a request is a hit, or a miss that offers the key.</summary>
internal abstract class SimulatedCache
{
    /// <summary>Serves one request.</summary>
    /// <param name="key">Key number, below the trace's number of unique keys.</param>
    /// <param name="weight">What the entry costs: 1 when capacity counts entries, its size when it counts bytes.</param>
    /// <returns>Whether it was a hit.</returns>
    public abstract bool Request(int key, uint weight);

    /// <summary>Throws when the cache holds more than its capacity or its structure is not sound.</summary>
    public abstract void Check();
}

/// <summary>What the reference policies share: who is in, at what weight, and the capacity.</summary>
internal abstract class ReferenceCache(int keys, long capacity) : SimulatedCache
{
    private long _used;

    protected KeyLinks Links { get; } = new(keys);

    protected uint[] Weights { get; } = new uint[keys];

    protected bool[] Resident { get; } = new bool[keys];

    protected long Capacity { get; } = capacity;

    public sealed override bool Request(int key, uint weight)
    {
        if (Resident[key])
        {
            OnHit(key);
            return true;
        }

        if (weight <= Capacity)
        {
            OnMiss(key, weight);
        }

        return false;
    }

    public sealed override void Check()
    {
        if (_used > Capacity)
        {
            throw new InvalidOperationException($"{GetType().Name} holds {_used} of {Capacity}.");
        }
    }

    protected abstract void OnHit(int key);

    protected abstract void OnMiss(int key, uint weight);

    protected bool Fits(uint weight) => _used + weight <= Capacity;

    protected void Enter(int key, uint weight)
    {
        Resident[key] = true;
        Weights[key] = weight;
        _used += weight;
    }

    protected void Leave(int key)
    {
        Resident[key] = false;
        _used -= Weights[key];
    }
}

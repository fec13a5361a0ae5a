namespace Larder.Bench.HitRatio;

/// <summary>A read-through cache over dense key numbers: a request is a hit, or a miss that offers the key.</summary>
internal abstract class SimulatedCache
{
    /// <summary>Serves one request.</summary>
    /// <param name="key">Key number, below the trace's number of unique keys.</param>
    /// <param name="weight">What the entry costs: 1 when capacity counts entries, its size when it counts bytes.</param>
    /// <returns>Whether it was a hit.</returns>
    public abstract bool Request(uint key, uint weight);

    /// <summary>Throws when the cache holds more than its capacity or its structure is not sound.</summary>
    public abstract void Check();
}

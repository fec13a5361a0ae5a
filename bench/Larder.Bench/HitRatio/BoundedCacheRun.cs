using Larder.Cache.Memory;
using Larder.Cache.Policy;

namespace Larder.Bench.HitRatio;

/// <summary>The product's own cache with its default options; this is what the bars are about.</summary>
internal sealed class BoundedCacheRun : SimulatedCache
{
    private readonly BoundedCache<long, uint> _cache;
    private readonly long _capacity;
    private readonly bool _inBytes;

    public BoundedCacheRun(EvictionPolicyKind policy, long capacity, bool inBytes)
    {
        _capacity = capacity;
        _inBytes = inBytes;
        _cache = new BoundedCache<long, uint>(inBytes
            ? new() { CapacityBytes = capacity, Policy = policy, Weigher = static (_, weight) => weight }
            : new() { MaxEntries = capacity, Policy = policy });
    }

    public override bool Request(int key, uint weight)
    {
        if (_cache.TryGet(key, out _))
        {
            return true;
        }

        _cache.Put(key, weight);
        return false;
    }

    public override void Check()
    {
        if ((_inBytes ? _cache.BookedBytes : _cache.Count) > _capacity)
        {
            throw new InvalidOperationException($"The cache exceeds its capacity of {_capacity}.");
        }

        _cache.CheckIntegrity();
    }
}

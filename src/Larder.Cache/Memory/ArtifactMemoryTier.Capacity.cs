using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <content>Capacity and statistics.</content>
public sealed partial class ArtifactMemoryTier
{
    private readonly Lock _capacityGate = new();

    // Guarded by _capacityGate: what was asked for, and which part of it memory pressure holds back.
    private long _configuredBytes;
    private long _configuredEntries;
    private double _withheldPart;

    /// <summary>Most bytes that entries and bookings may take now.</summary>
    public long CapacityBytes => _cache.CapacityBytes;

    /// <summary>Bytes of the capacity that are given up while memory is short.</summary>
    public long WithheldBytes
    {
        get
        {
            lock (_capacityGate)
            {
                return (long)(UnderLockFullBytes() * _withheldPart);
            }
        }
    }

    /// <summary>
    /// Changes the budgets; the hottest entries stay. On an arena the capacity is at most 15/16 of its size, which does
    /// not change.
    /// </summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public void Resize(long capacityBytes, long maxEntries)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(maxEntries);
        lock (_capacityGate)
        {
            _configuredBytes = capacityBytes;
            _configuredEntries = maxEntries;
            _cache.Resize(EffectiveBytes(), _configuredEntries);
        }
    }

    /// <summary>Evicts the coldest entries until so many bytes are freed, for memory pressure; returns how many were.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public long Trim(long bytes) => _cache.Trim(bytes);

    /// <summary>The last eviction decision of every shard that has made one.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public IReadOnlyList<EvictionReport> GetEvictionReports() => _cache.GetEvictionReports();

    /// <summary>A snapshot: exact at rest; under load, each figure is exact for its moment.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public TierStatistics GetStatistics()
    {
        var cache = _cache.GetStatistics();
        var kinds = _kinds.Values.Select(kind => kind.Read()).OrderBy(kind => kind.Kind, StringComparer.Ordinal).ToList();
        var others = _otherKinds.Read();
        if (others.Lookups + others.Puts > 0)
        {
            kinds.Add(others);
        }

        return new TierStatistics
        {
            Tier = TierKind.Memory,
            Entries = cache.Entries,
            Bytes = cache.Bytes,
            ReservedBytes = cache.ReservedBytes,
            CapacityBytes = cache.CapacityBytes,
            MaxEntries = cache.MaxEntries == long.MaxValue ? -1 : cache.MaxEntries,
            Errors = Volatile.Read(ref _errors) + cache.ListenerFailures,
            Kinds = kinds,
        };
    }

    /// <summary>Holds back a part of the capacity, from 0 to 1; returns how many bytes were evicted for it.</summary>
    internal long Withhold(double part)
    {
        lock (_capacityGate)
        {
            _withheldPart = Math.Clamp(part, 0, 1);
            var bytes = EffectiveBytes();

            // Evicted as pressure what the lower capacity would otherwise evict as a resize.
            var excess = _cache.BookedBytes - bytes;
            var evicted = excess > 0 ? _cache.Trim(excess) : 0;
            _cache.Resize(bytes, _configuredEntries);
            return evicted;
        }
    }

    private long UnderLockFullBytes() =>
        Arena is null ? _configuredBytes : Math.Min(_configuredBytes, Arena.SizeBytes / 16 * 15);

    private long EffectiveBytes()
    {
        var full = UnderLockFullBytes();
        return full - (long)(full * _withheldPart);
    }
}

using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <summary>What the memory tier has counted for one kind. Exact at rest.</summary>
internal sealed class MemoryKindCounters
{
    private readonly ThreadCounters _lookups = new(3);
    // The counter behind it takes the bytes.
    private readonly int _hits;
    private readonly int _misses;
    private long _puts;
    private long _storedBytes;
    private long _entries;
    private long _bytes;
    private long _evicted;
    private long _evictedBytes;
    private long _removed;
    private long _replaced;
    private long _refused;
    private long _quarantined;

    public MemoryKindCounters(string kind)
    {
        Kind = kind;
        _hits = _lookups.IndexOf(0);
        _misses = _lookups.IndexOf(2);
    }

    /// <summary>The kind's name.</summary>
    public string Kind { get; }

    /// <summary>Counts a lookup that was answered with so many payload bytes.</summary>
    public void CountHit(long bytes) => ThreadCounters.AddPair(_hits, 1, bytes);

    /// <summary>Counts a lookup that found nothing.</summary>
    public void CountMiss() => ThreadCounters.Add(_misses, 1);

    /// <summary>Counts a put that the cache decided; what became of refused content comes through <see cref="CountRemoval"/>.</summary>
    public void CountPut(PutOutcome outcome, long length, long weight)
    {
        Interlocked.Increment(ref _puts);
        if (outcome == PutOutcome.Stored)
        {
            Interlocked.Increment(ref _entries);
            Interlocked.Add(ref _bytes, weight);
            Interlocked.Add(ref _storedBytes, length);
        }
    }

    /// <summary>Counts a put that never came to the cache.</summary>
    public void CountRefusedPut()
    {
        Interlocked.Increment(ref _puts);
        Interlocked.Increment(ref _refused);
    }

    /// <summary>Counts what left, and candidates that did not get in.</summary>
    public void CountRemoval(RemovalReason reason, long weight)
    {
        if (reason == RemovalReason.NotAdmitted)
        {
            Interlocked.Increment(ref _refused);
            return;
        }

        Interlocked.Decrement(ref _entries);
        Interlocked.Add(ref _bytes, -weight);
        switch (reason)
        {
            case RemovalReason.Replaced:
                Interlocked.Increment(ref _replaced);
                break;
            case RemovalReason.Removed or RemovalReason.Invalidated or RemovalReason.Quarantined:
                Interlocked.Increment(ref _removed);
                _ = reason == RemovalReason.Quarantined ? Interlocked.Increment(ref _quarantined) : 0;
                break;
            default:
                Interlocked.Increment(ref _evicted);
                Interlocked.Add(ref _evictedBytes, weight);
                break;
        }
    }

    /// <summary>The figures so far.</summary>
    public KindStatistics Read()
    {
        Span<long> lookups = stackalloc long[3];
        _lookups.Read(lookups);
        return new KindStatistics
        {
            Kind = Kind,
            Lookups = lookups[0] + lookups[2],
            Hits = lookups[0],
            HitBytes = lookups[1],
            Misses = lookups[2],
            Puts = Volatile.Read(ref _puts),
            StoredBytes = Volatile.Read(ref _storedBytes),
            Entries = Math.Max(0, Volatile.Read(ref _entries)),
            Bytes = Math.Max(0, Volatile.Read(ref _bytes)),
            Evicted = Volatile.Read(ref _evicted),
            EvictedBytes = Volatile.Read(ref _evictedBytes),
            Removed = Volatile.Read(ref _removed),
            Replaced = Volatile.Read(ref _replaced),
            Refused = Volatile.Read(ref _refused),
            Quarantined = Volatile.Read(ref _quarantined),
        };
    }
}

using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Disk;

/// <summary>One kind that this tier has seen: its treatment, its directories and its counters.</summary>
internal sealed class DiskKind
{
    private const int OwnDirectory = 256;

    private readonly bool[] _directories = new bool[OwnDirectory + 1];
    private long _hits;
    private long _hitBytes;
    private long _misses;
    private long _throttled;
    private long _refused;

    public DiskKind(ArtifactKind kind, ushort id, KindOptions options, string root)
    {
        Kind = kind;
        Id = id;
        Options = options;
        Directory = $"{root}/{kind.Name}";
    }

    public ArtifactKind Kind { get; }

    public ushort Id { get; }

    public KindOptions Options { get; }

    /// <summary>Where its entries lie.</summary>
    public string Directory { get; }

    // The counters below change only under the tier's gate.
    public long Stored { get; set; }

    public long StoredBytes { get; set; }

    public long Recovered { get; set; }

    public long Entries { get; set; }

    public long Bytes { get; set; }

    public long Evicted { get; set; }

    public long EvictedBytes { get; set; }

    public long Removed { get; set; }

    public long Replaced { get; set; }

    public long Quarantined { get; set; }

    public void CountHit(long bytes)
    {
        Interlocked.Increment(ref _hits);
        Interlocked.Add(ref _hitBytes, bytes);
    }

    public void CountMiss() => Interlocked.Increment(ref _misses);

    public void CountThrottled() => Interlocked.Increment(ref _throttled);

    public void CountRefused() => Interlocked.Increment(ref _refused);

    /// <summary>
    /// Notes that a directory exists: the kind's own, or that of a first byte. True the first time. Called under the
    /// tier's gate.
    /// </summary>
    public bool AddDirectory(byte? first)
    {
        ref var isKnown = ref _directories[first is { } value ? value : OwnDirectory];
        var isNew = !isKnown;
        isKnown = true;
        return isNew;
    }

    /// <summary>Whether a directory is known to exist. Called under the tier's gate.</summary>
    public bool HasDirectory(byte? first) => _directories[first is { } value ? value : OwnDirectory];

    /// <summary>The counters at this moment. Called under the tier's gate.</summary>
    public KindStatistics Snapshot()
    {
        var refused = Volatile.Read(ref _refused);
        var hits = Volatile.Read(ref _hits);
        var misses = Volatile.Read(ref _misses);
        var throttled = Volatile.Read(ref _throttled);
        return new KindStatistics
        {
            Kind = Kind.Name,
            Lookups = hits + misses + throttled,
            Hits = hits,
            HitBytes = Volatile.Read(ref _hitBytes),
            Misses = misses,
            Throttled = throttled,
            Puts = Stored + refused,
            StoredBytes = StoredBytes,
            Refused = refused,
            Recovered = Recovered,
            Entries = Entries,
            Bytes = Bytes,
            Evicted = Evicted,
            EvictedBytes = EvictedBytes,
            Removed = Removed,
            Replaced = Replaced,
            Quarantined = Quarantined,
        };
    }
}

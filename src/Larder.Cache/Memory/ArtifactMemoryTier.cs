using System.Collections.Concurrent;
using Larder.Cache.Arenas;
using Larder.Cache.Artifacts;
using Larder.Cache.Sizing;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Memory;

/// <summary>
/// The upper tier: artifacts in this process's memory, within hard budgets of bytes and of entries, on ordinary arrays
/// or in a preallocated <see cref="Arena"/>.
/// </summary>
/// <remarks>
/// <para>An entry weighs what it costs: its payload as stored, its metadata, and the measured bookkeeping. Entries and
/// the bookings of fills in flight are together never above the capacity.</para>
/// <para>A lookup takes no lock and allocates nothing. On arrays the garbage collector keeps leased bytes alive. In an
/// arena a lease counts: a lookup that loses the race with an eviction looks again and then misses, and an evicted
/// block is freed when its last lease goes. Until then it takes room in the arena but no capacity.</para>
/// <para>When the arena has no room in one piece, it moves blocks that nobody reads; when that does not help, the
/// coldest entries are evicted, a bounded number of times.</para>
/// <para>What is promoted is checked against its digest unless it comes from memory: a damaged copy is refused. All
/// members are safe for use by many threads; listeners run on the calling thread, outside of every lock.</para>
/// </remarks>
public sealed partial class ArtifactMemoryTier : IDisposable
{
    /// <summary>The name under which kinds beyond the limit are counted.</summary>
    private const string OtherKinds = "other";

    // A lookup that loses to an eviction this often gives up: the key is being replaced all the time.
    private const int MaxLookupRaces = 8;

    private readonly BoundedCache<ArtifactKey, MemoryContent> _cache;
    private readonly MemoryTierOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, MemoryKindCounters> _kinds = new(StringComparer.Ordinal);
    private readonly MemoryKindCounters _otherKinds = new(OtherKinds);
    private int _kindCount;
    private long _errors;

    // Set by Watch, before the tier is used.
    private TierSizing? _sizing;

    // A copy of the sizing's threshold, beside what lookups read anyway; 0 for none. May lag behind, which costs a detour.
    private ulong _sampledBelow;

    /// <summary>Creates an empty tier, and its arena if it has one.</summary>
    /// <param name="options">Capacity, policy and medium.</param>
    /// <param name="logger">Hears of what should never happen.</param>
    /// <param name="time">Stamps artifacts that have no time of their own.</param>
    /// <exception cref="CacheException">The options are out of range, or the arena cannot be had.</exception>
    public ArtifactMemoryTier(MemoryTierOptions options, ILogger logger, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentNullException.ThrowIfNull(time);
        options.Validate();
        _options = options;
        _logger = logger;
        _time = time;
        Arena = options switch
        {
            { Arena: null } => null,
            { UsePreallocatedArena: true, Arena: { } asked } => Arena.EnsurePreallocated(asked),
            { Arena: { } asked } => new Arena(asked),
        };
        _configuredBytes = options.CapacityBytes;
        _configuredEntries = options.MaxEntries;
        try
        {
            _cache = new BoundedCache<ArtifactKey, MemoryContent>(new BoundedCacheOptions<ArtifactKey, MemoryContent>
            {
                CapacityBytes = EffectiveBytes(),
                MaxEntries = options.MaxEntries,
                ShardCount = options.ShardCount,
                Policy = options.Policy,
                Weigher = static (_, content) => content.Weight,
                RemovalListener = OnRemoved,
                Release = static content => content.Leave(),
            });
        }
        catch
        {
            Arena?.Dispose();
            throw;
        }
    }

    /// <summary>Where payloads live; null on ordinary arrays. Owned by the tier or the process: not to be disposed.</summary>
    public Arena? Arena { get; }

    /// <summary>
    /// Hears of every entry that left and of every candidate that was refused: key, weight in bytes, ticks since its last
    /// use (-1 where there was none), reason. Called on
    /// the thread that caused it, outside of locks; must be quick. What it throws is counted and goes no further.
    /// </summary>
    public Action<ArtifactKey, long, long, RemovalReason>? Removed { get; set; }

    /// <summary>Looks an artifact up, and counts the use. The caller disposes the lease.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public ArtifactLease Get(ArtifactKey key) =>
        TierSizing.HashOf(key) < _sampledBelow ? GetSampled(key) : Find(key);

    private ArtifactLease Find(ArtifactKey key)
    {
        for (var race = 0; race < MaxLookupRaces; race++)
        {
            if (!_cache.TryGet(key, out var content))
            {
                break;
            }

            if (content.TryAcquire())
            {
                content.Counters.CountHit(content.PayloadLength);
                return new ArtifactLease(content, TierKind.Memory);
            }
        }

        CountersOf(key.Kind).CountMiss();
        return ArtifactLease.Miss;
    }

    /// <summary>Like <see cref="Get"/>, but neither counted nor taken as a use.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public ArtifactLease Peek(ArtifactKey key)
    {
        for (var race = 0; race < MaxLookupRaces; race++)
        {
            if (!_cache.TryPeek(key, out var content))
            {
                break;
            }

            if (content.TryAcquire())
            {
                return new ArtifactLease(content, TierKind.Memory);
            }
        }

        return ArtifactLease.Miss;
    }

    /// <summary>Looks many artifacts up; returns how many were found. The caller disposes the leases.</summary>
    /// <param name="keys">What to look up.</param>
    /// <param name="leases">Receives as many leases, misses included, in the same order.</param>
    /// <exception cref="ArgumentException"><paramref name="leases"/> is shorter than <paramref name="keys"/>.</exception>
    /// <exception cref="CacheException">A shard is poisoned. Leases that were taken before are given back.</exception>
    public int GetMany(ReadOnlySpan<ArtifactKey> keys, Span<ArtifactLease> leases)
    {
        if (leases.Length < keys.Length)
        {
            throw new ArgumentException($"{keys.Length} leases are needed, not {leases.Length}.", nameof(leases));
        }

        var hits = 0;
        var at = 0;
        try
        {
            for (; at < keys.Length; at++)
            {
                leases[at] = Get(keys[at]);
                hits += leases[at].IsHit ? 1 : 0;
            }
        }
        catch
        {
            foreach (ref var lease in leases[..at])
            {
                lease.Dispose();
            }

            throw;
        }

        return hits;
    }

    /// <summary>Whether a lookup now would probably hit. Neither counted nor taken as a use.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool Contains(ArtifactKey key) => _cache.Contains(key);

    /// <summary>Removes an artifact; whether it was there. Leases on it stay good.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool Remove(ArtifactKey key, RemovalReason reason)
    {
        // A larger tier would have taken what was refused.
        if (reason != RemovalReason.RejectedPut)
        {
            _sizing?.Forget(key);
        }

        return _cache.Remove(key, reason);
    }

    /// <summary>Removes everything of one owner; returns how many entries. Leases on them stay good.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public long InvalidateOwner(string owner) => _cache.InvalidateOwner(owner);

    /// <summary>Removes everything; returns how many entries. Leases on them stay good.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public long Clear() => _cache.Clear();

    /// <summary>
    /// Drops every entry. On an arena of the tier's own, the region goes back to the kernel with the last lease.
    /// </summary>
    public void Dispose()
    {
        _ = _cache.Clear();
        Arena?.Dispose();
    }

    /// <summary>Throws when the cache, the counters or the arena are not sound. At rest only; for tests.</summary>
    internal void CheckIntegrity()
    {
        _cache.CheckIntegrity();
        Arena?.CheckIntegrity();
    }

    /// <summary>All entries, in no order. For tests.</summary>
    internal List<KeyValuePair<ArtifactKey, MemoryContent>> CopyEntries() => _cache.CopyEntries();

    private MemoryKindCounters CountersOf(ArtifactKind kind)
    {
        if (_kinds.TryGetValue(kind.Name, out var counters))
        {
            return counters;
        }

        // A race may let in as many more as there are threads, which is no harm.
        if (Volatile.Read(ref _kindCount) >= _options.MaxKinds)
        {
            return _otherKinds;
        }

        var fresh = new MemoryKindCounters(kind.Name);
        counters = _kinds.GetOrAdd(kind.Name, fresh);
        if (ReferenceEquals(counters, fresh))
        {
            Interlocked.Increment(ref _kindCount);
        }

        return counters;
    }

    private void OnRemoved(ReadOnlySpan<RemovedEntry<ArtifactKey, MemoryContent>> removed)
    {
        foreach (ref readonly var entry in removed)
        {
            entry.Value.Counters.CountRemoval(entry.Reason, entry.Weight);
            if (entry.Reason is RemovalReason.Invalidated or RemovalReason.Removed or RemovalReason.Quarantined)
            {
                _sizing?.Forget(entry.Key);
            }
        }

        if (Removed is { } listener)
        {
            foreach (ref readonly var entry in removed)
            {
                listener(entry.Key, entry.Weight, entry.AgeTicks, entry.Reason);
            }
        }
    }

    internal void OnDamage(Exception exception)
    {
        Interlocked.Increment(ref _errors);
        LogDamage(_logger, exception);
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "An arena block could not be given back: its bytes or its bookkeeping were damaged.")]
    private static partial void LogDamage(ILogger logger, Exception exception);
}

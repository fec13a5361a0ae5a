using System.Numerics;
using Larder.Cache.Policy;

namespace Larder.Cache.Memory;

/// <summary>How a <see cref="BoundedCache{TKey,TValue}"/> is put together. Validated once, by its constructor.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public sealed record BoundedCacheOptions<TKey, TValue>
    where TKey : notnull
{
    /// <summary>Shards of document 2's cache.</summary>
    internal const int LruShardCount = 256;

    /// <summary>Entries a shard of document 2's cache.</summary>
    internal const int LruShardMaxEntries = 256;

    /// <summary>Bytes a shard of document 2's cache.</summary>
    internal const long LruShardCapacityBytes = 16L * 1024 * 1024;

    /// <summary>Most shards that may be asked for.</summary>
    internal const int MaxShardCount = 4096;

    private const int EntriesPerShard = 1024;
    private const long BytesPerShard = 256L * 1024 * 1024;

    /// <summary>
    /// Gives an entry's weight, zero or more, in bytes. Called once a put, before anything changes and without a lock.
    /// Null, the default, weighs every entry 1.
    /// </summary>
    public Func<TKey, TValue, long>? Weigher { get; init; }

    /// <summary>
    /// Most weight that live entries and reservations may have together; 0 switches the cache off. Default: no limit.
    /// </summary>
    public long CapacityBytes { get; init; } = long.MaxValue;

    /// <summary>Most live entries; 0 switches the cache off. Default: no limit.</summary>
    public long MaxEntries { get; init; } = long.MaxValue;

    /// <summary>
    /// How many shards, a power of two up to 4096. Null, the default: one for every 1024 entries or 256 MiB of capacity,
    /// at most four a processor.
    /// </summary>
    public int? ShardCount { get; init; }

    /// <summary>Most weight in one shard. Null, the default: only the whole cache is limited.</summary>
    public long? ShardCapacityBytes { get; init; }

    /// <summary>Most entries in one shard. Null, the default: only the whole cache is limited.</summary>
    public long? ShardMaxEntries { get; init; }

    /// <summary>Who goes when there is no room. Default <see cref="EvictionPolicyKind.Frequency"/>.</summary>
    public EvictionPolicyKind Policy { get; init; } = EvictionPolicyKind.Frequency;

    /// <summary>Compares keys. Null, the default: the type's own equality.</summary>
    public IEqualityComparer<TKey>? Comparer { get; init; }

    /// <summary>
    /// Hears of every value that left or was not let in, after the lock is left, on the thread that caused it. What it
    /// throws is counted in <see cref="BoundedCacheStatistics.ListenerFailures"/> and goes no further.
    /// </summary>
    public RemovalListener<TKey, TValue>? RemovalListener { get; init; }

    /// <summary>
    /// Takes back the cache's reference to a value: called exactly once for every value that was handed to a put and
    /// is not held any more, refused ones included, after listeners. Must not throw. Values that
    /// <see cref="BoundedCache{TKey,TValue}.TryRemove"/> hands out are the caller's.
    /// </summary>
    internal Action<TValue>? Release { get; init; }

    /// <summary>Makes the policy of each shard in place of <see cref="Policy"/>. For tests.</summary>
    internal Func<EvictionPolicy>? PolicyFactory { get; init; }

    /// <summary>
    /// The cache of document 2: 256 shards with an exact least-recently-used order and a budget each, 256 entries and
    /// 16 MiB unless told otherwise. A budget of zero makes a cache that takes puts and keeps nothing.
    /// </summary>
    /// <param name="weigher">Gives an entry's weight in bytes; null weighs 1.</param>
    /// <param name="shardMaxEntries">Most entries a shard.</param>
    /// <param name="shardCapacityBytes">Most weight a shard, in bytes.</param>
    public static BoundedCacheOptions<TKey, TValue> Lru(
        Func<TKey, TValue, long>? weigher = null,
        long shardMaxEntries = LruShardMaxEntries,
        long shardCapacityBytes = LruShardCapacityBytes) => new()
        {
            Weigher = weigher,
            ShardCount = LruShardCount,
            ShardMaxEntries = shardMaxEntries,
            ShardCapacityBytes = shardCapacityBytes,
            MaxEntries = Times(shardMaxEntries, LruShardCount),
            CapacityBytes = Times(shardCapacityBytes, LruShardCount),
            Policy = EvictionPolicyKind.Lru,
        };

    /// <summary>Throws when options are out of range or contradict each other.</summary>
    internal void Validate()
    {
        Require(CapacityBytes >= 0, $"{nameof(CapacityBytes)} is {CapacityBytes}; it must not be negative.");
        Require(MaxEntries >= 0, $"{nameof(MaxEntries)} is {MaxEntries}; it must not be negative.");
        Require(
            MaxEntries != long.MaxValue || CapacityBytes != long.MaxValue,
            $"A bounded cache needs {nameof(MaxEntries)} or {nameof(CapacityBytes)}.");
        Require(ShardCapacityBytes is null or >= 0, $"{nameof(ShardCapacityBytes)} must not be negative.");
        Require(ShardMaxEntries is null or >= 0, $"{nameof(ShardMaxEntries)} must not be negative.");
        Require(
            ShardCount is null || (ShardCount is > 0 and <= MaxShardCount && BitOperations.IsPow2(ShardCount.Value)),
            $"{nameof(ShardCount)} is {ShardCount}; it must be a power of two from 1 to {MaxShardCount}.");
        Require(Enum.IsDefined(Policy), $"{nameof(Policy)} {Policy} is not known.");
    }

    /// <summary>The number of shards: few when the capacity is small, so that each has enough to choose from.</summary>
    internal int ResolveShardCount()
    {
        if (ShardCount is { } count)
        {
            return count;
        }

        var wanted = Math.Min(MaxEntries / EntriesPerShard, CapacityBytes / BytesPerShard);
        if (Weigher is null)
        {
            wanted = Math.Min(MaxEntries, CapacityBytes) / EntriesPerShard;
        }

        wanted = Math.Clamp(wanted, 1, Math.Min(4L * Environment.ProcessorCount, MaxShardCount));
        return (int)(BitOperations.RoundUpToPowerOf2((uint)wanted + 1) >> 1);
    }

    private static long Times(long budget, int shards) =>
        budget > long.MaxValue / shards ? long.MaxValue - 1 : budget * shards;

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new CacheException(CacheErrorKind.Configuration, message);
        }
    }
}

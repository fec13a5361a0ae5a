using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Policy;

namespace Larder.Cache.Memory;

/// <summary>
/// One shard of a <see cref="BoundedCache{TKey,TValue}"/>: a chained hash table over an array of slots, and the policy
/// that orders them. Everything here runs between <see cref="Enter"/> and <see cref="Exit"/>, unless it says otherwise.
/// </summary>
internal sealed partial class CacheShard<TKey, TValue> : ISlotTable
    where TKey : notnull
{
    /// <summary>Ends chains, and fails every range check, so that a lookup needs one test for both.</summary>
    public const int None = -1;

    private const int MinimumSlots = 8;

    // The last decision was not the short way's.
    private const long NoAge = -1;

    private readonly BoundedCache<TKey, TValue> _cache;
    private readonly ShardView<TKey, TValue>[] _views;
    private readonly int _index;
    private readonly EvictionPolicy _policy;
    private readonly LruPolicy? _lru;
    private readonly FrequencyPolicy? _frequency;
    private readonly List<int> _victims = [];

    private HotState _hot = new() { LastAge = NoAge };

    private int _entries;
    private long _bytes;

    // What lookups see through the view; here for everything that runs under the lock.
    private Slot<TKey, TValue>[] _slots = new Slot<TKey, TValue>[MinimumSlots];
    private int[] _buckets = NewBuckets(BucketsFor(MinimumSlots));

    // The length of _buckets less one.
    private uint _bucketMask = (uint)BucketsFor(MinimumSlots) - 1;

    // The time when a slot was last written, or its hit was last counted. Lookups write it without the lock. Empty under LRU, which has its own.
    private uint[] _ticks;

    // Whether bytes are booked at all. Where they are not, requests never carry any.
    private readonly bool _bytesLimited;

    // The limits, as SetShare last told them.
    private long _largestWeight;
    private long _mostBytes;
    private long _mostEntries;

    // Slots from here on were never used; below it, free ones hang on the free list.
    private int _fresh;
    private int _free = None;

    // Weights by slot; null when every entry weighs 1. uint.MaxValue stands for a weight that is in _heavy.
    private uint[]? _weights;
    private Dictionary<int, long>? _heavy;

    // Null until the first entry with an owner comes.
    private OwnerIndex? _owners;

    private ShardCounters _counters;

    // The last decision, unless the short way made it.
    private EvictionReport _lastReport;

    /// <summary>Creates an empty shard.</summary>
    public CacheShard(
        BoundedCache<TKey, TValue> cache, ShardView<TKey, TValue>[] views, int index, EvictionPolicy policy, bool weighed)
    {
        _cache = cache;
        _views = views;
        _index = index;
        _policy = policy;
        _lru = policy as LruPolicy;
        _frequency = policy as FrequencyPolicy;
        _bytesLimited = cache.ByteBudget.IsLimited;
        _policy.Attach(this);
        _policy.EnsureCapacity(MinimumSlots);
        _weights = weighed ? new uint[MinimumSlots] : null;
        _ticks = _lru is null ? new uint[MinimumSlots] : [];
        Publish();
    }

    /// <summary>Live entries. Readable without the lock.</summary>
    public int Entries => Volatile.Read(ref _entries);

    /// <summary>Weight of the live entries. Readable without the lock.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether an exception left the shard half changed. Readable without the lock.</summary>
    public bool IsPoisoned { get; private set; }

    /// <summary>What the last eviction decision removed; null before the first.</summary>
    public EvictionReport? LastReport =>
        _hot.LastAge != NoAge ? new EvictionReport(1, 1, _hot.LastAge, RemovalReason.EntryLimit)
        : _lastReport.Entries > 0 ? _lastReport
        : null;

    /// <summary>What the shard has counted.</summary>
    public ShardCounters Counters
    {
        get
        {
            var counters = _counters;
            counters.Puts += _hot.Superseded;
            counters.PutBytes += _hot.Superseded;
            counters.Evicted += _hot.Superseded;
            counters.EvictedBytes += _hot.Superseded;
            return counters;
        }
    }

    /// <summary>Takes the lock. It is held for tens of nanoseconds, so waiting is spinning, then yielding.</summary>
    /// <exception cref="CacheException">The shard is poisoned; the lock is not taken.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        if (Interlocked.CompareExchange(ref _hot.Gate, 1, 0) != 0)
        {
            EnterContended();
        }

        if (_hot.Changing)
        {
            ThrowPoisoned();
        }
    }

    /// <summary>Leaves the lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit()
    {
        if (_hot.Changing)
        {
            Poison();
        }

        Volatile.Write(ref _hot.Gate, 0);
    }

    /// <summary>Marks the use of an entry that a lookup found. Runs without the lock.</summary>
    public void Touch(int slot)
    {
        if (_lru is not null)
        {
            _lru.Stamp(slot);
            return;
        }

        var touches = _policy.Touches;
        var ticks = Volatile.Read(ref _ticks);
        if ((uint)slot < (uint)touches.Length)
        {
            touches[slot]++;
        }

        if ((uint)slot < (uint)ticks.Length)
        {
            ticks[slot] = _hot.Clock;
        }
    }

    /// <summary>Moves the clock for a lookup that found nothing, as document 2's cache does. Runs without the lock.</summary>
    public void TouchNothing() => _lru?.Tick();

    /// <summary>Finds the slot of a key; <see cref="None"/> when there is none.</summary>
    public int Find(uint hash, TKey key)
    {
        var slots = _slots;
        var slot = BucketOf(hash);
        while ((uint)slot < (uint)slots.Length)
        {
            ref var entry = ref slots[slot];
            if (entry.Hash == hash && _cache.KeyEquals(entry.Key, key))
            {
                return slot;
            }

            slot = entry.Next;
        }

        return None;
    }

    /// <summary>Finds the value of a key.</summary>
    public bool TryFind(uint hash, TKey key, out int slot, [MaybeNullWhen(false)] out TValue value)
    {
        slot = Find(hash, key);
        value = slot == None ? default : _slots[slot].Value;
        return slot != None;
    }

    /// <inheritdoc/>
    public uint HashOf(int slot) => PolicyHash(_slots[slot].Hash);

    /// <inheritdoc/>
    public long WeightOf(int slot)
    {
        if (_weights is null)
        {
            return 1;
        }

        var weight = _weights[slot];
        return weight != uint.MaxValue ? weight : _heavy![slot]; // SetWeight put it there.
    }

    /// <summary>Takes over the cache's limits, and tells the policy what the shard's fair share is.</summary>
    public void SetShare(long bytes, long entries)
    {
        _hot.Changing = true;
        _largestWeight = _cache.IsDisabled ? -1 : _cache.LargestWeight;
        _mostBytes = _cache.MostBytesAShard;
        _mostEntries = _cache.MostEntriesAShard;
        _policy.SetCapacity(bytes == long.MaxValue ? -1 : bytes, entries == long.MaxValue ? -1 : entries);
        _hot.Changing = false;
    }

    // Hashes of neighbouring integers differ in their lowest bits only; policies take any bits they like.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint PolicyHash(uint hash) =>
        BoundedCache<TKey, TValue>.KeyIsInteger ? hash * 0x9E3779B9 : hash;

    private static int[] NewBuckets(int count)
    {
        var buckets = GC.AllocateUninitializedArray<int>(count);
        buckets.AsSpan().Fill(None);
        return buckets;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterContended()
    {
        var wait = default(SpinWait);
        do
        {
            wait.SpinOnce();
        }
        while (Volatile.Read(ref _hot.Gate) != 0 || Interlocked.CompareExchange(ref _hot.Gate, 1, 0) != 0);
    }

    [DoesNotReturn]
    private void ThrowPoisoned()
    {
        Volatile.Write(ref _hot.Gate, 0);
        throw new CacheException(
            CacheErrorKind.Poisoned,
            $"The cache shard {_index} was poisoned: an earlier exception left it half changed. Recreate the cache.");
    }

    private void Poison()
    {
        IsPoisoned = true;
        ref var version = ref _views[_index].Version;
        Volatile.Write(ref version, version | 1);
    }

    // What every put writes, together and apart from what others write, because each line costs a processor dearly that
    // does not have it.
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct HotState
    {
        /// <summary>1 while a thread is inside.</summary>
        public int Gate;

        /// <summary>The time of this shard where hits do not move it: one tick a put.</summary>
        public uint Clock;

        /// <summary>
        /// Set while the shard is being changed: still set when a thread enters means that an exception left it half done.
        /// </summary>
        public bool Changing;

        /// <summary>
        /// Puts of the short way: each is an entry that came and one that was evicted. Not in the other counters.
        /// </summary>
        public long Superseded;

        /// <summary>The age of the last victim, if the short way took it.</summary>
        public long LastAge;
    }
}

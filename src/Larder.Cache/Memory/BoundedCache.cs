using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Fingerprints;
using Larder.Cache.Policy;

namespace Larder.Cache.Memory;

/// <summary>
/// A sharded map within hard budgets of entries and of weight: what must go for a newcomer goes before it comes, so
/// that live weight and reservations together are never above the capacity, seen from any thread at any instant.
/// </summary>
/// <remarks>
/// <para>
/// A lookup takes no lock and allocates nothing: it reads its shard's version, walks a chain of slots, and reads the
/// version again (see <see cref="ShardView{TKey,TValue}"/>). A hit writes only while the policy still counts the
/// entry's hits, so hot entries are read without being written. Everything that changes a shard holds that shard's lock and no
/// other. All shards draw from one pair of budgets: a shard below its fair share that has no room gets
/// it from the one that is furthest above; above its share, its own policy chooses who goes.
/// </para>
/// <para>
/// All members are safe for use by many threads. Callbacks (weigher, factories, listeners) run on the calling thread
/// without a lock; only the comparer runs under one, and must neither block nor call the cache. A callback that throws
/// changes nothing. A shard that an exception left half changed throws
/// <see cref="CacheException"/> of kind <see cref="CacheErrorKind.Poisoned"/> from then on instead of serving.
/// </para>
/// </remarks>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public sealed partial class BoundedCache<TKey, TValue>
    where TKey : notnull
{
    private const int HitCounter = 0;
    private const int MissCounter = 1;
    private const int ListenerFailureCounter = 2;

    // Neighbours that have a bucket each, as a power of two.
    private const int NeighbourBits = 12;

    // Neighbours of a shard for which the order of the shards is the same, as a power of two.
    private const int TurnBits = 4;

    private const int HalfBits = 32;

    // Leaves twelve bits: as many as the greatest number of shards has.
    private const int TopShift = 64 - 12;

    private const int PlaceShift = 40;

    // Secrets of this process: nobody can choose keys that meet in one shard or bucket.
    private readonly ulong _secretA = DrawSecret();
    private readonly ulong _secretB = DrawSecret();

    private readonly ShardView<TKey, TValue>[] _views;

    // Where the array's first element is: it does not move.
    private readonly nint _firstView;
    private readonly CacheShard<TKey, TValue>[] _shards;
    private readonly uint _shardMask;
    private readonly int _shardBits;
    private readonly int _turnShift;
    private readonly bool _isLru;

    // Whether puts may take the short way: every entry weighs 1, nobody hears of removals, uses are not stamped.
    private readonly bool _isPlain;
    private readonly int _hits;
    private readonly int _misses;
    private readonly IEqualityComparer<TKey>? _comparer;
    private readonly ThreadCounters _counters = new(3);
    private readonly Func<TKey, TValue, long>? _weigher;
    private readonly RemovalListener<TKey, TValue>? _listener;
    private readonly Action<TValue>? _release;
    private readonly bool _hasShardLimits;

    /// <summary>Creates an empty cache.</summary>
    /// <exception cref="CacheException">The options are out of range or contradict each other.</exception>
    public unsafe BoundedCache(BoundedCacheOptions<TKey, TValue> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _weigher = options.Weigher;
        _listener = options.RemovalListener;
        _release = options.Release;
        _comparer = options.Comparer ?? (typeof(TKey).IsValueType ? null : EqualityComparer<TKey>.Default);
        _flights = new ConcurrentDictionary<TKey, Flight<TValue>>(_comparer);
        _hits = _counters.IndexOf(HitCounter);
        _misses = _counters.IndexOf(MissCounter);
        _hasShardLimits = options.ShardCapacityBytes is not null || options.ShardMaxEntries is not null;
        MostBytesAShard = options.ShardCapacityBytes ?? long.MaxValue;
        MostEntriesAShard = options.ShardMaxEntries ?? long.MaxValue;

        // Where every entry weighs 1, bytes and entries are one budget.
        var maxEntries = _weigher is null ? Math.Min(options.MaxEntries, options.CapacityBytes) : options.MaxEntries;
        ByteBudget = new EntryBudget(_weigher is null ? long.MaxValue : options.CapacityBytes);
        EntryBudget = new EntryBudget(maxEntries);
        WeightBudget = _weigher is null ? EntryBudget : ByteBudget;
        CapacityBytes = options.CapacityBytes;
        MaxEntries = maxEntries;

        var count = options.ResolveShardCount();
        _shardMask = (uint)count - 1;
        _shardBits = BitOperations.Log2((uint)count);
        _turnShift = _shardBits + TurnBits;
        _views = GC.AllocateArray<ShardView<TKey, TValue>>(count, pinned: true);
        _firstView = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_views));
        _shards = new CacheShard<TKey, TValue>[count];
        for (var i = 0; i < count; i++)
        {
            var policy = options.PolicyFactory?.Invoke() ?? EvictionPolicy.Create(options.Policy);
            _isLru = policy is LruPolicy;
            _shards[i] = new CacheShard<TKey, TValue>(this, _views, i, policy, _weigher is not null);
        }

        _isPlain = _weigher is null && !Notifies && !_isLru;
        SetShares();
    }

    /// <summary>Most weight; <see cref="long.MaxValue"/> without a limit.</summary>
    public long CapacityBytes { get => Volatile.Read(ref field); private set => Volatile.Write(ref field, value); }

    /// <summary>Most entries; <see cref="long.MaxValue"/> without a limit.</summary>
    public long MaxEntries { get => Volatile.Read(ref field); private set => Volatile.Write(ref field, value); }

    /// <summary>Entries now, those included that a put in flight is about to insert.</summary>
    public long Count =>
        !EntryBudget.IsLimited ? _shards.Sum(shard => (long)shard.Entries)
        : _weigher is null ? Math.Max(0, EntryBudget.Booked - ReservedBytes)
        : EntryBudget.Booked;

    /// <summary>Weight of the live entries and of the reservations now: never above <see cref="CapacityBytes"/>.</summary>
    public long BookedBytes =>
        WeightBudget.IsLimited ? WeightBudget.Booked : _shards.Sum(shard => shard.Bytes) + ReservedBytes;

    /// <summary>Weight that reservations in flight hold.</summary>
    public long ReservedBytes => Volatile.Read(ref _reservedBytes);

    /// <summary>How many shards there are.</summary>
    public int ShardCount => _shards.Length;

    /// <summary>What may be booked in bytes.</summary>
    internal EntryBudget ByteBudget { get; }

    /// <summary>What may be booked in entries.</summary>
    internal EntryBudget EntryBudget { get; }

    /// <summary>What reservations book in: the bytes, or the entries where every entry weighs 1.</summary>
    internal EntryBudget WeightBudget { get; }

    /// <summary>A shard's fair share of the capacity.</summary>
    internal long ShareBytes { get; private set; }

    /// <summary>A shard's fair share of the entries.</summary>
    internal long ShareEntries { get; private set; }

    /// <summary>Most weight in one shard.</summary>
    internal long MostBytesAShard { get; private set; }

    /// <summary>Most entries in one shard.</summary>
    internal long MostEntriesAShard { get; private set; }

    /// <summary>Most entries that any shard can come to hold.</summary>
    internal long MostEntries => Math.Min(EntryBudget.Limit, MostEntriesAShard);

    /// <summary>The heaviest entry that can be stored.</summary>
    internal long LargestWeight => Math.Min(WeightBudget.Limit, MostBytesAShard);

    /// <summary>Whether a budget of zero keeps everything out.</summary>
    internal bool IsDisabled => MostEntries == 0 || LargestWeight == 0;

    /// <summary>Whether room can be had from other shards.</summary>
    internal bool HasOtherShards => _shards.Length > 1;

    // Keys whose equality is safe on bits that another thread is writing: the version tells afterwards.
    private static bool KeyIsPlain =>
        typeof(TKey) == typeof(long) || typeof(TKey) == typeof(ulong) || typeof(TKey) == typeof(int)
        || typeof(TKey) == typeof(uint) || typeof(TKey) == typeof(Fingerprint)
        || typeof(TKey) == typeof(ArtifactKey) || typeof(TKey) == typeof(Guid);

    internal static bool KeyIsInteger =>
        typeof(TKey) == typeof(long) || typeof(TKey) == typeof(ulong) || typeof(TKey) == typeof(int)
        || typeof(TKey) == typeof(uint);

    private bool Notifies => _listener is not null || _release is not null;

    /// <summary>Whether two keys are equal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool KeyEquals(TKey left, TKey right) =>
        typeof(TKey).IsValueType && _comparer is null
            ? EqualityComparer<TKey>.Default.Equals(left, right)
            : _comparer!.Equals(left, right); // Set for every reference type.

    private static ulong DrawSecret()
    {
        ulong secret = 0;
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(new Span<ulong>(ref secret)));
        return secret | 1;
    }

    // Mixes a key into well distributed bits: the twelve uppermost choose the shard, the lower half is the entry's hash.
    private ulong Mix(TKey key)
    {
        var shard = Mix(key, out var hash);
        return ((ulong)shard << HalfBits) | hash;
    }

    // The two halves. The fast way of a lookup does not put them together.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Mix(TKey key, out uint hash)
    {
        if (KeyIsInteger && _comparer is null)
        {
            // Numbers that are used together are often near each other. Neighbours go to the shards in turn, and their
            // buckets follow each other, one each, as far as the table reaches: 4096 of a shard have their place by the hash
            // of all that is above, so that no more can be chosen to meet. Which shard comes first is hashed anew for
            // every sixteen of a shard. All bits of a number count: its own hash code would fold chosen ones together.
            var number = typeof(TKey) == typeof(long) ? (ulong)(long)(object)key
                : typeof(TKey) == typeof(ulong) ? (ulong)(object)key
                : typeof(TKey) == typeof(int) ? (uint)(int)(object)key
                : (uint)(object)key;
            var above = number >> _turnShift;
            var place = (above >> (NeighbourBits - TurnBits)) * _secretB;

            // A bit of a product depends on the bits of the number up to its own place only: hence none of the lower ones.
            hash = (uint)(place >> PlaceShift) ^ (uint)(number >> _shardBits);
            return (uint)((above * _secretB) >> TopShift) ^ (uint)number;
        }

        var mixed = Spread(
            typeof(TKey).IsValueType && _comparer is null
                ? (uint)EqualityComparer<TKey>.Default.GetHashCode(key)
                : (uint)_comparer!.GetHashCode(key)); // Set for every reference type.
        hash = (uint)mixed;
        return (uint)(mixed >> TopShift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Spread(ulong value)
    {
        value ^= _secretA;
        if (Bmi2.X64.IsSupported)
        {
            // Two multiplications side by side; the one that gives both halves goes through memory.
            return Bmi2.X64.MultiplyNoFlags(value, _secretB) ^ (value * _secretB);
        }

        var high = Math.BigMul(value, _secretB, out var low);
        return high ^ low;
    }

    // The number of shards is a power of two and never changes, so that the mask keeps both of these inside.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private CacheShard<TKey, TValue> ShardOf(ulong mixed) =>
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_shards), (nint)((uint)(mixed >> HalfBits) & _shardMask));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe ref ShardView<TKey, TValue> ViewOf(uint shard) =>
        ref Unsafe.Add(ref Unsafe.AsRef<ShardView<TKey, TValue>>((void*)_firstView), (nint)(shard & _shardMask));

    private long Weigh(TKey key, TValue value)
    {
        if (_weigher is null)
        {
            return 1;
        }

        var weight = _weigher(key, value);
        return weight >= 0
            ? weight
            : throw new InvalidOperationException($"The weigher gave {weight}; a weight is zero or more.");
    }

    private RemovalBatch<TKey, TValue>? RentBatch() => Notifies ? RemovalBatch<TKey, TValue>.Rent() : null;

    // Hands over what left. The cache's reference goes after listeners have seen the value, and whatever they do.
    private void Deliver(RemovalBatch<TKey, TValue>? removed, bool release = true)
    {
        if (removed is null)
        {
            return;
        }

        if (removed.Entries.Length > 0)
        {
            Notify(removed.Entries);
            if (_release is not null && release)
            {
                foreach (ref readonly var entry in removed.Entries)
                {
                    _release(entry.Value);
                }
            }
        }

        removed.Return();
    }

    private void Notify(ReadOnlySpan<RemovedEntry<TKey, TValue>> removed)
    {
        try
        {
            _listener?.Invoke(removed);
        }
        catch (Exception)
        {
            ThreadCounters.Add(_counters.IndexOf(ListenerFailureCounter), 1);
        }
    }

    private void SetShares()
    {
        ShareBytes = Share(ByteBudget.Limit, MostBytesAShard);
        ShareEntries = Share(EntryBudget.Limit, MostEntriesAShard);
        foreach (var shard in _shards)
        {
            shard.Enter();
            try
            {
                shard.SetShare(ShareBytes, ShareEntries);
            }
            finally
            {
                shard.Exit();
            }
        }
    }

    private long Share(long limit, long mostAShard)
    {
        var share = limit == long.MaxValue ? long.MaxValue : (limit / _shards.Length) + Math.Min(1, limit % _shards.Length);
        return Math.Min(share, mostAShard);
    }
}

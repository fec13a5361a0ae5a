using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <content>Reservations, resizing and trimming.</content>
public sealed partial class BoundedCache<TKey, TValue> : IReservationSource
{
    // Serialises changes of the capacity. Taken before any shard's lock.
    private readonly Lock _resizing = new();

    // Part of what is booked. Raised after booking and lowered before giving back.
    private long _reservedBytes;

    /// <summary>
    /// Books weight before its bytes come, evicting the coldest entries if it must. What is reserved counts as used
    /// until a put takes it or it is disposed.
    /// </summary>
    /// <returns>False when it is more than the capacity, or more than other reservations leave of it.</returns>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public bool TryReserve(long weight, out Reservation reservation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        reservation = default;
        if (IsDisabled || weight > LargestWeight || !TryBookReserved(weight))
        {
            return false;
        }

        reservation = new Reservation(this, weight);
        return true;
    }

    /// <summary>Stores a value in weight that was reserved for it. The reservation is empty afterwards.</summary>
    /// <remarks>As <see cref="Put(TKey,TValue,string?)"/>; weight beyond the reservation is booked as there.</remarks>
    /// <exception cref="ArgumentException">The reservation belongs to another cache.</exception>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public PutOutcome Put(ref Reservation reservation, TKey key, TValue value, string? owner = null)
    {
        var weight = Weigh(key, value);
        var mixed = Mix(key);
        var booked = reservation.Take(this);
        var inBytes = ByteBudget == WeightBudget;
        var put = new PutRequest<TKey, TValue>
        {
            Key = key,
            Value = value,
            Hash = (uint)mixed,
            Weight = weight,
            Owner = owner,
            BookedBytes = inBytes ? booked : 0,
            BookedEntries = inBytes ? 0 : booked,
            Reserved = booked,
        };
        try
        {
            return Put(mixed, ref put);
        }
        catch
        {
            GiveBack(ref put);
            throw;
        }
        finally
        {
            // Until here the weight counts as reserved: it is never missing from the sum.
            Interlocked.Add(ref _reservedBytes, -booked);
        }
    }

    /// <summary>
    /// Changes the budgets. When they are lowered, the coldest entries of every shard leave before this returns, and
    /// only then the new capacity shows. What reservations hold stays theirs.
    /// </summary>
    /// <param name="capacityBytes">Most weight; <see cref="long.MaxValue"/> if, and only if, it never had a limit.</param>
    /// <param name="maxEntries">Most entries; <see cref="long.MaxValue"/> if, and only if, they never had a limit.</param>
    /// <exception cref="ArgumentException">A limit comes where there was none, or goes where there was one.</exception>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public void Resize(long capacityBytes, long maxEntries)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(maxEntries);
        var removed = RentBatch();
        try
        {
            lock (_resizing)
            {
                maxEntries = _weigher is null ? Math.Min(maxEntries, capacityBytes) : maxEntries;
                RequireSameSort(EntryBudget, maxEntries, nameof(maxEntries));
                RequireSameSort(WeightBudget, _weigher is null ? maxEntries : capacityBytes, nameof(capacityBytes));
                CapacityBytes = Math.Max(CapacityBytes, capacityBytes);
                MaxEntries = Math.Max(MaxEntries, maxEntries);
                EntryBudget.SetLimit(maxEntries);
                if (_weigher is not null)
                {
                    ByteBudget.SetLimit(capacityBytes);
                }

                if (_hasShardLimits)
                {
                    MostBytesAShard = Share(capacityBytes, long.MaxValue);
                    MostEntriesAShard = Share(maxEntries, long.MaxValue);
                }

                SetShares();
                EvictDownTo(removed);
                CapacityBytes = capacityBytes;
                MaxEntries = maxEntries;
            }
        }
        finally
        {
            Deliver(removed);
        }
    }

    /// <summary>
    /// Evicts the coldest entries of every shard, in proportion to what each holds, until so much weight is freed;
    /// returns how much was.
    /// </summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public long Trim(long bytes) => Trim(bytes, RemovalReason.Pressure);

    /// <summary>As the other, with what listeners and reports are told.</summary>
    internal long Trim(long bytes, RemovalReason reason)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var removed = RentBatch();
        try
        {
            return EvictProportionally(bytes, 0, reason, removed).Bytes;
        }
        finally
        {
            Deliver(removed);
        }
    }

    /// <summary>
    /// Whether reservations leave less than this weight, so that evicting everything would not help.
    /// </summary>
    internal bool IsReservedAway(long weight, long ownReservation)
    {
        var reserved = ReservedBytes - ownReservation;
        return reserved > 0 && weight > WeightBudget.Limit - reserved;
    }

    bool IReservationSource.TryBook(long bytes) => TryBookReserved(bytes);

    void IReservationSource.GiveBack(long bytes)
    {
        Interlocked.Add(ref _reservedBytes, -bytes);
        WeightBudget.GiveBack(bytes);
    }

    private static void RequireSameSort(EntryBudget budget, long limit, string name)
    {
        if (budget.IsLimited != (limit != long.MaxValue))
        {
            throw new ArgumentException("A budget keeps or lacks its limit for good; choose when the cache is made.", name);
        }
    }

    private bool TryBookReserved(long weight)
    {
        if (IsReservedAway(weight, ownReservation: 0))
        {
            return false;
        }

        var missing = weight - WeightBudget.BookUpTo(weight);
        if (missing > 0)
        {
            missing = ReclaimReserved(missing);
            missing -= missing > 0 ? WeightBudget.BookUpTo(missing) : 0;
        }

        if (missing > 0)
        {
            WeightBudget.GiveBack(weight - missing);
            return false;
        }

        // What was freed beyond the need goes back.
        Interlocked.Add(ref _reservedBytes, weight);
        WeightBudget.GiveBack(-missing);
        return true;
    }

    // Evicts for a reservation; what was freed stays booked for it. Returns what is still missing.
    private long ReclaimReserved(long missing)
    {
        var removed = RentBatch();
        var inBytes = ByteBudget == WeightBudget;
        var (bytes, entries) = inBytes ? (missing, 0L) : (0L, missing);
        var reason = inBytes ? RemovalReason.ByteLimit : RemovalReason.EntryLimit;
        try
        {
            Reclaim(null, ref bytes, ref entries, onlySurplus: true, reason, removed);
            Reclaim(null, ref bytes, ref entries, onlySurplus: false, reason, removed);
        }
        finally
        {
            if (inBytes)
            {
                EntryBudget.GiveBack(-entries);
            }

            Deliver(removed);
        }

        return inBytes ? bytes : entries;
    }

    private void EvictDownTo(RemovalBatch<TKey, TValue>? removed)
    {
        if (_hasShardLimits)
        {
            foreach (var shard in _shards)
            {
                Surrender(
                    shard,
                    shard.Bytes - MostBytesAShard,
                    shard.Entries - MostEntriesAShard,
                    RemovalReason.Resized,
                    removed);
            }
        }

        while (true)
        {
            var bytes = ByteBudget.IsLimited ? ByteBudget.Booked - ByteBudget.Limit : 0;
            var entries = EntryBudget.IsLimited ? EntryBudget.Booked - EntryBudget.Limit : 0;
            if (bytes <= 0 && entries <= 0)
            {
                return;
            }

            var (freedBytes, freedEntries) = EvictProportionally(bytes, entries, RemovalReason.Resized, removed);
            if (freedBytes == 0 && freedEntries == 0)
            {
                return;
            }
        }
    }

    // One pass in proportion, one that takes from anywhere what rounding and races left.
    private (long Bytes, long Entries) EvictProportionally(
        long bytes, long entries, RemovalReason reason, RemovalBatch<TKey, TValue>? removed)
    {
        long freedBytes = 0;
        long freedEntries = 0;
        double allBytes = Math.Max(1, _shards.Sum(shard => shard.Bytes));
        double allEntries = Math.Max(1, _shards.Sum(shard => (long)shard.Entries));
        for (var pass = 0; pass < 2; pass++)
        {
            foreach (var shard in _shards)
            {
                var wantedBytes = bytes - freedBytes;
                var wantedEntries = entries - freedEntries;
                if (pass == 0)
                {
                    wantedBytes = Math.Min(wantedBytes, (long)(bytes * (shard.Bytes / allBytes)));
                    wantedEntries = Math.Min(wantedEntries, (long)(entries * (shard.Entries / allEntries)));
                }

                if (wantedBytes > 0 || wantedEntries > 0)
                {
                    var freed = Surrender(shard, wantedBytes, wantedEntries, reason, removed);
                    freedBytes += freed.Bytes;
                    freedEntries += freed.Entries;
                }
            }
        }

        return (freedBytes, freedEntries);
    }

    private (long Bytes, long Entries) Surrender(
        CacheShard<TKey, TValue> shard,
        long wantedBytes,
        long wantedEntries,
        RemovalReason reason,
        RemovalBatch<TKey, TValue>? removed)
    {
        var (bytes, entries) = (wantedBytes, wantedEntries);
        shard.Enter();
        try
        {
            shard.Surrender(ref bytes, ref entries, 0, 0, reason, removed);
        }
        finally
        {
            shard.Exit();
        }

        (bytes, entries) = (wantedBytes - bytes, wantedEntries - entries);
        ByteBudget.GiveBack(bytes);
        EntryBudget.GiveBack(entries);
        return (bytes, entries);
    }
}

using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <content>Puts, and how a shard gets room from others.</content>
public sealed partial class BoundedCache<TKey, TValue>
{
    /// <summary>Stores a value in place of any older one of its key.</summary>
    /// <remarks>The cache takes the value over, whatever the outcome. A refused put removes the older value.</remarks>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="owner">Whose value it is, for <see cref="InvalidateOwner"/>; null for nobody's.</param>
    /// <returns>
    /// <see cref="PutOutcome.Stored"/>, <see cref="PutOutcome.NotAdmitted"/>, <see cref="PutOutcome.TooLarge"/>,
    /// <see cref="PutOutcome.NoSpace"/> when reservations hold what it needs, or <see cref="PutOutcome.Disabled"/>.
    /// </returns>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public PutOutcome Put(TKey key, TValue value, string? owner = null)
    {
        var mixed = Mix(key);
        if (_isPlain && owner is null)
        {
            var outcome = TryPutPlain(mixed, key, value);
            if (outcome != CacheShard<TKey, TValue>.Blocked)
            {
                return outcome;
            }
        }

        return PutRequested(mixed, key, value, owner);
    }

    // Apart, because a request is large and would be cleared on the short way too.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private PutOutcome PutRequested(ulong mixed, TKey key, TValue value, string? owner)
    {
        var put = new PutRequest<TKey, TValue>
        {
            Key = key,
            Value = value,
            Hash = (uint)mixed,
            Weight = Weigh(key, value),
            Owner = owner,
        };
        return Put(mixed, ref put);
    }

    // See the shard's method of this name.
    private PutOutcome TryPutPlain(ulong mixed, TKey key, TValue value)
    {
        if (!EntryBudget.IsFull)
        {
            return CacheShard<TKey, TValue>.Blocked;
        }

        var shard = ShardOf(mixed);
        shard.Prefetch((uint)mixed);
        shard.Enter();
        try
        {
            return shard.TryPutPlain((uint)mixed, key, value);
        }
        finally
        {
            shard.Exit();
        }
    }

    private PutOutcome Put(ulong mixed, ref PutRequest<TKey, TValue> put)
    {
        var shard = ShardOf(mixed);
        if (Notifies)
        {
            return PutNotifying(shard, ref put);
        }

        var outcome = PutOnce(shard, ref put);
        return outcome == CacheShard<TKey, TValue>.Blocked || (put.BookedBytes | put.BookedEntries) != 0
            ? PutRest(shard, ref put, outcome)
            : outcome;
    }

    private PutOutcome PutNotifying(CacheShard<TKey, TValue> shard, ref PutRequest<TKey, TValue> put)
    {
        put.Removed = RemovalBatch<TKey, TValue>.Rent();
        try
        {
            var outcome = PutOnce(shard, ref put);
            return PutRest(shard, ref put, outcome);
        }
        finally
        {
            Deliver(put.Removed);
        }
    }

    private static PutOutcome PutOnce(CacheShard<TKey, TValue> shard, ref PutRequest<TKey, TValue> put)
    {
        shard.Enter();
        try
        {
            return shard.Put(ref put);
        }
        finally
        {
            shard.Exit();
        }
    }

    // Gets what is wanted from other shards, as often as the shard asks for it, and gives back what is left over.
    private PutOutcome PutRest(CacheShard<TKey, TValue> shard, ref PutRequest<TKey, TValue> put, PutOutcome outcome)
    {
        try
        {
            while (outcome == CacheShard<TKey, TValue>.Blocked)
            {
                Reclaim(shard, ref put);
                outcome = PutOnce(shard, ref put);
            }

            return outcome;
        }
        finally
        {
            GiveBack(ref put);
        }
    }

    private void GiveBack(ref PutRequest<TKey, TValue> put)
    {
        ByteBudget.GiveBack(put.BookedBytes);
        EntryBudget.GiveBack(put.BookedEntries);
        put.BookedBytes = 0;
        put.BookedEntries = 0;
    }

    // Takes what a put wants from the shards that hold most above their share, one lock at a time.
    private void Reclaim(CacheShard<TKey, TValue> asking, ref PutRequest<TKey, TValue> put)
    {
        var reason = put.WantedBytes <= 0 ? RemovalReason.EntryLimit
            : put.WantedEntries <= 0 ? RemovalReason.ByteLimit
            : RemovalReason.EntryAndByteLimit;
        var (bytes, entries) = (put.WantedBytes, put.WantedEntries);
        Reclaim(asking, ref bytes, ref entries, put.OnlySurplus, reason, put.Removed);
        put.BookedBytes += put.WantedBytes - bytes;
        put.BookedEntries += put.WantedEntries - entries;
    }

    // What is still wanted comes back; everything that was freed stays booked for the caller.
    private void Reclaim(
        CacheShard<TKey, TValue>? asking,
        ref long wantedBytes,
        ref long wantedEntries,
        bool onlySurplus,
        RemovalReason reason,
        RemovalBatch<TKey, TValue>? removed)
    {
        for (var round = 0; round < 2 * _shards.Length && (wantedBytes > 0 || wantedEntries > 0); round++)
        {
            var donor = FindDonor(asking, wantedBytes > 0, wantedEntries > 0, onlySurplus);
            if (donor is null)
            {
                return;
            }

            donor.Enter();
            try
            {
                donor.Surrender(
                    ref wantedBytes,
                    ref wantedEntries,
                    onlySurplus ? ShareBytes : 0,
                    onlySurplus ? ShareEntries : 0,
                    reason,
                    removed);
            }
            finally
            {
                donor.Exit();
            }
        }
    }

    private CacheShard<TKey, TValue>? FindDonor(
        CacheShard<TKey, TValue>? asking, bool wantsBytes, bool wantsEntries, bool onlySurplus)
    {
        CacheShard<TKey, TValue>? best = null;
        double most = 0;
        foreach (var shard in _shards)
        {
            if (shard == asking || shard.IsPoisoned)
            {
                continue;
            }

            var (bytes, entries) = (shard.Bytes, shard.Entries);
            var surplus = wantsBytes && (!onlySurplus || bytes > ShareBytes) ? bytes / (ShareBytes + 1.0) : 0;
            if (wantsEntries && (!onlySurplus || entries > ShareEntries))
            {
                surplus = Math.Max(surplus, entries / (ShareEntries + 1.0));
            }

            if (surplus > most)
            {
                (most, best) = (surplus, shard);
            }
        }

        return best;
    }
}

using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <content>Puts: what must go for the newcomer goes first, then it comes.</content>
internal sealed partial class CacheShard<TKey, TValue>
{
    /// <summary>
    /// No outcome yet: other shards must give up what the request says is wanted. The caller leaves the lock, gets it
    /// and calls again.
    /// </summary>
    public const PutOutcome Blocked = (PutOutcome)byte.MaxValue;

    // How often one put may ask other shards for room.
    private const int MaxReclaims = 3;

    /// <summary>Puts a value; what it leaves booked in the request is the caller's to give back.</summary>
    public PutOutcome Put(ref PutRequest<TKey, TValue> put)
    {
        var slot = Find(put.Hash, put.Key);
        if (slot != None && put.OnlyIfAbsent)
        {
            put.Value = _slots[slot].Value;
            return PutOutcome.AlreadyPresent;
        }

        if (put.Weight > _largestWeight || _cache.IsReservedAway(put.Weight, put.Reserved))
        {
            return Refuse(ref put, slot);
        }

        var oldWeight = slot == None ? 0 : WeightOf(slot);
        var needBytes = put.Weight - oldWeight;
        var needEntries = slot == None ? 1 : 0;
        var shortBytes = _bytesLimited ? Book(_cache.ByteBudget, needBytes, ref put.BookedBytes) : 0;
        var shortEntries = Book(_cache.EntryBudget, needEntries, ref put.BookedEntries);
        if ((shortBytes > 0 || shortEntries > 0)
            && _cache.HasOtherShards
            && AsksOthers(ref put, needBytes, needEntries, shortBytes, shortEntries, oldWeight))
        {
            return Blocked;
        }

        var excessBytes = Math.Max(shortBytes, _bytes + needBytes - _mostBytes);
        var excessEntries = Math.Max(shortEntries, _entries + needEntries - _mostEntries);
        if (slot != None)
        {
            return excessBytes <= 0
                ? ReplaceInPlace(ref put, slot, needBytes)
                : ReplaceMakingRoom(ref put, slot, excessBytes, excessEntries);
        }

        if (excessBytes <= 0 && excessEntries <= 0 && !HasFreeSlot)
        {
            Grow();
        }

        _hot.Changing = true;
        Tick();
        var outcome = Admit(ref put, excessBytes, excessEntries);
        _hot.Changing = false;
        return outcome;
    }

    // Books what a put lacks of one budget; returns what is still missing, zero or less when nothing is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Book(EntryBudget budget, long need, ref long booked)
    {
        if (need > booked)
        {
            booked += budget.BookUpTo(need - booked);
        }

        return need - booked;
    }

    // A shard below its share gets what is missing from those above theirs; one that does not hold as much as the
    // newcomer needs gets the rest from anywhere.
    private bool AsksOthers(
        ref PutRequest<TKey, TValue> put,
        long needBytes,
        long needEntries,
        long shortBytes,
        long shortEntries,
        long oldWeight)
    {
        var below = _bytes + needBytes <= _cache.ShareBytes && _entries + needEntries <= _cache.ShareEntries;
        put.OnlySurplus = below;
        put.WantedBytes = below ? shortBytes : Math.Max(0, shortBytes - (_bytes - oldWeight));
        put.WantedEntries = below ? shortEntries : Math.Max(0, shortEntries - _entries);
        return (put.WantedBytes > 0 || put.WantedEntries > 0) && put.Reclaims++ < MaxReclaims;
    }

    // Lets a newcomer in, if the policy likes it, after those who go for it.
    private PutOutcome Admit(ref PutRequest<TKey, TValue> put, long excessBytes, long excessEntries)
    {
        _victims.Clear();
        var hash = PolicyHash(put.Hash);
        if (!_policy.MakeRoom(hash, put.Weight, excessBytes, excessEntries, _victims))
        {
            return CountRefused(ref put, PutOutcome.NotAdmitted);
        }

        return Follow(ref put, hash, excessBytes, excessEntries);
    }

    // Evicts for an admitted newcomer and inserts it.
    private PutOutcome Follow(ref PutRequest<TKey, TValue> put, uint hash, long excessBytes, long excessEntries)
    {
        if (_victims.Count > 0 || excessBytes > 0 || excessEntries > 0)
        {
            if (!EvictFor(ref put, excessBytes, excessEntries))
            {
                return CountRefused(ref put, PutOutcome.NoSpace);
            }
        }

        Insert(ref put, hash);
        put.BookedBytes -= _bytesLimited ? put.Weight : 0;
        put.BookedEntries--;
        CountPut(put.Weight);
        return PutOutcome.Stored;
    }

    // Evicts those whom the policy named, and more if they did not do.
    private bool EvictFor(ref PutRequest<TKey, TValue> put, long excessBytes, long excessEntries)
    {
        var reason = ReasonOf(excessBytes, excessEntries);
        long count = 0;
        long bytes = 0;
        long age = 0;
        var named = _victims.Count;
        while (count < named || excessBytes > bytes || excessEntries > count)
        {
            var slot = count < named ? _victims[(int)count] : _policy.NextVictim();
            if (slot < 0)
            {
                break;
            }

            age = Math.Max(age, AgeOf(slot));
            bytes += Detach(slot, reason, put.Removed);
            count++;
        }

        put.BookedBytes += _bytesLimited ? bytes : 0;
        put.BookedEntries += count;
        _counters.Evicted += count;
        _counters.EvictedBytes += bytes;
        Keep(count > 0 ? new EvictionReport(count, bytes, age, reason) : default);
        return excessBytes <= bytes && excessEntries <= count;
    }

    private PutOutcome ReplaceInPlace(ref PutRequest<TKey, TValue> put, int slot, long needBytes)
    {
        _hot.Changing = true;
        Tick();
        Replace(slot, put.Value, put.Weight, put.Owner, out var old, out var oldWeight);
        put.BookedBytes -= _bytesLimited ? needBytes : 0;
        CountPut(put.Weight);
        CountReplaced(oldWeight);
        put.Removed?.Add(put.Key, old, oldWeight, RemovalReason.Replaced);
        _hot.Changing = false;
        return PutOutcome.Stored;
    }

    // The older value goes first; what happens to it depends on whether the newer one is let in.
    private PutOutcome ReplaceMakingRoom(
        ref PutRequest<TKey, TValue> put, int slot, long excessBytes, long excessEntries)
    {
        _hot.Changing = true;
        Tick();
        var age = AgeOf(slot);
        var (oldKey, old) = (_slots[slot].Key, _slots[slot].Value);
        var oldWeight = Detach(slot, default, removed: null);
        put.BookedBytes += _bytesLimited ? oldWeight : 0;
        put.BookedEntries++;
        var outcome = Admit(ref put, excessBytes, excessEntries);
        var reason = outcome == PutOutcome.Stored ? RemovalReason.Replaced : RemovalReason.RejectedPut;
        if (outcome == PutOutcome.Stored)
        {
            CountReplaced(oldWeight);
        }
        else
        {
            _counters.Evicted++;
            _counters.EvictedBytes += oldWeight;
            Keep(new EvictionReport(1, oldWeight, age, reason));
        }

        put.Removed?.Add(oldKey, old, oldWeight, reason, age);
        _hot.Changing = false;
        return outcome;
    }

    private PutOutcome Refuse(ref PutRequest<TKey, TValue> put, int slot)
    {
        _hot.Changing = true;
        if (slot != None)
        {
            Tick();
            var age = AgeOf(slot);
            var weight = Detach(slot, RemovalReason.RejectedPut, put.Removed);
            put.BookedBytes += _bytesLimited ? weight : 0;
            put.BookedEntries++;
            _counters.Evicted++;
            _counters.EvictedBytes += weight;
            Keep(new EvictionReport(1, weight, age, RemovalReason.RejectedPut));
        }

        var outcome = CountRefused(
            ref put,
            _cache.IsDisabled ? PutOutcome.Disabled
            : put.Weight > _largestWeight ? PutOutcome.TooLarge
            : PutOutcome.NoSpace);
        _hot.Changing = false;
        return outcome;
    }

    private static RemovalReason ReasonOf(long excessBytes, long excessEntries) =>
        excessBytes <= 0 ? RemovalReason.EntryLimit
        : excessEntries <= 0 ? RemovalReason.ByteLimit
        : RemovalReason.EntryAndByteLimit;

    private void CountPut(long weight)
    {
        _counters.Puts++;
        _counters.PutBytes += weight;
    }

    private void CountReplaced(long weight)
    {
        _counters.Replaced++;
        _counters.ReplacedBytes += weight;
    }

    private PutOutcome CountRefused(ref PutRequest<TKey, TValue> put, PutOutcome outcome)
    {
        CountPut(put.Weight);
        _counters.Refused++;
        _counters.RefusedBytes += put.Weight;
        _counters.NotAdmitted += outcome == PutOutcome.NotAdmitted ? 1 : 0;
        put.Removed?.Add(put.Key, put.Value, put.Weight, RemovalReason.NotAdmitted);
        return outcome;
    }
}

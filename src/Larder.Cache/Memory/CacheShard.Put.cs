using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <content>Puts: what must go for the newcomer goes first, then it comes.</content>
internal sealed partial class CacheShard<TKey, TValue>
{
    // How often one put may ask other shards for room.
    private const int MaxReclaims = 3;

    /// <summary>
    /// Puts a value, or asks for room in other shards (null, with the wanted amounts in the request): the caller leaves
    /// the lock, gets it and calls again.
    /// </summary>
    public PutOutcome? Put(ref PutRequest<TKey, TValue> put)
    {
        var slot = Find(put.Hash, put.Key);
        if (slot != None && put.OnlyIfAbsent)
        {
            put.Value = View.Slots[slot].Value;
            return PutOutcome.AlreadyPresent;
        }

        if (_cache.IsDisabled || put.Weight > _cache.LargestWeight)
        {
            return Refuse(ref put, slot, _cache.IsDisabled ? PutOutcome.Disabled : PutOutcome.TooLarge);
        }

        var oldWeight = slot == None ? 0 : WeightOf(slot);
        var needBytes = put.Weight - oldWeight;
        var needEntries = slot == None ? 1 : 0;
        Book(ref put, needBytes, needEntries);
        var shortBytes = needBytes - put.BookedBytes;
        var shortEntries = needEntries - put.BookedEntries;
        if ((shortBytes > 0 || shortEntries > 0)
            && AsksOthers(ref put, needBytes, needEntries, shortBytes, shortEntries, oldWeight))
        {
            return null;
        }

        var excessBytes = Math.Max(shortBytes, _bytes + needBytes - _cache.MostBytesAShard);
        var excessEntries = Math.Max(shortEntries, _entries + needEntries - _cache.MostEntriesAShard);
        if (slot == None && excessBytes <= 0 && excessEntries <= 0)
        {
            if (!HasFreeSlot)
            {
                Grow();
            }
        }
        else if (slot != None && excessBytes <= 0)
        {
            return Replace(ref put, slot, needBytes);
        }

        return Replacing(ref put, slot, excessBytes, excessEntries);
    }

    private void Book(ref PutRequest<TKey, TValue> put, long needBytes, long needEntries)
    {
        if (needBytes > put.BookedBytes)
        {
            put.BookedBytes += _cache.ByteBudget.BookUpTo(needBytes - put.BookedBytes);
        }

        if (needEntries > put.BookedEntries)
        {
            put.BookedEntries += _cache.EntryBudget.BookUpTo(needEntries - put.BookedEntries);
        }
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
        if (put.Reclaims >= MaxReclaims || !_cache.HasOtherShards)
        {
            return false;
        }

        var below = _bytes + needBytes <= _cache.ShareBytes && _entries + needEntries <= _cache.ShareEntries;
        put.OnlySurplus = below;
        put.WantedBytes = below ? shortBytes : Math.Max(0, shortBytes - (_bytes - oldWeight));
        put.WantedEntries = below ? shortEntries : Math.Max(0, shortEntries - _entries);
        put.Reclaims++;
        return put.WantedBytes > 0 || put.WantedEntries > 0;
    }

    private PutOutcome Replace(ref PutRequest<TKey, TValue> put, int slot, long needBytes)
    {
        _changing = true;
        Tick();
        ReplaceInPlace(slot, put.Value, put.Weight, put.Owner, out var old, out var oldWeight);
        put.BookedBytes -= needBytes;
        CountPut(put.Weight);
        _counters.Replaced++;
        _counters.ReplacedBytes += oldWeight;
        put.Removed?.Add(put.Key, old, oldWeight, RemovalReason.Replaced);
        _changing = false;
        return PutOutcome.Stored;
    }

    private PutOutcome Replacing(ref PutRequest<TKey, TValue> put, int slot, long excessBytes, long excessEntries)
    {
        _changing = true;
        Tick();
        var reason = ReasonOf(excessBytes, excessEntries);
        var report = default(EvictionReport);
        var wasThere = slot != None;
        var oldAge = wasThere ? AgeOf(slot) : 0;
        TKey oldKey = default!; // Only read when there was an older value.
        TValue old = default!;
        long oldWeight = 0;
        if (wasThere)
        {
            Detach(slot, out oldKey, out old, out oldWeight);
            put.BookedBytes += oldWeight;
            put.BookedEntries++;
        }

        var outcome = PutOutcome.Stored;
        if (!MakeRoom(ref put, excessBytes, excessEntries, reason, ref report, ref outcome))
        {
            if (wasThere)
            {
                Report(ref report, oldWeight, oldAge, RemovalReason.RejectedPut);
                CountEvicted(oldWeight);
                put.Removed?.Add(oldKey, old, oldWeight, RemovalReason.RejectedPut);
            }

            CountRefused(ref put, outcome);
        }
        else
        {
            Insert(put.Hash, put.Key, put.Value, put.Weight, put.Owner);
            put.BookedBytes -= put.Weight;
            put.BookedEntries--;
            CountPut(put.Weight);
            if (wasThere)
            {
                _counters.Replaced++;
                _counters.ReplacedBytes += oldWeight;
                put.Removed?.Add(oldKey, old, oldWeight, RemovalReason.Replaced);
            }
        }

        if (report.Entries > 0)
        {
            _lastReport = report;
        }

        _changing = false;
        return outcome;
    }

    private bool MakeRoom(
        ref PutRequest<TKey, TValue> put,
        long excessBytes,
        long excessEntries,
        RemovalReason reason,
        ref EvictionReport report,
        ref PutOutcome outcome)
    {
        _victims.Clear();
        if (!_policy.MakeRoom(put.Hash, put.Weight, excessBytes, excessEntries, _victims))
        {
            outcome = PutOutcome.NotAdmitted;
            return false;
        }

        for (var i = 0; i < _victims.Count; i++)
        {
            excessBytes -= Evict(_victims[i], reason, ref report, ref put);
            excessEntries--;
        }

        while (excessBytes > 0 || excessEntries > 0)
        {
            var victim = _policy.NextVictim();
            if (victim < 0)
            {
                outcome = PutOutcome.NoSpace;
                return false;
            }

            excessBytes -= Evict(victim, reason, ref report, ref put);
            excessEntries--;
        }

        return true;
    }

    private long Evict(int slot, RemovalReason reason, ref EvictionReport report, ref PutRequest<TKey, TValue> put)
    {
        var age = AgeOf(slot);
        Detach(slot, out var key, out var value, out var weight);
        put.BookedBytes += weight;
        put.BookedEntries++;
        Report(ref report, weight, age, reason);
        CountEvicted(weight);
        put.Removed?.Add(key, value, weight, reason);
        return weight;
    }

    private PutOutcome Refuse(ref PutRequest<TKey, TValue> put, int slot, PutOutcome outcome)
    {
        _changing = true;
        if (slot != None)
        {
            Tick();
            var report = default(EvictionReport);
            Evict(slot, RemovalReason.RejectedPut, ref report, ref put);
            _lastReport = report;
        }

        CountRefused(ref put, outcome);
        _changing = false;
        return outcome;
    }

    private static RemovalReason ReasonOf(long excessBytes, long excessEntries) =>
        excessBytes <= 0 ? RemovalReason.EntryLimit
        : excessEntries <= 0 ? RemovalReason.ByteLimit
        : RemovalReason.EntryAndByteLimit;

    private static void Report(ref EvictionReport report, long weight, long age, RemovalReason reason) =>
        report = new EvictionReport(
            report.Entries + 1,
            report.Bytes + weight,
            Math.Max(report.MaxAgeTicks, age),
            report.Entries == 0 ? reason : report.Reason);

    private void CountPut(long weight)
    {
        _counters.Puts++;
        _counters.PutBytes += weight;
    }

    private void CountEvicted(long weight)
    {
        _counters.Evicted++;
        _counters.EvictedBytes += weight;
    }

    private void CountRefused(ref PutRequest<TKey, TValue> put, PutOutcome outcome)
    {
        CountPut(put.Weight);
        _counters.Refused++;
        _counters.RefusedBytes += put.Weight;
        _counters.NotAdmitted += outcome == PutOutcome.NotAdmitted ? 1 : 0;
        put.Removed?.Add(put.Key, put.Value, put.Weight, RemovalReason.NotAdmitted);
    }
}

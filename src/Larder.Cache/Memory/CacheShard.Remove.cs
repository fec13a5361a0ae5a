using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <content>Everything that takes entries out other than a put of this shard.</content>
internal sealed partial class CacheShard<TKey, TValue>
{
    /// <summary>Removes one entry; returns its weight, which the caller gives back.</summary>
    public long RemoveSlot(int slot, RemovalReason reason, RemovalBatch<TKey, TValue>? removed)
    {
        _hot.Changing = true;
        var report = default(EvictionReport);
        var weight = RemoveCore(slot, reason, removed, ref report);
        Keep(report);
        _hot.Changing = false;
        return weight;
    }

    /// <summary>Removes the entries of an owner, or all of them for null; returns how many, and their weight.</summary>
    public int RemoveMany(string? owner, RemovalReason reason, RemovalBatch<TKey, TValue>? removed, out long bytes)
    {
        bytes = 0;
        _victims.Clear();
        if (owner is not null)
        {
            _owners?.CopySlots(owner, _victims);
        }
        else
        {
            CopyLiveSlots(_victims);
        }

        _hot.Changing = true;
        var report = default(EvictionReport);
        foreach (var slot in _victims)
        {
            bytes += RemoveCore(slot, reason, removed, ref report);
        }

        Keep(report);
        _hot.Changing = false;
        return _victims.Count;
    }

    /// <summary>
    /// Evicts, coldest first, until so much is freed, or until the shard is down to the floors it may keep; the amounts
    /// that are still wanted come back, and below zero when more was freed.
    /// </summary>
    public void Surrender(
        ref long wantedBytes,
        ref long wantedEntries,
        long floorBytes,
        long floorEntries,
        RemovalReason reason,
        RemovalBatch<TKey, TValue>? removed)
    {
        _hot.Changing = true;
        var report = default(EvictionReport);
        while ((wantedBytes > 0 && _bytes > floorBytes) || (wantedEntries > 0 && _entries > floorEntries))
        {
            var slot = _policy.NextVictim();
            if (slot < 0)
            {
                break;
            }

            wantedBytes -= RemoveCore(slot, reason, removed, ref report);
            wantedEntries--;
        }

        Keep(report);
        _hot.Changing = false;
    }

    /// <summary>Adds the keys and values of all entries, in no order.</summary>
    public void CopyEntries(ICollection<KeyValuePair<TKey, TValue>> destination)
    {
        var slots = new List<int>(_entries);
        CopyLiveSlots(slots);
        foreach (var slot in slots)
        {
            destination.Add(new(_slots[slot].Key, _slots[slot].Value));
        }
    }

    private static bool IsEviction(RemovalReason reason) => reason is RemovalReason.EntryLimit
        or RemovalReason.ByteLimit or RemovalReason.EntryAndByteLimit or RemovalReason.RejectedPut
        or RemovalReason.Resized or RemovalReason.Pressure or RemovalReason.Expired;

    private long RemoveCore(
        int slot, RemovalReason reason, RemovalBatch<TKey, TValue>? removed, ref EvictionReport report)
    {
        var age = AgeOf(slot);
        var weight = Detach(slot, reason, removed);
        if (IsEviction(reason))
        {
            report = new EvictionReport(
                report.Entries + 1, report.Bytes + weight, Math.Max(report.MaxAgeTicks, age), reason);
            _counters.Evicted++;
            _counters.EvictedBytes += weight;
        }
        else
        {
            _counters.Removed++;
            _counters.RemovedBytes += weight;
        }

        return weight;
    }

    private void Keep(EvictionReport report)
    {
        if (report.Entries > 0)
        {
            _lastReport = report;
            _hot.LastAge = NoAge;
        }
    }

    private void CopyLiveSlots(List<int> destination)
    {
        foreach (var head in _buckets)
        {
            for (var slot = head; slot != None; slot = _slots[slot].Next)
            {
                destination.Add(slot);
            }
        }
    }
}

namespace Larder.Cache.Memory;

/// <content>The check that ends every concurrent test.</content>
internal sealed partial class CacheShard<TKey, TValue>
{
    /// <summary>Throws when table, free list, sums, owners or policy disagree.</summary>
    public void CheckIntegrity()
    {
        var slots = _slots;
        var live = new HashSet<int>();
        long bytes = 0;
        for (var bucket = 0; bucket < _buckets.Length; bucket++)
        {
            for (var slot = _buckets[bucket]; slot != None; slot = slots[slot].Next)
            {
                Require(live.Add(slot), $"slot {slot} is linked twice");
                Require((slots[slot].Hash & (_buckets.Length - 1)) == bucket, $"slot {slot} is in a wrong bucket");
                Require(Find(slots[slot].Hash, slots[slot].Key) == slot, $"slot {slot} is not found by its key");
                bytes += WeightOf(slot);
            }
        }

        Require(live.Count == _entries, $"{live.Count} entries are linked, {_entries} counted");
        Require(bytes == _bytes, $"{bytes} bytes are linked, {_bytes} counted");
        var free = 0;
        for (var slot = _free; slot != None; slot = slots[slot].Next)
        {
            Require(!live.Contains(slot), $"slot {slot} is linked and free");
            Require(EqualityComparer<TValue>.Default.Equals(slots[slot].Value, default), $"free slot {slot} holds a value");
            Require(++free <= _fresh, "the free list has a cycle");
        }

        Require(free + live.Count == _fresh, $"{_fresh} slots were used, {free} are free and {live.Count} live");
        Require((_views[_index].Version & 1) == 0, "the version is odd at rest");
        Require(_entries <= _cache.MostEntriesAShard && _bytes <= _cache.MostBytesAShard, "a shard is above its limit");
        _owners?.CheckIntegrity(live.Contains);
        _policy.CheckIntegrity();
        var counters = Counters;
        Require(
            counters.Puts == _entries + counters.Evicted + counters.Removed + counters.Replaced + counters.Refused,
            "puts do not balance in entries");
        Require(
            counters.PutBytes == _bytes + counters.EvictedBytes + counters.RemovedBytes + counters.ReplacedBytes
                + counters.RefusedBytes,
            "puts do not balance in bytes");
    }

    /// <summary>How many entries the fullest bucket has.</summary>
    public int LongestChain()
    {
        var longest = 0;
        foreach (var head in _buckets)
        {
            var length = 0;
            for (var slot = head; slot != None; slot = _slots[slot].Next)
            {
                length++;
            }

            longest = Math.Max(longest, length);
        }

        return longest;
    }

    private void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Cache shard {_index}: {what}.");
        }
    }
}

namespace Larder.Indexer.Caching;

/// <content>Making room in the log, and walking through it.</content>
internal sealed unsafe partial class CacheTable
{
    internal delegate void Visitor(ulong scope, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Evicts the coldest entries until at most so many bytes of the log are used.</summary>
    internal void EvictTo(long bytes, long chances)
    {
        var left = Math.Min(chances, _counters.Items);
        while (UsedLogBytes > bytes)
        {
            EvictOne(ref left);
        }
    }

    /// <summary>Shows every live entry, from the oldest on.</summary>
    internal void Visit(Visitor visitor)
    {
        for (var position = _tail; position < _head;)
        {
            var entry = EntryAt(position);
            if (entry->IsFiller)
            {
                position = _lap;
                continue;
            }

            if (!entry->IsDead)
            {
                visitor(entry->Scope, CacheEntry.KeyOf(entry), CacheEntry.ValueOf(entry));
            }

            position += (ulong)entry->Units;
        }
    }

    /// <summary>Checks the whole structure; throws what is wrong.</summary>
    internal void CheckIntegrity()
    {
        long items = 0;
        long negative = 0;
        long bytes = 0;
        var position = _tail;
        while (position < _head)
        {
            var entry = EntryAt(position);
            if (entry->IsFiller)
            {
                Check(position < _lap, "a filler lies in the head's round");
                position = _lap;
                continue;
            }

            Check(position >= _lap || position + (ulong)entry->Units <= _lap, "an entry goes over the end of the log");
            if (!entry->IsDead)
            {
                items++;
                negative += entry->ValueLength == 0 ? 1 : 0;
                bytes += entry->Units * CacheEntry.UnitBytes;
                var hash = KeyHash.Of(entry->Scope, CacheEntry.KeyOf(entry));
                Check(SlotOf(hash, position) != null, "a live entry has no slot");
                Check(*Find(hash, entry->Scope, CacheEntry.KeyOf(entry)) >> TagBits == position, "a key has two entries");
            }

            position += (ulong)entry->Units;
        }

        Check(position == _head, "the entries do not end at the head");
        Check(_head - _tail <= _logUnits, "the log is over-full");
        long slots = 0;
        for (ulong slot = 0; slot < _buckets * SlotsPerBucket; slot++)
        {
            slots += _index[slot] >> TagBits >= _tail ? 1 : 0;
        }

        Check(slots == items && items == _counters.Items, $"{slots} slots, {items} live entries, {_counters.Items} counted");
        Check(negative == _counters.NegativeItems, "negative entries are counted wrongly");
        Check(bytes == _counters.LiveBytes, "live bytes are counted wrongly");
        Check(
            _counters.Sets == items + _counters.Evicted + _counters.Removed + _counters.Replaced + _counters.Refused,
            "sets do not add up");
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The table is broken: {otherwise}.");
        }
    }

    // Leaves room for an entry at the head, in one piece: what is left of a round that is too short is skipped.
    private void MakeRoom(ulong units)
    {
        long chances = ChancesPerCall;
        while (true)
        {
            var left = _lap + _logUnits - _head;
            if (_tail == _head && left < units)
            {
                BeginLap(_lap + _logUnits);
                _tail = _head;
                continue;
            }

            var needed = left >= units ? units : left + units;
            if (_head + needed - _tail <= _logUnits)
            {
                if (left < units)
                {
                    EndLap(left);
                }

                return;
            }

            EvictOne(ref chances);
        }
    }

    private void EndLap(ulong left)
    {
        if (left > 0)
        {
            CacheEntry.WriteFiller(EntryAt(_head));
        }

        BeginLap(_lap + _logUnits);
    }

    private void BeginLap(ulong position)
    {
        _lap = position;
        _head = position;
    }

    // After 64 TiB of entries, before positions no longer fit a slot.
    private void StartAgain()
    {
        _counters.Evicted += _counters.Items;
        Forget();
        ClearIndex();
        _lap = 1;
        _head = 1;
        _tail = 1;
    }

    private void EvictOne(ref long chances)
    {
        var entry = EntryAt(_tail);
        if (entry->IsFiller)
        {
            _tail = _lap;
            return;
        }

        var units = (ulong)entry->Units;
        if (!entry->IsDead)
        {
            if (entry->Frequency > 0 && chances > 0 && TryMoveToHead(entry, units))
            {
                chances--;
            }
            else
            {
                Count(entry, -1);
                _counters.Evicted++;
            }
        }

        _tail += units;
    }

    // The entry's own room counts as free, and may be where it goes: bytes are moved before anything else is written.
    private bool TryMoveToHead(CacheEntry* entry, ulong units)
    {
        var left = _lap + _logUnits - _head;
        var needed = left >= units ? units : left + units;
        if (_head + needed - (_tail + units) > _logUnits)
        {
            return false;
        }

        var hash = KeyHash.Of(entry->Scope, CacheEntry.KeyOf(entry));
        var slot = SlotOf(hash, _tail);
        var target = left >= units ? EntryAt(_head) : (CacheEntry*)_log;
        var bytes = (long)units * CacheEntry.UnitBytes;
        Buffer.MemoryCopy(entry, target, bytes, bytes);
        if (left < units)
        {
            EndLap(left);
        }

        target->Frequency--;
        *slot = (_head << TagBits) | (hash & TagMask);
        _head += units;
        _counters.SecondChances++;
        return true;
    }

    private ulong* SlotOf(ulong hash, ulong position)
    {
        var mask = Matches(BucketOf(hash), (position << TagBits) | (hash & TagMask), ulong.MaxValue);
        return mask == 0 ? null : BucketOf(hash) + System.Numerics.BitOperations.TrailingZeroCount(mask);
    }
}

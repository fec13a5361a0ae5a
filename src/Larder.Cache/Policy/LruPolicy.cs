namespace Larder.Cache.Policy;

/// <summary>
/// The exact order of last use. Hits only stamp their slot with the clock; a heap by the stamps that were seen last
/// finds the oldest entry.
/// </summary>
/// <remarks>
/// <para>
/// The root of the heap has the smallest recorded stamp. When its real stamp is newer, it was used since: it takes the
/// real stamp and sinks, and the next root is looked at. Recorded stamps never exceed real ones, so the first root whose
/// stamps agree is the least recently used. Every hit causes at most one such step, so an eviction is
/// O(log n) amortised, and newcomers, which carry the newest stamp of all, enter at the bottom at no cost.
/// </para>
/// <para>
/// Lookups call <see cref="Stamp"/> without a lock. Two that race for one slot may leave the earlier of their two stamps;
/// a lookup that is held up between finding and stamping may stamp the slot's next entry. Both put an entry at most as
/// far ahead as a use at that moment would.
/// </para>
/// </remarks>
internal sealed class LruPolicy : EvictionPolicy
{
    private const int NotQueued = -1;

    // The last tick given out. Raised by lookups without a lock.
    private long _clock;

    // Last use by slot. Written by lookups without a lock, read again and again under it.
    private long[] _stamps = [];

    // The stamp that the heap is ordered by, by slot.
    private long[] _recorded = [];

    // Slots as a binary heap, and each slot's place in it.
    private int[] _heap = [];
    private int[] _places = [];
    private int _count;

    /// <summary>Moves the clock; returns the new time.</summary>
    public long Tick() => Interlocked.Increment(ref _clock);

    /// <summary>A lookup found the entry in <paramref name="slot"/>.</summary>
    public void Stamp(int slot)
    {
        var now = Tick();
        var stamps = Volatile.Read(ref _stamps);
        if ((uint)slot >= (uint)stamps.Length)
        {
            return;
        }

        // Never backwards: a thread that slept before it wrote must not undo the uses that others have noted since.
        ref var stamp = ref stamps[slot];
        var seen = Volatile.Read(ref stamp);
        while (seen < now)
        {
            var found = Interlocked.CompareExchange(ref stamp, now, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    /// <summary>Ticks since the last use of an entry.</summary>
    public long AgeOf(int slot) => Math.Max(0, Volatile.Read(ref _clock) - _stamps[slot]);

    /// <inheritdoc/>
    public override void EnsureCapacity(int slots)
    {
        var touches = new byte[slots];
        Array.Resize(ref _recorded, slots);
        Array.Resize(ref _heap, slots);
        Array.Resize(ref _places, slots);
        var stamps = new long[slots];
        _stamps.CopyTo(stamps, 0);
        Volatile.Write(ref _stamps, stamps);
        Touches = touches;
    }

    /// <inheritdoc/>
    public override void SetCapacity(long bytes, long entries)
    {
    }

    /// <inheritdoc/>
    public override bool MakeRoom(uint hash, long weight, long excessBytes, long excessEntries, List<int> victims)
    {
        while ((excessBytes > 0 || excessEntries > 0) && _count > 0)
        {
            var slot = NextVictim();
            Dequeue(slot);
            victims.Add(slot);
            excessBytes -= Slots.WeightOf(slot);
            excessEntries--;
        }

        return true;
    }

    /// <inheritdoc/>
    public override void OnInsert(int slot, uint hash, long weight)
    {
        var now = Volatile.Read(ref _clock);
        _stamps[slot] = now;
        _recorded[slot] = now;
        _heap[_count] = slot;
        _places[slot] = _count;
        Rise(_count++);
    }

    /// <inheritdoc/>
    public override void OnReplace(int slot, long weight) => _stamps[slot] = Volatile.Read(ref _clock);

    /// <inheritdoc/>
    public override void OnRemove(int slot)
    {
        if (_places[slot] != NotQueued)
        {
            Dequeue(slot);
        }
    }

    /// <inheritdoc/>
    public override int NextVictim()
    {
        if (_count == 0)
        {
            return -1;
        }

        while (true)
        {
            var slot = _heap[0];
            var stamp = Volatile.Read(ref _stamps[slot]);
            if (stamp == _recorded[slot])
            {
                return slot;
            }

            _recorded[slot] = stamp;
            Sink(0);
        }
    }

    /// <inheritdoc/>
    public override void CheckIntegrity()
    {
        for (var place = 0; place < _count; place++)
        {
            var slot = _heap[place];
            if (_places[slot] != place
                || _recorded[slot] > _stamps[slot]
                || (place > 0 && _recorded[_heap[(place - 1) / 2]] > _recorded[slot]))
            {
                throw new InvalidOperationException($"The LRU heap is wrong at {place}, slot {slot}.");
            }
        }
    }

    private void Dequeue(int slot)
    {
        var place = _places[slot];
        _places[slot] = NotQueued;
        var last = _heap[--_count];
        if (place == _count)
        {
            return;
        }

        _heap[place] = last;
        _places[last] = place;
        Rise(place);
        Sink(_places[last]);
    }

    private void Rise(int place)
    {
        var slot = _heap[place];
        var stamp = _recorded[slot];
        while (place > 0)
        {
            var parent = (place - 1) / 2;
            if (_recorded[_heap[parent]] <= stamp)
            {
                break;
            }

            Put(_heap[parent], place);
            place = parent;
        }

        Put(slot, place);
    }

    private void Sink(int place)
    {
        var slot = _heap[place];
        var stamp = _recorded[slot];
        while (true)
        {
            var child = (2 * place) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && _recorded[_heap[child + 1]] < _recorded[_heap[child]])
            {
                child++;
            }

            if (_recorded[_heap[child]] >= stamp)
            {
                break;
            }

            Put(_heap[child], place);
            place = child;
        }

        Put(slot, place);
    }

    private void Put(int slot, int place)
    {
        _heap[place] = slot;
        _places[slot] = place;
    }
}

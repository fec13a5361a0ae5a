namespace Larder.Cache.Memory;

/// <content>The table: how slots are taken, linked, unlinked and cleared under the eyes of lock-free lookups.</content>
internal sealed partial class CacheShard<TKey, TValue>
{
    // Whether a value is written in one piece, so that lookups see the old or the new one.
    private static bool ValueIsOnePiece =>
        !typeof(TValue).IsValueType || typeof(TValue) == typeof(long) || typeof(TValue) == typeof(int)
        || typeof(TValue) == typeof(bool) || typeof(TValue) == typeof(byte) || typeof(TValue) == typeof(double);

    private bool HasFreeSlot => _free != None || _fresh < View.Slots.Length;

    // Fills a free slot and links it. A lookup sees the entry from the moment its bucket names it.
    private int Insert(uint hash, TKey key, TValue value, long weight, string? owner)
    {
        ref var view = ref View;
        var slots = view.Slots;
        var slot = _free;
        if (slot != None)
        {
            _free = slots[slot].Next;
        }
        else
        {
            slot = _fresh++;
        }

        ref var taken = ref slots[slot];
        taken.Value = value;
        taken.Key = key;
        taken.Hash = hash;
        SetWeight(slot, weight);
        _entries++;
        _bytes += weight;
        if (owner is not null)
        {
            (_owners ??= new OwnerIndex()).Set(slot, owner);
        }

        if (_lru is null)
        {
            view.Ticks[slot] = view.Clock;
        }

        _policy.OnInsert(slot, hash, weight);
        ref var bucket = ref view.Buckets[hash & (uint)(view.Buckets.Length - 1)];
        taken.Next = bucket;
        Volatile.Write(ref bucket, slot);
        return slot;
    }

    // Takes an entry out. The slot is cleared only after lookups that can still be on it are sure to notice.
    private void Detach(int slot, out TKey key, out TValue value, out long weight)
    {
        ref var view = ref View;
        var slots = view.Slots;
        ref var left = ref slots[slot];
        key = left.Key;
        value = left.Value;
        weight = WeightOf(slot);
        _policy.OnRemove(slot);

        ref var link = ref view.Buckets[left.Hash & (uint)(view.Buckets.Length - 1)];
        while (link != slot)
        {
            link = ref slots[link].Next;
        }

        Volatile.Write(ref link, left.Next);
        Volatile.Write(ref view.Version, view.Version + 2);
        Volatile.WriteBarrier();

        left.Key = default!; // A free slot is never read as an entry.
        left.Value = default!;
        left.Hash = 0;
        left.Next = _free;
        _free = slot;
        if (_weights is not null && _weights[slot] == uint.MaxValue)
        {
            _heavy!.Remove(slot); // SetWeight put it there.
        }

        _owners?.Remove(slot);
        _entries--;
        _bytes -= weight;
    }

    private void ReplaceInPlace(int slot, TValue value, long weight, string? owner, out TValue old, out long oldWeight)
    {
        ref var view = ref View;
        oldWeight = WeightOf(slot);
        _policy.OnReplace(slot, weight);
        SetWeight(slot, weight);
        _bytes += weight - oldWeight;
        if (_lru is null)
        {
            view.Ticks[slot] = view.Clock;
        }

        if (owner is not null || _owners is not null)
        {
            (_owners ??= new OwnerIndex()).Set(slot, owner);
        }

        ref var place = ref view.Slots[slot].Value;
        old = place;
        if (ValueIsOnePiece)
        {
            Volatile.WriteBarrier();
            place = value;
            return;
        }

        Volatile.Write(ref view.Version, view.Version + 1);
        Volatile.WriteBarrier();
        place = value;
        Volatile.Write(ref view.Version, view.Version + 1);
    }

    private void SetWeight(int slot, long weight)
    {
        if (_weights is null)
        {
            return;
        }

        if (_weights[slot] == uint.MaxValue)
        {
            _heavy?.Remove(slot);
        }

        if (weight < uint.MaxValue)
        {
            _weights[slot] = (uint)weight;
        }
        else
        {
            _weights[slot] = uint.MaxValue;
            (_heavy ??= [])[slot] = weight;
        }
    }

    // Makes the arrays larger: by half at first, by an eighth where that is many, so that little stands empty.
    // The old arrays stay as they are for lookups that still walk them.
    private void Grow()
    {
        ref var view = ref View;
        var old = view.Slots.Length;
        var step = old < 1024 ? old : old < 8192 ? old / 4 : old / 8;
        var count = (int)Math.Min(Math.Min((long)old + step, Array.MaxLength), Math.Max(_cache.MostEntries, old + 1L));

        var slots = new Slot<TKey, TValue>[count];
        view.Slots.CopyTo(slots, 0);
        var ticks = view.Ticks;
        if (_lru is null)
        {
            Array.Resize(ref ticks, count);
        }

        if (_weights is not null)
        {
            Array.Resize(ref _weights, count);
        }

        var buckets = view.Buckets.Length >= count ? view.Buckets : Relink(slots, view.Buckets.Length * 2);
        _policy.EnsureCapacity(count);

        Volatile.Write(ref view.Version, view.Version + 1);
        Volatile.WriteBarrier();
        view.Slots = slots;
        view.Buckets = buckets;
        view.Ticks = ticks;
        view.Touches = _policy.Touches;
        Volatile.Write(ref view.Version, view.Version + 1);
    }

    // Only called when every slot is in use.
    private int[] Relink(Slot<TKey, TValue>[] slots, int bucketCount)
    {
        var buckets = NewBuckets(bucketCount);
        for (var slot = 0; slot < _fresh; slot++)
        {
            ref var bucket = ref buckets[slots[slot].Hash & (uint)(bucketCount - 1)];
            slots[slot].Next = bucket;
            bucket = slot;
        }

        return buckets;
    }

    private long Tick() => _lru is not null ? _lru.Tick() : ++View.Clock;

    private long AgeOf(int slot) => _lru is not null ? _lru.AgeOf(slot) : View.Clock - View.Ticks[slot];
}

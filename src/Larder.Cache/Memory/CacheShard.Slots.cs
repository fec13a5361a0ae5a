using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <content>The table: how slots are taken, linked, unlinked and cleared under the eyes of lock-free lookups.</content>
internal sealed partial class CacheShard<TKey, TValue>
{
    // Whether a value is written in one piece, so that lookups see the old or the new one.
    private static bool ValueIsOnePiece =>
        !typeof(TValue).IsValueType || typeof(TValue) == typeof(long) || typeof(TValue) == typeof(int)
        || typeof(TValue) == typeof(bool) || typeof(TValue) == typeof(byte) || typeof(TValue) == typeof(double);

    private bool HasFreeSlot => _free != None || _fresh < _slots.Length;

    // Fills a free slot and links it. A lookup sees the entry from the moment its bucket names it.
    private void Insert(ref PutRequest<TKey, TValue> put, uint policyHash)
    {
        var slots = _slots;
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
        taken.Value = put.Value;
        taken.Key = put.Key;
        taken.Hash = put.Hash;
        if (_weights is not null)
        {
            SetWeight(slot, put.Weight);
        }

        _entries++;
        _bytes += put.Weight;
        if (put.Owner is not null)
        {
            (_owners ??= new OwnerIndex()).Set(slot, put.Owner);
        }

        if (_lru is null)
        {
            _ticks[slot] = _hot.Clock;
        }

        _policy.OnInsert(slot, policyHash, put.Weight);
        ref var bucket = ref BucketOf(put.Hash);
        taken.Next = bucket;
        Volatile.Write(ref bucket, slot);
    }

    /// <summary>
    /// Makes an entry the first of its bucket, where lookups find it at once. Runs without the lock, and does nothing
    /// when somebody has it.
    /// </summary>
    public void TryMoveForward(uint hash, int slot)
    {
        if (Interlocked.CompareExchange(ref _hot.Gate, 1, 0) != 0)
        {
            return;
        }

        ref var head = ref BucketOf(hash);
        if (!_hot.Changing && head != slot)
        {
            MoveForward(ref head, slot);
        }

        Volatile.Write(ref _hot.Gate, 0);
    }

    private void MoveForward(ref int head, int slot)
    {
        var slots = _slots;
        ref var link = ref head;
        while (link != slot)
        {
            if (link == None)
            {
                return; // It left, or the table grew, since the lookup found it.
            }

            link = ref slots[link].Next;
        }

        // Between the two steps the entry cannot be reached: lookups that come by must look again.
        ref var version = ref _views[_index].Version;
        Volatile.Write(ref version, version + 1);
        Volatile.WriteBarrier();
        link = slots[slot].Next;
        slots[slot].Next = head;
        head = slot;
        Volatile.Write(ref version, version + 1);
    }

    // Takes an entry out; returns its weight. The slot is cleared only after lookups that can still be on it are sure to
    // notice.
    private long Detach(int slot, RemovalReason reason, RemovalBatch<TKey, TValue>? removed)
    {
        var weight = _weights is null ? 1 : WeightOf(slot);
        var age = removed is null ? -1 : AgeOf(slot);
        _policy.OnRemove(slot);

        var slots = _slots;
        ref var left = ref slots[slot];
        ref var link = ref BucketOf(left.Hash);
        while (link != slot)
        {
            link = ref slots[link].Next;
        }

        link = left.Next;
        ref var version = ref _views[_index].Version;
        Volatile.Write(ref version, version + 2);
        Volatile.WriteBarrier();

        removed?.Add(left.Key, left.Value, weight, reason, age);
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TKey>())
        {
            left.Key = default!; // A free slot is never read as an entry.
        }

        left.Value = default!;
        left.Next = _free;
        _free = slot;
        if (_weights is not null && _weights[slot] == uint.MaxValue)
        {
            _heavy!.Remove(slot); // SetWeight put it there.
            _weights[slot] = 0;
        }

        _owners?.Remove(slot);
        _entries--;
        _bytes -= weight;
        return weight;
    }

    private void Replace(int slot, TValue value, long weight, string? owner, out TValue old, out long oldWeight)
    {
        oldWeight = WeightOf(slot);
        _policy.OnReplace(slot, weight);
        SetWeight(slot, weight);
        _bytes += weight - oldWeight;
        if (_lru is null)
        {
            _ticks[slot] = _hot.Clock;
        }

        if (owner is not null || _owners is not null)
        {
            (_owners ??= new OwnerIndex()).Set(slot, owner);
        }

        ref var place = ref _slots[slot].Value;
        old = place;
        if (ValueIsOnePiece)
        {
            Volatile.WriteBarrier();
            place = value;
            return;
        }

        ref var version = ref _views[_index].Version;
        Volatile.Write(ref version, version + 1);
        Volatile.WriteBarrier();
        place = value;
        Volatile.Write(ref version, version + 1);
    }

    // The mask belongs to the array, under the lock, and keeps this inside.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref int BucketOf(uint hash) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buckets), (nint)(hash & _bucketMask));

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

    // Makes the arrays larger: twofold at first, by an eighth where that is many, so that little stands empty.
    // The old arrays stay as they are for lookups that still walk them.
    private void Grow()
    {
        var old = _slots.Length;
        var step = old < 1024 ? old : old < 8192 ? old / 4 : old / 8;
        var count = (int)Math.Min(Math.Min((long)old + step, Array.MaxLength), Math.Max(_cache.MostEntries, old + 1L));

        var slots = new Slot<TKey, TValue>[count];
        _slots.CopyTo(slots, 0);
        var buckets = _buckets.Length >= BucketsFor(count) ? _buckets : Relink(slots, BucketsFor(count));
        var ticks = _ticks;
        if (_lru is null)
        {
            Array.Resize(ref ticks, count);
        }

        if (_weights is not null)
        {
            Array.Resize(ref _weights, count);
        }

        _policy.EnsureCapacity(count);
        _slots = slots;
        _buckets = buckets;
        _bucketMask = (uint)buckets.Length - 1;
        _ticks = ticks;
        Publish();
    }

    // Shows lookups the arrays as they are now.
    private void Publish()
    {
        // Lookups that find a slot take it that there is a mark for it.
        ArgumentOutOfRangeException.ThrowIfLessThan(_policy.Touches.Length, _slots.Length);
        ref var view = ref _views[_index];
        Volatile.Write(ref view.Version, view.Version + 1);
        Volatile.WriteBarrier();
        view.Slots = _slots;
        view.Buckets = _buckets;
        Volatile.Write(ref view.BucketMask, _bucketMask);
        view.Touches = _policy.Touches;
        Volatile.Write(ref view.Version, view.Version + 1);
    }

    // Two to four buckets a slot: a lookup that has to go on along a chain costs more than the cache line.
    private static int BucketsFor(int slots) => (int)BitOperations.RoundUpToPowerOf2(2 * (uint)slots);

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

    private void Tick()
    {
        if (_lru is not null)
        {
            _lru.Tick();
        }
        else
        {
            _hot.Clock++;
        }
    }

    private long AgeOf(int slot) => _lru is not null ? _lru.AgeOf(slot) : _hot.Clock - _ticks[slot];
}

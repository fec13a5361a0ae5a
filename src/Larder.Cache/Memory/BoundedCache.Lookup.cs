using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <content>Lookups: no lock, no allocation.</content>
public sealed partial class BoundedCache<TKey, TValue>
{
    // One in so many hits that are not at the front of their bucket moves its entry there; a power of two.
    private const int FurtherHits = 16;

    /// <summary>Finds the value of a key, counts the lookup, and counts the use for the policy.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        // Only the first slot of the bucket is looked at here: the table is sparse, so that it mostly is the one, and
        // what is left is small enough to become part of the caller.
        if (typeof(TKey).IsValueType && _comparer is not null)
        {
            return TryGetFurther(Mix(key), key, out value);
        }

        var shard = Mix(key, out var hash);
        ref var view = ref ViewOf(shard);
        var version = Volatile.Read(ref view.Version);
        var mask = Volatile.Read(ref view.BucketMask);
        var slots = view.Slots;

        // The mask is what keeps this inside; see there.
        var index = Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(view.Buckets), (nint)(hash & mask));
        if ((uint)index < (uint)slots.Length)
        {
            // The test above is this access's.
            ref var slot = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(slots), (nint)(uint)index);
            if (KeyIsPlain
                ? EqualityComparer<TKey>.Default.Equals(slot.Key, key)
                : slot.Hash == hash && Matches(ref slot, key, ref view, version))
            {
                value = slot.Value;
                var touches = view.Touches;
                Volatile.ReadBarrier();
                if (view.Version == (version & ~1u))
                {
                    // Slots and touches were published together, the latter no shorter.
                    if (Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(touches), (nint)(uint)index) == 0)
                    {
                        Touch(shard, index);
                    }

                    ThreadCounters.Add(_hits, 1);
                    return true;
                }
            }
        }

        return TryGetFurther(((ulong)shard << HalfBits) | hash, key, out value);
    }

    /// <summary>Finds the value of a key; neither counted nor taken as a use.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool TryPeek(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var mixed = Mix(key);
        var shard = ShardOf(mixed);
        shard.Enter();
        try
        {
            return shard.TryFind((uint)mixed, key, out _, out value);
        }
        finally
        {
            shard.Exit();
        }
    }

    /// <summary>Whether a key has a value; neither counted nor taken as a use.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool Contains(TKey key) => TryPeek(key, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Matches(ref Slot<TKey, TValue> slot, TKey key, ref ShardView<TKey, TValue> view, uint version)
    {
        if (typeof(TKey).IsValueType && KeyIsPlain && _comparer is null)
        {
            return EqualityComparer<TKey>.Default.Equals(slot.Key, key);
        }

        // A reference is read in one piece; a structure may be half written, and is compared only once it is known not
        // to be. The caller checks again after it has copied the value.
        var candidate = slot.Key;
        if (typeof(TKey).IsValueType)
        {
            Volatile.ReadBarrier();
            return view.Version == (version & ~1u) && KeyEquals(candidate, key);
        }

        return candidate is not null && KeyEquals(candidate, key);
    }

    // The whole chain of a key.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryGetFurther(ulong mixed, TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        ref var view = ref ViewOf((uint)(mixed >> HalfBits));
        var version = Volatile.Read(ref view.Version);
        var slots = view.Slots;
        var buckets = view.Buckets;
        var index = buckets[(int)mixed & (buckets.Length - 1)];
        while ((uint)index < (uint)slots.Length)
        {
            ref var slot = ref slots[index];
            if (slot.Hash == (uint)mixed && Matches(ref slot, key, ref view, version))
            {
                value = slot.Value;
                Volatile.ReadBarrier();
                if (view.Version != (version & ~1u))
                {
                    return TryGetLocked(mixed, key, out value);
                }

                var touches = view.Touches;
                if ((uint)index < (uint)touches.Length && touches[index] == 0)
                {
                    Touch((uint)(mixed >> HalfBits), index);
                }

                if ((ThreadCounters.Add(_hits, 1) & (FurtherHits - 1)) == 0)
                {
                    ShardOf(mixed).TryMoveForward((uint)mixed, index);
                }

                return true;
            }

            index = slot.Next;
        }

        Volatile.ReadBarrier();
        if (view.Version != (version & ~1u))
        {
            return TryGetLocked(mixed, key, out value);
        }

        if (_isLru)
        {
            ShardOf(mixed).TouchNothing();
        }

        ThreadCounters.Add(_misses, 1);
        value = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Touch(uint shard, int slot) => _shards[shard & _shardMask].Touch(slot);

    // A change got in between: what it left is looked at under the lock.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryGetLocked(ulong mixed, TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var shard = ShardOf(mixed);
        bool found;
        shard.Enter();
        try
        {
            found = shard.TryFind((uint)mixed, key, out var slot, out value);
            if (found)
            {
                shard.Touch(slot);
            }
            else
            {
                shard.TouchNothing();
            }
        }
        finally
        {
            shard.Exit();
        }

        ThreadCounters.Add(found ? _hits : _misses, 1);
        return found;
    }
}

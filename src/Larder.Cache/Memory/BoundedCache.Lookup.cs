using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Larder.Cache.Diagnostics;

namespace Larder.Cache.Memory;

/// <content>Lookups: no lock, no allocation.</content>
public sealed partial class BoundedCache<TKey, TValue>
{
    /// <summary>Finds the value of a key, counts the lookup, and counts the use for the policy.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var mixed = Mix(key);
        var views = _views;
        ref var view = ref views[(mixed >> 32) & (uint)(views.Length - 1)];
        var hash = (uint)mixed;
        var version = Volatile.Read(ref view.Version);
        var slots = view.Slots;
        var buckets = view.Buckets;
        var index = buckets[hash & (uint)(buckets.Length - 1)];
        while ((uint)index < (uint)slots.Length)
        {
            ref var slot = ref slots[index];
            if (slot.Hash == hash && Matches(ref slot, key, ref view, version))
            {
                value = slot.Value;
                Volatile.ReadBarrier();
                if (view.Version != (version & ~1u))
                {
                    return TryGetLocked(mixed, key, out value);
                }

                var touches = view.Touches;
                if ((uint)index < (uint)touches.Length && touches[index] < _maxTouch)
                {
                    ShardOf(mixed).Touch(index);
                }

                ThreadCounters.Add(_hits, 1);
                return true;
            }

            index = slot.Next;
        }

        Volatile.ReadBarrier();
        if (view.Version != (version & ~1u))
        {
            return TryGetLocked(mixed, key, out value);
        }

        ShardOf(mixed).TouchNothing();
        ThreadCounters.Add(_misses, 1);
        value = default;
        return false;
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

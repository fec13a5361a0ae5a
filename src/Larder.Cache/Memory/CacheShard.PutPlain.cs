using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Larder.Cache.Artifacts;
using Larder.Cache.Policy;

namespace Larder.Cache.Memory;

/// <content>The short way of the most frequent put.</content>
internal sealed partial class CacheShard<TKey, TValue>
{
    /// <summary>
    /// Puts a newcomer into a full cache where every entry weighs 1 and nobody hears of removals: it takes the very slot
    /// of its victim, and no budget changes. Gives <see cref="Blocked"/>, before anything has changed, for every put
    /// that is not of this sort.
    /// </summary>
    /// <remarks>Not part of its caller, whose handler would keep everything here in memory.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public PutOutcome TryPutPlain(uint hash, TKey key, TValue value)
    {
        if (_largestWeight < 1
            || _entries < _cache.ShareEntries
            || _entries > _mostEntries
            || Find(hash, key) != None)
        {
            return Blocked;
        }

        _hot.Changing = true;
        _hot.Clock++;
        var policyHash = PolicyHash(hash);
        var outcome = PutOutcome.Stored;
        if (_frequency is { CountsOnly: true } frequency)
        {
            var victim = frequency.ChooseOne(policyHash, _victims, out var arrival);
            if (victim >= 0)
            {
                Supersede(frequency, victim, arrival, hash, key, value);
            }
            else
            {
                outcome = PutAfterOthers(hash, policyHash, key, value);
            }
        }
        else
        {
            _victims.Clear();
            outcome = _policy.MakeRoom(policyHash, 1, 0, 1, _victims)
                ? PutAfterOthers(hash, policyHash, key, value)
                : RefusePlain();
        }

        _hot.Changing = false;
        return outcome;
    }

    /// <summary>Asks for the cache lines that a put of a key begins with. Runs without the lock, and is a hint.</summary>
    public unsafe void Prefetch(uint hash)
    {
        if (Sse.IsSupported && _frequency is not null)
        {
            // An address only: nothing is read, and one that a growing table makes wrong does no harm.
            var buckets = (int*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_buckets));
            Sse.Prefetch0(buckets + (hash & _bucketMask));
            _frequency.Prefetch(PolicyHash(hash));
        }
    }

    // Has at hand what the next put of this shard will most likely need of its victim.
    private void PrefetchVictim(FrequencyPolicy frequency)
    {
        var slots = _slots;
        var slot = frequency.NextCandidate;
        if ((uint)slot < (uint)slots.Length)
        {
            Prefetch(slots[slot].Hash);
        }
    }

    // Puts a newcomer into the slot of the entry that goes for it.
    private void Supersede(
        FrequencyPolicy frequency, int slot, FrequencyPolicy.Arrival arrival, uint hash, TKey key, TValue value)
    {
        var now = _hot.Clock;
        var slots = _slots;
        ref var taken = ref slots[slot];
        ref var tick = ref _ticks[slot];
        _hot.LastAge = now - tick;
        tick = now;
        frequency.TakeOver(slot, PolicyHash(taken.Hash), arrival);

        ref var link = ref BucketOf(taken.Hash);
        while (link != slot)
        {
            link = ref slots[link].Next;
        }

        // As in Detach: lookups that can still be on the slot notice before it changes.
        link = taken.Next;
        ref var version = ref _views[_index].Version;
        Volatile.Write(ref version, version + 2);
        Volatile.WriteBarrier();

        _owners?.Remove(slot);
        taken.Value = value;
        taken.Key = key;
        taken.Hash = hash;
        ref var bucket = ref BucketOf(hash);
        taken.Next = bucket;
        Volatile.Write(ref bucket, slot);

        _hot.Superseded++;
        PrefetchVictim(frequency);
    }

    private PutOutcome RefusePlain()
    {
        CountPut(1);
        _counters.Refused++;
        _counters.RefusedBytes++;
        _counters.NotAdmitted++;
        return PutOutcome.NotAdmitted;
    }

    // The policy did not name exactly one.
    private PutOutcome PutAfterOthers(uint hash, uint policyHash, TKey key, TValue value)
    {
        var put = new PutRequest<TKey, TValue> { Key = key, Value = value, Hash = hash, Weight = 1 };
        var outcome = Follow(ref put, policyHash, 0, 1);
        _cache.EntryBudget.GiveBack(put.BookedEntries);
        return outcome;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Cache.Policy;

/// <summary>
/// Remembers, for about one and a half times as many keys as a shard has slots, when a key left and how often it was
/// wanted: a bounded table of 4 bytes a key, without the keys.
/// </summary>
/// <remarks>
/// A bucket is sixteen words: a cursor and fifteen ghosts, which replace each other in turn, so that every bucket
/// forgets its oldest. A ghost holds 13 bits of the key's hash beside those that chose the bucket; one lookup in some
/// 500 meets a stranger's ghost, which costs a wrong guess and nothing more. Times are 16-bit ticks of the policy's
/// clock and wrap; ghosts do not live long enough to notice.
/// </remarks>
internal sealed class GhostTable
{
    /// <summary>Highest frequency that is kept.</summary>
    public const int MaxFrequency = 3;

    private const int BucketWords = 16;
    private const int GhostsPerBucket = BucketWords - 1;
    private const uint Occupied = 1u << 31;
    private const uint TagMask = Occupied | (0x1FFFu << TagShift);
    private const int TagShift = 18;
    private const int FrequencyShift = 16;

    private uint[] _words = new uint[BucketWords];
    private uint _buckets = 1;

    /// <summary>Ghosts that fit.</summary>
    public int Capacity => (int)_buckets * GhostsPerBucket;

    /// <summary>Makes room for the ghosts of a shard of <paramref name="slots"/> slots; never shrinks.</summary>
    public void EnsureCapacity(int slots)
    {
        var buckets = (uint)(((slots * 3L / 2) + GhostsPerBucket - 1) / GhostsPerBucket);
        if (buckets <= _buckets)
        {
            return;
        }

        // A ghost does not know its whole hash. Buckets divide the hashes into ranges, so whoever is in a new bucket was
        // in the old one that covers the same range; the ghosts that now belong to a neighbour are never found again.
        var words = new uint[buckets * BucketWords];
        for (uint bucket = 0; bucket < buckets; bucket++)
        {
            var source = (int)((ulong)bucket * _buckets / buckets) * BucketWords;
            _words.AsSpan(source, BucketWords).CopyTo(words.AsSpan((int)bucket * BucketWords));
        }

        _words = words;
        _buckets = buckets;
    }

    /// <summary>Remembers that a key left now.</summary>
    public void Add(uint hash, int frequency, ushort now)
    {
        ref var cursor = ref BucketOf(hash)[0];

        // From 15 on to 1, without a branch that nobody can predict; four bits cannot leave the bucket.
        var next = (cursor + 1) % BucketWords;
        next += (next - 1) >> 31;
        cursor = next;
        Unsafe.Add(ref cursor, next) = TagOf(hash) | ((uint)frequency << FrequencyShift) | now;
    }

    /// <summary>Forgets a key that comes back; tells how often it was wanted and how long ago it left.</summary>
    public bool TryTake(uint hash, ushort now, out int frequency, out ushort age)
    {
        var bucket = BucketOf(hash);
        ref var first = ref MemoryMarshal.GetReference(bucket);
        var mask = Vector256.Create(TagMask);
        var tag = Vector256.Create(TagOf(hash));
        var low = Vector256.Equals(Vector256.LoadUnsafe(ref first) & mask, tag).ExtractMostSignificantBits();
        var high = Vector256.Equals(Vector256.LoadUnsafe(ref first, 8) & mask, tag).ExtractMostSignificantBits();
        var found = low | (high << 8);
        if (found == 0)
        {
            frequency = 0;
            age = 0;
            return false;
        }

        ref var ghost = ref bucket[BitOperations.TrailingZeroCount(found)];
        frequency = (int)(ghost >> FrequencyShift) & MaxFrequency;
        age = (ushort)(now - (ushort)ghost);
        ghost = 0;
        return true;
    }

    /// <summary>Asks for the cache line of a key's bucket, ahead of use. Needs no lock: it is a hint.</summary>
    public unsafe void Prefetch(uint hash)
    {
        if (Sse.IsSupported)
        {
            // An address only: nothing is read, and one beyond the array does no harm.
            var words = (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_words));
            Sse.Prefetch0(words + ((((ulong)hash * _buckets) >> 32) * BucketWords));
        }
    }

    /// <summary>Follows the policy's clock when its ticks become longer by a power of two.</summary>
    public void Coarsen(ushort before, ushort after, int shift)
    {
        for (var i = 0; i < _words.Length; i++)
        {
            if ((_words[i] & Occupied) != 0)
            {
                var age = (ushort)(before - (ushort)_words[i]);
                _words[i] = (_words[i] & ~0xFFFFu) | (ushort)(after - (age >> shift));
            }
        }
    }

    private static uint TagOf(uint hash) => Occupied | (hash << TagShift);

    private Span<uint> BucketOf(uint hash) =>
        _words.AsSpan((int)(((ulong)hash * _buckets) >> 32) * BucketWords, BucketWords);
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Larder.Indexer.Caching;

/// <summary>
/// A bounded table of keys and values in a fixed stretch of memory: an index of buckets, and a log that goes round.
/// </summary>
/// <remarks>
/// <para>The log is a ring of entries. New ones are written at the head; room is made at the tail. An entry at the tail that
/// was read since it was written moves to the head with one read less to its credit, up to a bound a call; any other is
/// evicted. This is CLOCK with two bits: what is read only once passes through and does not push out what is read again.</para>
/// <para>Positions in the log only ever grow. A slot of the index holds a position and some bits of the hash, and counts for
/// nothing once its position is behind the tail. So an eviction touches the log alone, and clearing is one assignment.</para>
/// <para>A bucket is sixteen slots in two cache lines. Where all are taken the oldest gives way.</para>
/// <para>For one thread at a time: <see cref="Gate"/> is for those who share it.</para>
/// </remarks>
[SkipLocalsInit]
internal sealed unsafe partial class CacheTable
{
    private const int SlotsPerBucket = 16;
    private const int BucketBytes = SlotsPerBucket * sizeof(ulong);

    // A sixth of the memory is the index: a bucket then holds ten entries of 64 bytes when the log is full.
    private const int IndexShare = 6;

    private const int TagBits = 20;
    private const ulong TagMask = (1UL << TagBits) - 1;
    private const ulong LastPosition = 1UL << 43;

    // So many entries may move to the head before one must go, whatever was read: a call stays short.
    private const int ChancesPerCall = 16;

    private readonly ulong* _index;
    private readonly ulong _buckets;
    private readonly byte* _log;
    private readonly ulong _logUnits;

    // Positions in units of eight bytes: where the tail and the head are, and where the head's round began.
    private ulong _tail = 1;
    private ulong _head = 1;
    private ulong _lap = 1;
    private CacheCounters _counters;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">Its memory, aligned to 64 bytes, which stays until the table is closed.</param>
    /// <param name="bytes">Length of the memory, at least 1 KiB.</param>
    internal CacheTable(byte* memory, long bytes)
    {
        Debug.Assert(bytes >= 1024 && (nuint)memory % 64 == 0, "The caller lays tables out.");
        CapacityBytes = bytes;
        _buckets = (ulong)Math.Max(1, bytes / IndexShare / BucketBytes);
        _index = (ulong*)memory;
        _log = memory + IndexBytes;
        _logUnits = (ulong)((bytes - IndexBytes) / CacheEntry.UnitBytes);
        ClearIndex();
    }

    /// <summary>For those who share the table; it guards everything here.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Whether the table's memory now belongs to others.</summary>
    internal bool IsClosed { get; set; }

    internal long CapacityBytes { get; }

    internal long IndexBytes => (long)_buckets * BucketBytes;

    internal long LogBytes => (long)_logUnits * CacheEntry.UnitBytes;

    /// <summary>Bytes of the log between tail and head: live entries, and those that were replaced or removed.</summary>
    internal long UsedLogBytes => (long)(_head - _tail) * CacheEntry.UnitBytes;

    /// <summary>An entry takes at most half of the log.</summary>
    internal long MaxEntryBytes => LogBytes / 2;

    internal ref CacheCounters Counters => ref _counters;

    /// <summary>Looks a key up and copies its value.</summary>
    internal bool TryGet(ulong hash, ulong scope, ReadOnlySpan<byte> key, ValueBuffer value)
    {
        var slot = Find(hash, scope, key);
        if (slot == null)
        {
            _counters.Misses++;
            return false;
        }

        var entry = EntryAt(*slot >> TagBits);
        if (entry->Frequency < CacheEntry.MaxFrequency)
        {
            entry->Frequency++;
        }

        if (entry->IsUnread)
        {
            _counters.WrittenReads += entry->IsUnreadWrite ? 1 : 0;
            _counters.LookedUpReads += entry->IsUnreadLookup ? 1 : 0;
            entry->MarkRead();
        }

        _counters.Hits++;
        _counters.NegativeHits += entry->ValueLength == 0 ? 1 : 0;
        value.Set(CacheEntry.ValueOf(entry));
        return true;
    }

    /// <summary>Puts a value in place of the one that a key has, if any; false when it is too long, and then the key has none.</summary>
    internal bool Set(ulong hash, ulong scope, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        Put(Find(hash, scope, key), hash, scope, key, value);

    private bool Put(ulong* slot, ulong hash, ulong scope, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _counters.Sets++;
        var units = CacheEntry.UnitsFor(key.Length, value.Length);
        var fits = units <= (long)_logUnits / 2 && key.Length <= CacheEntry.MaxKeyBytes;
        if (slot != null)
        {
            var entry = EntryAt(*slot >> TagBits);
            if (fits && entry->Units == units)
            {
                Count(entry, -1);
                entry->ValueLength = value.Length;
                value.CopyTo(CacheEntry.ValueOf(entry));
                Count(entry, 1);
                _counters.Replaced++;
                return true;
            }

            Drop(slot, entry);
            _counters.Replaced += fits ? 1 : 0;
            _counters.Removed += fits ? 0 : 1;
        }

        if (!fits)
        {
            _counters.Refused++;
            return false;
        }

        Append(hash, scope, key, value, (ulong)units);
        return true;
    }

    /// <summary>Puts the value that a commit gave a key: in place of one that is known, else only if it is wanted.</summary>
    internal void SetWritten(ulong hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isWanted)
    {
        var slot = Find(hash, 0, key);
        if (slot != null)
        {
            Put(slot, hash, 0, key, value);
        }
        else if (isWanted && Put(null, hash, 0, key, value))
        {
            Newest(key, value)->MarkWritten();
            _counters.Written++;
        }
    }

    /// <summary>Puts the value of a key that was looked up and not found.</summary>
    internal void SetLookedUp(ulong hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (Put(null, hash, 0, key, value))
        {
            Newest(key, value)->MarkLookedUp();
            _counters.LookedUp++;
        }
    }

    // The entry that was put in last.
    private CacheEntry* Newest(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        EntryAt(_head - (ulong)CacheEntry.UnitsFor(key.Length, value.Length));

    /// <summary>Takes an entry that another table had, which was counted there; the room for it may have to be made.</summary>
    internal void Adopt(ulong hash, ulong scope, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var units = CacheEntry.UnitsFor(key.Length, value.Length);
        if (units > (long)_logUnits / 2)
        {
            _counters.Evicted++;
            return;
        }

        Append(hash, scope, key, value, (ulong)units);
    }

    /// <summary>Removes a key; false when it is not there.</summary>
    internal bool Remove(ulong hash, ulong scope, ReadOnlySpan<byte> key)
    {
        var slot = Find(hash, scope, key);
        if (slot == null)
        {
            return false;
        }

        Drop(slot, EntryAt(*slot >> TagBits));
        _counters.Removed++;
        return true;
    }

    /// <summary>Removes everything, at once: all positions are behind the tail then.</summary>
    internal void Clear()
    {
        _counters.Removed += _counters.Items;
        Forget();
    }

    private void Forget()
    {
        _counters.Items = 0;
        _counters.NegativeItems = 0;
        _counters.LiveBytes = 0;
        _tail = _head;
    }

    private void Append(ulong hash, ulong scope, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong units)
    {
        if (_head > LastPosition)
        {
            StartAgain();
        }

        MakeRoom(units);
        var position = _head;
        var entry = EntryAt(position);
        entry->Begin(scope, key.Length, value.Length);
        key.CopyTo(new Span<byte>((byte*)entry + CacheEntry.HeaderBytes, key.Length));
        value.CopyTo(CacheEntry.ValueOf(entry));
        *SlotFor(hash) = (position << TagBits) | (hash & TagMask);
        _head += units;
        Count(entry, 1);
    }

    private void Drop(ulong* slot, CacheEntry* entry)
    {
        Count(entry, -1);
        entry->MarkDead();
        *slot = 0;
    }

    private void Count(CacheEntry* entry, int sign)
    {
        _counters.Items += sign;
        _counters.NegativeItems += entry->ValueLength == 0 ? sign : 0;
        _counters.LiveBytes += sign * entry->Units * CacheEntry.UnitBytes;
    }

    private ulong* Find(ulong hash, ulong scope, ReadOnlySpan<byte> key)
    {
        var bucket = BucketOf(hash);
        for (var mask = Matches(bucket, hash & TagMask, TagMask); mask != 0; mask &= mask - 1)
        {
            var slot = bucket + System.Numerics.BitOperations.TrailingZeroCount(mask);
            var position = *slot >> TagBits;
            if (position >= _tail)
            {
                var entry = EntryAt(position);
                if (entry->Scope == scope && CacheEntry.KeyOf(entry).SequenceEqual(key))
                {
                    return slot;
                }
            }
        }

        return null;
    }

    // A slot that counts for nothing, or the one of the oldest entry that was not read, or else of the oldest, which is evicted.
    private ulong* SlotFor(ulong hash)
    {
        var bucket = BucketOf(hash);
        for (var slot = bucket; slot < bucket + SlotsPerBucket; slot++)
        {
            if (*slot >> TagBits < _tail)
            {
                return slot;
            }
        }

        var oldest = bucket;
        var isRead = true;
        for (var slot = bucket; slot < bucket + SlotsPerBucket; slot++)
        {
            var isReadHere = EntryAt(*slot >> TagBits)->Frequency > 0;
            if ((isRead && !isReadHere) || (isRead == isReadHere && *slot < *oldest))
            {
                oldest = slot;
                isRead = isReadHere;
            }
        }

        Drop(oldest, EntryAt(*oldest >> TagBits));
        _counters.Evicted++;
        return oldest;
    }

    private static uint Matches(ulong* bucket, ulong wanted, ulong mask)
    {
        var masks = Vector256.Create(mask);
        var tags = Vector256.Create(wanted);
        uint result = 0;
        for (var part = 0; part < SlotsPerBucket; part += Vector256<ulong>.Count)
        {
            result |= Vector256.Equals(Vector256.Load(bucket + part) & masks, tags).ExtractMostSignificantBits() << part;
        }

        return result;
    }

    private ulong* BucketOf(ulong hash) => _index + ((((hash >> 32) * _buckets) >> 32) * SlotsPerBucket);

    private CacheEntry* EntryAt(ulong position)
    {
        var unit = position >= _lap ? position - _lap : position - (_lap - _logUnits);
        return (CacheEntry*)(_log + (unit * CacheEntry.UnitBytes));
    }

    private void ClearIndex() => NativeMemory.Clear(_index, (nuint)IndexBytes);
}

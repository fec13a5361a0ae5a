using System.Runtime.InteropServices;

namespace Larder.Indexer.Caching;

/// <summary>The header of an entry in the log of a table; the key and the value follow it, then bytes up to a unit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CacheEntry
{
    internal const int HeaderBytes = 16;
    internal const int UnitBytes = 8;
    internal const int MaxKeyBytes = LengthMask;
    internal const int MaxFrequency = 3;

    private const int LengthMask = (1 << 26) - 1;
    private const uint LookedUpBit = 1u << 26;
    private const uint WrittenBit = 1u << 27;
    private const uint FillerBit = 1u << 28;
    private const uint DeadBit = 1u << 29;
    private const int FrequencyShift = 30;

    private uint _key;

    /// <summary>Length of the value in bytes; 0 of a negative entry.</summary>
    internal int ValueLength;

    internal ulong Scope;

    internal readonly bool IsFiller => (_key & FillerBit) != 0;

    /// <summary>Whether no slot points here any more.</summary>
    internal readonly bool IsDead => (_key & DeadBit) != 0;

    /// <summary>Whether a commit put it here, and nobody has read it since.</summary>
    internal readonly bool IsUnreadWrite => (_key & WrittenBit) != 0;

    /// <summary>Whether a lookup put it here, and nobody has read it since.</summary>
    internal readonly bool IsUnreadLookup => (_key & LookedUpBit) != 0;

    /// <summary>Whether it is one of the two.</summary>
    internal readonly bool IsUnread => (_key & (WrittenBit | LookedUpBit)) != 0;

    internal readonly int KeyLength => (int)(_key & LengthMask);

    /// <summary>How often it was read since the hand passed, up to <see cref="MaxFrequency"/>.</summary>
    internal int Frequency
    {
        readonly get => (int)(_key >> FrequencyShift);
        set => _key = (_key & ((1u << FrequencyShift) - 1)) | ((uint)value << FrequencyShift);
    }

    internal readonly long Units => UnitsFor(KeyLength, ValueLength);

    internal static long UnitsFor(long keyLength, long valueLength) => (HeaderBytes + keyLength + valueLength + UnitBytes - 1) / UnitBytes;

    internal static ReadOnlySpan<byte> KeyOf(CacheEntry* entry) => new((byte*)entry + HeaderBytes, entry->KeyLength);

    internal static Span<byte> ValueOf(CacheEntry* entry) => new((byte*)entry + HeaderBytes + entry->KeyLength, entry->ValueLength);

    internal void Begin(ulong scope, int keyLength, int valueLength)
    {
        _key = (uint)keyLength;
        ValueLength = valueLength;
        Scope = scope;
    }

    internal void MarkWritten() => _key |= WrittenBit;

    internal void MarkLookedUp() => _key |= LookedUpBit;

    internal void MarkRead() => _key &= ~(WrittenBit | LookedUpBit);

    internal void MarkDead() => _key |= DeadBit;

    /// <summary>Marks that nothing follows up to the end of the log. Writes the first four bytes only: a unit may be all there is.</summary>
    internal static void WriteFiller(CacheEntry* entry) => entry->_key = FillerBit;
}

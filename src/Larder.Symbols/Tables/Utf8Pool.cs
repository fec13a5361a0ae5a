using System.Numerics;

namespace Larder.Symbols.Tables;

/// <summary>Distinct texts as UTF-8, each kept once and named by its number in the order of arrival.</summary>
internal sealed class Utf8Pool
{
    /// <summary>Most bytes of all texts together.</summary>
    private const int MaxBytes = 512 * 1024 * 1024;

    private const int PatienceEach = 64;

    // Steps beyond the first that all searches together may take; texts that were made to collide use them up.
    private long _patience = PatienceFor(0);

    private byte[] _bytes;
    private int _length;
    private int[] _ends;
    private uint[] _hashes;

    // Numbers plus one; 0 is free. A power of two, at most two thirds full.
    private int[] _slots;

    public Utf8Pool(int texts, int bytes)
    {
        _bytes = new byte[bytes];
        _ends = new int[texts];
        _hashes = new uint[texts];
        _slots = new int[BitOperations.RoundUpToPowerOf2((uint)texts * 2)];
    }

    public int Count { get; private set; }

    /// <summary>How many steps it may take to place so many entries; where hashes are not made to collide, it takes a few each.</summary>
    public static long PatienceFor(int entries) => (1024 * 1024) + ((long)PatienceEach * entries);

    public int TotalBytes => _length;

    public ReadOnlySpan<byte> this[int number]
    {
        get
        {
            var start = number == 0 ? 0 : _ends[number - 1];
            return _bytes.AsSpan(start, _ends[number] - start);
        }
    }

    /// <summary>The number of a text, which is added when it is new.</summary>
    public int Add(ReadOnlySpan<byte> text)
    {
        var hash = NameHash.Of(text);
        var mask = (uint)_slots.Length - 1;
        var slot = hash & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            var number = _slots[slot] - 1;
            if (_hashes[number] == hash && this[number].SequenceEqual(text))
            {
                _patience += PatienceEach;
                return number;
            }

            if (--_patience < 0)
            {
                throw new SymbolsException(SymbolsErrorKind.LimitExceeded, "names that were made to be slow to tell apart");
            }
        }

        _patience += PatienceEach;

        return Insert(text, hash, slot);
    }

    private int Insert(ReadOnlySpan<byte> text, uint hash, uint slot)
    {
        if (text.Length > MaxBytes - _length)
        {
            throw new SymbolsException(SymbolsErrorKind.LimitExceeded, $"names and texts of more than {MaxBytes} bytes");
        }

        if (_length + text.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(MaxBytes, Math.Max(_length + (long)text.Length, 2L * _bytes.Length)));
        }

        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, 2 * Count);
            Array.Resize(ref _hashes, 2 * Count);
        }

        text.CopyTo(_bytes.AsSpan(_length));
        _length += text.Length;
        _ends[Count] = _length;
        _hashes[Count] = hash;
        _slots[slot] = Count + 1;
        if (++Count * 3L > _slots.Length * 2L)
        {
            Rehash();
        }

        return Count - 1;
    }

    private void Rehash()
    {
        _slots = new int[2 * _slots.Length];
        var mask = (uint)_slots.Length - 1;
        for (var number = 0; number < Count; number++)
        {
            var slot = _hashes[number] & mask;
            while (_slots[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            _slots[slot] = number + 1;
        }
    }
}

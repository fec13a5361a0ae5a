using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Larder.Oci.Compression;

/// <summary>
/// Decodes one DEFLATE stream, in pieces of input and output of any size, and can say at every block's start where it
/// stands to the bit.
/// </summary>
/// <remarks>
/// <para>The input lies in a buffer of the caller's with <see cref="InputSlack"/> readable bytes behind its end. The output goes
/// to a window of its own: 32 KiB of history, then a chunk, then slack that wide copies may run into. A chunk that was handed
/// out stays as it is until the next call.</para>
/// <para>Decoding never stops inside a match or a header: it asks for input while less is there than the longest of them, unless
/// the input is said to be complete; then zeros are read past its end, and where decoding ends is compared with it.</para>
/// <para>Source: RFC 1951. The tables and the loop follow what Eric Biggers's libdeflate documents: entries that say all at
/// once, two table look-ups in flight, a 64-bit bit buffer that is refilled without branches.</para>
/// </remarks>
internal sealed unsafe class Inflater : IDisposable
{
    /// <summary>Zero bytes that must be readable behind the input.</summary>
    public const int InputSlack = 64;

    /// <summary>How far back matches reach.</summary>
    public const int WindowBytes = 32 * 1024;

    /// <summary>Bytes of output after which <see cref="Run"/> comes back.</summary>
    public const int ChunkBytes = 256 * 1024;

    // More than the longest dynamic header: 14 bits, 19 lengths of 3, and 316 of up to 14.
    private const int HeaderBytes = 640;
    private const int OutputSlack = 1024;

    private static readonly FixedTables Fixed = new();

    // Pinned, so that chunks can be handed out as memory.
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(WindowBytes + ChunkBytes + OutputSlack, pinned: true);
    private readonly byte* _window;
    private readonly uint* _tables;
    private readonly uint* _lengths;
    private readonly uint* _distances;

    private State _state;
    private bool _isLastBlock;
    private bool _isFixed;
    private int _storedLeft;

    // Bits that are taken from the input but not used yet.
    private ulong _bits;
    private int _bitCount;

    // Where output continues, where the part not handed out begins, and where history begins that matches may reach.
    private byte* _out;
    private byte* _handed;
    private byte* _history;

    public Inflater()
    {
        _window = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0);
        _tables = (uint*)NativeMemory.AlignedAlloc((HuffmanTable.LengthEntries + HuffmanTable.DistanceEntries) * sizeof(uint), 64);
        _lengths = _tables;
        _distances = _tables + HuffmanTable.LengthEntries;
        _out = _handed = _history = _window;
    }

    private enum State
    {
        BlockHeader,
        Stored,
        Compressed,
        Ended,
    }

    /// <summary>Output of one call of <see cref="Run"/> after which it comes back at the end of a block; default never.</summary>
    public long StopAtBlockAfter { get; set; } = long.MaxValue;

    /// <summary>Bits of the last byte taken that belong to what follows: 0 to 7.</summary>
    public int UnusedBits => _bitCount;

    /// <summary>What was decoded since the last call of <see cref="Run"/>.</summary>
    public ReadOnlyMemory<byte> Output => _buffer.AsMemory((int)(_handed - _window), (int)(_out - _handed));

    /// <summary>The last bytes of output, at most 32 KiB: what matches may reach.</summary>
    public ReadOnlySpan<byte> Window
    {
        get
        {
            var start = Math.Max((nint)_history, (nint)(_out - WindowBytes));
            return new ReadOnlySpan<byte>((byte*)start, (int)((nint)_out - start));
        }
    }

    /// <summary>Begins a new stream; output goes on behind the old one's, which matches cannot reach.</summary>
    public void Begin()
    {
        _state = State.BlockHeader;
        _isLastBlock = false;
        _bits = 0;
        _bitCount = 0;
        _history = _out;
    }

    /// <summary>Begins at a block inside a stream.</summary>
    /// <param name="window">The output before it, at most 32 KiB.</param>
    /// <param name="firstByte">The byte that the block begins in.</param>
    /// <param name="usedBits">How many of its bits belong to the block before; 0 when it begins with the next byte.</param>
    public void BeginAt(ReadOnlySpan<byte> window, byte firstByte, int usedBits)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(window.Length, WindowBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)usedBits, 7u, nameof(usedBits));
        window.CopyTo(new Span<byte>(_window, WindowBytes));
        _out = _handed = _window + window.Length;
        Begin();
        _history = _window;
        if (usedBits > 0)
        {
            _bits = (ulong)firstByte >> usedBits;
            _bitCount = 8 - usedBits;
        }
    }

    /// <summary>Decodes until something is to be done elsewhere.</summary>
    /// <param name="input">First byte to read.</param>
    /// <param name="count">Bytes of input; <see cref="InputSlack"/> more are readable.</param>
    /// <param name="isComplete">Whether no more input follows these bytes, and the slack is zero.</param>
    /// <param name="consumed">Bytes taken.</param>
    /// <exception cref="InvalidDataException">The stream is damaged, or ended too early.</exception>
    public InflateStatus Run(byte* input, int count, bool isComplete, out int consumed)
    {
        var next = input;
        var end = input + count;
        _handed = _out;
        if (_out - _window > WindowBytes + (ChunkBytes / 2))
        {
            Slide();
        }

        var status = RunCore(ref next, end, isComplete);

        // Whole bytes go back to the input, so that they need not be in the same buffer the next time.
        next -= _bitCount / 8;
        _bitCount %= 8;
        _bits &= (1UL << _bitCount) - 1;
        if (next > end)
        {
            ThrowDamaged("it ends too early");
        }

        consumed = (int)(next - input);
        return status;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_tables);

    [DoesNotReturn]
    private static void ThrowDamaged(string what) => throw Damaged(what);

    private static InvalidDataException Damaged(string what) => new($"The DEFLATE stream is damaged: {what}.");

    // Makes room for a whole chunk; the last 32 KiB stay in reach.
    private void Slide()
    {
        var shift = (int)(_out - _window) - WindowBytes;
        Buffer.MemoryCopy(_window + shift, _window, WindowBytes, WindowBytes);
        _history = (byte*)Math.Max((nint)(_history - shift), (nint)_window);
        _out = _handed = _window + WindowBytes;
    }

    private InflateStatus RunCore(ref byte* next, byte* end, bool isComplete)
    {
        var limit = _window + WindowBytes + ChunkBytes;
        while (true)
        {
            switch (_state)
            {
                case State.BlockHeader:
                    if (!isComplete && end - next < HeaderBytes)
                    {
                        return InflateStatus.NeedsInput;
                    }

                    ReadBlockHeader(ref next, end);
                    break;
                case State.Stored:
                    if (!CopyStored(ref next, end, limit))
                    {
                        return _out == limit ? InflateStatus.OutputFull
                            : !isComplete ? InflateStatus.NeedsInput
                            : throw Damaged("it ends too early");
                    }

                    break;
                case State.Compressed:
                    var isAtEnd = _isFixed
                        ? InflateBlock.Decode(ref next, end, ref _out, limit, _history, ref _bits, ref _bitCount, Fixed.Lengths, Fixed.Distances, isComplete)
                        : InflateBlock.Decode(ref next, end, ref _out, limit, _history, ref _bits, ref _bitCount, _lengths, _distances, isComplete);
                    if (isAtEnd == InflateBlock.Outcome.Damaged)
                    {
                        throw Damaged("a code or a distance is not valid");
                    }

                    if (isAtEnd == InflateBlock.Outcome.Stopped)
                    {
                        return _out >= limit ? InflateStatus.OutputFull
                            : !isComplete ? InflateStatus.NeedsInput
                            : throw Damaged("it ends too early");
                    }

                    _state = State.Ended;
                    break;
                default:
                    if (!_isLastBlock)
                    {
                        _state = State.BlockHeader;
                        if (_out - _handed >= StopAtBlockAfter)
                        {
                            return InflateStatus.BlockEnd;
                        }

                        break;
                    }

                    ToWholeBytes(ref next);
                    return InflateStatus.StreamEnd;
            }
        }
    }

    private void ReadBlockHeader(ref byte* next, byte* end)
    {
        Refill(ref next, end);
        _isLastBlock = (_bits & 1) != 0;
        var type = (int)(_bits >> 1) & 3;
        Skip(3);
        switch (type)
        {
            case 0:
                ToWholeBytes(ref next);
                if (end - next < 4)
                {
                    ThrowDamaged("it ends too early");
                }

                _storedLeft = next[0] | (next[1] << 8);
                if ((_storedLeft ^ 0xFFFF) != (next[2] | (next[3] << 8)))
                {
                    ThrowDamaged("the length of a stored block is not what its check says");
                }

                next += 4;
                _state = State.Stored;
                break;
            case 1:
                _isFixed = true;
                _state = State.Compressed;
                break;
            case 2:
                _isFixed = false;
                ReadTables(ref next, end);
                _state = State.Compressed;
                break;
            default:
                ThrowDamaged("a block has an unknown type");
                break;
        }
    }

    private void ReadTables(ref byte* next, byte* end)
    {
        ReadOnlySpan<byte> order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        Refill(ref next, end);
        var lengthCount = (int)Take(5) + 257;
        var distanceCount = (int)Take(5) + 1;
        var orderCount = (int)Take(4) + 4;
        if (lengthCount > 286 || distanceCount > 30)
        {
            ThrowDamaged("a block has too many symbols");
        }

        Span<byte> lengths = stackalloc byte[320];
        var codeLengths = lengths[..19];
        codeLengths.Clear();
        for (var i = 0; i < orderCount; i++)
        {
            Refill(ref next, end);
            codeLengths[order[i]] = (byte)Take(3);
        }

        Span<uint> table = stackalloc uint[1 << HuffmanTable.CodeLengthBits];
        if (!HuffmanTable.TryBuild(table, HuffmanTable.CodeLengthBits, codeLengths, HuffmanTable.CodeLengthSymbols, mayBeIncomplete: false))
        {
            ThrowDamaged("the code lengths of a block make no code");
        }

        ReadLengths(ref next, end, table, lengths[..(lengthCount + distanceCount)]);
        var ofLengths = lengths[..lengthCount];
        if (ofLengths[256] == 0)
        {
            ThrowDamaged("a block has no end");
        }

        if (!HuffmanTable.TryBuild(new(_lengths, HuffmanTable.LengthEntries), HuffmanTable.LengthBits, ofLengths, HuffmanTable.LengthSymbols, true)
            || !HuffmanTable.TryBuild(
                new(_distances, HuffmanTable.DistanceEntries),
                HuffmanTable.DistanceBits,
                lengths.Slice(lengthCount, distanceCount),
                HuffmanTable.DistanceSymbols,
                true))
        {
            ThrowDamaged("the lengths of a block's codes make no code");
        }
    }

    private void ReadLengths(ref byte* next, byte* end, ReadOnlySpan<uint> table, Span<byte> lengths)
    {
        for (var i = 0; i < lengths.Length;)
        {
            Refill(ref next, end);
            var entry = table[(int)(_bits & ((1 << HuffmanTable.CodeLengthBits) - 1))];
            Skip((byte)entry);
            var symbol = (int)(entry >> 16);
            if (symbol < 16)
            {
                lengths[i++] = (byte)symbol;
                continue;
            }

            byte value = 0;
            int repeat;
            if (symbol == 16)
            {
                if (i == 0)
                {
                    ThrowDamaged("a block repeats a code length before the first");
                }

                value = lengths[i - 1];
                repeat = 3 + (int)Take(2);
            }
            else
            {
                repeat = symbol == 17 ? 3 + (int)Take(3) : 11 + (int)Take(7);
            }

            if (repeat > lengths.Length - i)
            {
                ThrowDamaged("a block has more code lengths than symbols");
            }

            lengths.Slice(i, repeat).Fill(value);
            i += repeat;
        }
    }

    // True at the block's end.
    private bool CopyStored(ref byte* next, byte* end, byte* limit)
    {
        var count = (int)Math.Min(_storedLeft, Math.Min(end - next, Math.Max(limit - _out, 0)));
        Buffer.MemoryCopy(next, _out, count, count);
        next += count;
        _out += count;
        _storedLeft -= count;
        if (_storedLeft > 0)
        {
            return false;
        }

        _state = State.Ended;
        return true;
    }

    // Up to 56 bits and more; zeros beyond the end, within the slack.
    private void Refill(ref byte* next, byte* end)
    {
        while (_bitCount <= 56)
        {
            if (next >= end + InputSlack)
            {
                ThrowDamaged("it ends too early");
            }

            _bits |= (ulong)(next < end ? *next : 0) << _bitCount;
            next++;
            _bitCount += 8;
        }
    }

    private uint Take(int count)
    {
        var value = (uint)(_bits & ((1u << count) - 1));
        Skip(count);
        return value;
    }

    private void Skip(int count)
    {
        _bits >>= count;
        _bitCount -= count;
    }

    // Gives whole bytes back to the input and drops the rest of the byte that is begun.
    private void ToWholeBytes(ref byte* next)
    {
        next -= _bitCount / 8;
        _bits = 0;
        _bitCount = 0;
    }

    /// <summary>The tables of blocks with fixed codes, made once.</summary>
    private sealed class FixedTables
    {
        public FixedTables()
        {
            Span<byte> lengths = stackalloc byte[288];
            lengths[..144].Fill(8);
            lengths[144..256].Fill(9);
            lengths[256..280].Fill(7);
            lengths[280..].Fill(8);
            Span<byte> distances = stackalloc byte[32];
            distances.Fill(5);
            Lengths = (uint*)NativeMemory.Alloc(HuffmanTable.LengthEntries * sizeof(uint));
            Distances = (uint*)NativeMemory.Alloc(HuffmanTable.DistanceEntries * sizeof(uint));
            HuffmanTable.TryBuild(
                new(Lengths, HuffmanTable.LengthEntries), HuffmanTable.LengthBits, lengths, HuffmanTable.LengthSymbols, false);
            HuffmanTable.TryBuild(
                new(Distances, HuffmanTable.DistanceEntries), HuffmanTable.DistanceBits, distances, HuffmanTable.DistanceSymbols, false);
        }

        public uint* Lengths { get; }

        public uint* Distances { get; }
    }
}

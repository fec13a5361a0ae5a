namespace Larder.Oci.Archives;

/// <summary>
/// Reads a tar archive that comes in pieces of any size. Nothing is copied but headers: a file's bytes are handed on where
/// they lie.
/// </summary>
/// <remarks>
/// <para>Understands the original format, ustar, PAX, star and GNU: long names, binary numbers, PAX headers of entries and of the archive,
/// extended attributes, and sparse files in the old GNU format and in PAX formats 0.0, 0.1 and 1.0. Names are bytes.</para>
/// <para>What follows the end of the archive is ignored here; whoever hashes the archive hashes it too. For one thread.</para>
/// <para>Sources: POSIX.1-1988 ustar; POSIX.1-2001 pax; the GNU tar manual, "Basic Tar Format" and "Storing Sparse Files".</para>
/// </remarks>
internal sealed partial class TarReader
{
    private const int BlockBytes = 512;

    private readonly TarLimits _limits;
    private readonly byte[] _block = new byte[BlockBytes];
    private readonly ByteBuffer _meta = new();
    private readonly PaxRecords _global;
    private readonly PaxRecords _local;
    private readonly ByteBuffer _longPath = new();
    private readonly ByteBuffer _longTarget = new();
    private int _inBlock;
    private State _state;
    private MetaKind _metaKind;
    private bool _hasLocal;
    private bool _hasLongPath;
    private bool _hasLongTarget;
    private bool _sawZeroBlock;
    private int _entries;

    // A sparse file's map in front of its data: how many numbers it has (-1 before that is known), and how many came.
    private int _mapNumbers;
    private int _mapParsed;
    private long _mapOffset;

    // Bytes that the current part still has: of a header's content, of a file, of padding.
    private long _left;
    private int _padding;
    private long _headerOffset = -1;

    /// <param name="limits">What the archive may ask for.</param>
    public TarReader(TarLimits limits)
    {
        _limits = limits;
        _global = new PaxRecords(limits.MaxXattrBytes, limits.MaxSparsePieces);
        _local = new PaxRecords(limits.MaxXattrBytes, limits.MaxSparsePieces);
    }

    private enum State
    {
        Header,
        Meta,
        OldSparse,
        SparseMap,
        Data,
        Padding,
        MetaPadding,
        Ended,
    }

    private enum MetaKind
    {
        Ignored,
        Local,
        Global,
        LongPath,
        LongTarget,
    }

    /// <summary>The entry that was reported last.</summary>
    public TarEntry Entry { get; } = new();

    /// <summary>How much of the archive was read.</summary>
    public long Position { get; private set; }

    /// <summary>Goes on until there is something to tell.</summary>
    /// <param name="input">More of the archive; what was used is cut off in front.</param>
    /// <param name="data">A piece of the file, of <paramref name="input"/>'s memory.</param>
    /// <exception cref="InvalidDataException">The archive is malformed.</exception>
    /// <exception cref="OciException">The archive is beyond a limit.</exception>
    public TarToken Read(ref ReadOnlyMemory<byte> input, out ReadOnlyMemory<byte> data)
    {
        data = default;
        while (true)
        {
            switch (_state)
            {
                case State.Header:
                    if (!TryFillBlock(ref input))
                    {
                        return TarToken.NeedsInput;
                    }

                    if (ReadHeader())
                    {
                        return TarToken.Entry;
                    }

                    break;
                case State.Meta:
                    var piece = Take(ref input, _left);
                    _meta.Append(piece.Span);
                    _left -= piece.Length;
                    if (_left > 0)
                    {
                        return TarToken.NeedsInput;
                    }

                    ReadMeta();
                    _state = State.MetaPadding;
                    break;
                case State.OldSparse:
                    if (!TryFillBlock(ref input))
                    {
                        return TarToken.NeedsInput;
                    }

                    if (ReadOldSparse(_block.AsSpan(0, 21 * 24), hasMore: _block[504] != 0))
                    {
                        return BeginData();
                    }

                    break;
                case State.SparseMap:
                    if (!TryFillBlock(ref input))
                    {
                        return TarToken.NeedsInput;
                    }

                    if (ReadSparseMap())
                    {
                        return BeginData();
                    }

                    break;
                case State.Data:
                    if (_left == 0)
                    {
                        _state = State.Padding;
                        return TarToken.EntryEnd;
                    }

                    data = Take(ref input, _left);
                    _left -= data.Length;
                    return data.IsEmpty ? TarToken.NeedsInput : TarToken.Data;
                case State.Padding or State.MetaPadding:
                    _padding -= Take(ref input, _padding).Length;
                    if (_padding > 0)
                    {
                        return TarToken.NeedsInput;
                    }

                    _state = State.Header;
                    break;
                default:
                    Take(ref input, input.Length);
                    return TarToken.NeedsInput;
            }
        }
    }

    /// <summary>Says that the archive ends here.</summary>
    /// <exception cref="InvalidDataException">It ends too early.</exception>
    public void Complete()
    {
        // The zero blocks at the end may be missing, and the padding of the last file with them.
        var isBetweenEntries = (_state == State.Header && _inBlock == 0 && _headerOffset < 0) || _state is State.Ended or State.Padding;
        if (!isBetweenEntries && !(_state == State.Header && _headerOffset < 0 && !_block.AsSpan(0, _inBlock).ContainsAnyExcept((byte)0)))
        {
            throw new InvalidDataException($"the archive ends in the middle of an entry, at byte {Position}");
        }
    }

    private InvalidDataException Malformed(string what) => new($"the archive is malformed at byte {Position - BlockBytes}: {what}");

    private ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> input, long count)
    {
        var taken = input[..(int)Math.Min(count, input.Length)];
        input = input[taken.Length..];
        Position += taken.Length;
        return taken;
    }

    private bool TryFillBlock(ref ReadOnlyMemory<byte> input)
    {
        var piece = Take(ref input, BlockBytes - _inBlock);
        piece.Span.CopyTo(_block.AsSpan(_inBlock));
        _inBlock += piece.Length;
        if (_inBlock < BlockBytes)
        {
            return false;
        }

        _inBlock = 0;
        return true;
    }

    // True when an entry begins.
    private bool ReadHeader()
    {
        ReadOnlySpan<byte> block = _block;
        if (!block.ContainsAnyExcept((byte)0))
        {
            if (_headerOffset >= 0)
            {
                throw Malformed("an extended header belongs to no entry");
            }

            _state = _sawZeroBlock ? State.Ended : State.Header;
            _sawZeroBlock = true;
            return false;
        }

        if (_sawZeroBlock || !HasChecksum(block))
        {
            throw Malformed("a header does not have its checksum");
        }

        if (_headerOffset < 0)
        {
            _headerOffset = Position - BlockBytes;
        }

        var size = Field(block.Slice(124, 12), "a size");
        if (size < 0)
        {
            throw Malformed("a size is negative");
        }

        var type = block[156];
        switch (type)
        {
            case (byte)'x' or (byte)'X':
                BeginMeta(MetaKind.Local, size);
                return false;
            case (byte)'g':
                BeginMeta(MetaKind.Global, size);
                return false;
            case (byte)'L':
                BeginMeta(MetaKind.LongPath, size);
                return false;
            case (byte)'K':
                BeginMeta(MetaKind.LongTarget, size);
                return false;
            case (byte)'V':
                // The label of a volume is no file.
                BeginMeta(MetaKind.Ignored, size);
                return false;
            default:
                return ReadEntry(block, type, size);
        }
    }

    // The sum of all bytes with the field itself as spaces; some old writers summed signed bytes.
    private static bool HasChecksum(ReadOnlySpan<byte> block)
    {
        if (!TarNumber.TryRead(block.Slice(148, 8), out var expected))
        {
            return false;
        }

        int unsigned = 8 * ' ', signed = 8 * ' ';
        for (var i = 0; i < BlockBytes; i++)
        {
            if (i is < 148 or >= 156)
            {
                unsigned += block[i];
                signed += (sbyte)block[i];
            }
        }

        return expected == unsigned || expected == signed;
    }

    private long Field(ReadOnlySpan<byte> field, string what) =>
        TarNumber.TryRead(field, out var value) ? value : throw Malformed($"{what} is no number");

    private void BeginMeta(MetaKind kind, long size)
    {
        if (size > _limits.MaxHeaderBytes)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded,
                $"A header of the layer takes {size} bytes; {_limits.MaxHeaderBytes} is the most that is taken.");
        }

        // Whoever sends headers without entries gets no further than with entries.
        CountEntry();
        _metaKind = kind;
        _meta.Clear();
        _left = size;
        _padding = Padding(size);
        _state = State.Meta;
    }

    private void CountEntry()
    {
        if (++_entries > 2L * _limits.MaxEntries)
        {
            throw new OciException(OciErrorKind.LimitExceeded, $"The layer has more than {_limits.MaxEntries} entries.");
        }
    }

    private static int Padding(long size) => (int)(-size & (BlockBytes - 1));

    private void ReadMeta()
    {
        switch (_metaKind)
        {
            case MetaKind.Global:
                _global.Parse(_meta.Span);
                _headerOffset = _hasLocal || _hasLongPath || _hasLongTarget ? _headerOffset : -1;
                break;
            case MetaKind.Local:
                if (!_hasLocal)
                {
                    _local.CopyFrom(_global);
                }

                _local.Parse(_meta.Span);
                _hasLocal = true;
                break;
            case MetaKind.LongPath:
                _longPath.Set(UntilZero(_meta.Span));
                _hasLongPath = true;
                break;
            case MetaKind.LongTarget:
                _longTarget.Set(UntilZero(_meta.Span));
                _hasLongTarget = true;
                break;
            default:
                _headerOffset = -1;
                break;
        }
    }

    private static ReadOnlySpan<byte> UntilZero(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)0);
        return end < 0 ? text : text[..end];
    }

    private TarToken BeginData()
    {
        Entry.DataOffset = Position;
        _state = State.Data;
        return TarToken.Entry;
    }
}

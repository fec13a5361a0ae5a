using Larder.Oci.Indexes;

namespace Larder.Oci.Archives;

// From a header, and what came before it, to an entry.
internal sealed partial class TarReader
{
    // The format that a header is of, as far as it matters.
    private static bool IsUstar(ReadOnlySpan<byte> block) => block.Slice(257, 6).SequenceEqual("ustar\0"u8);

    private static bool IsGnu(ReadOnlySpan<byte> block) => block.Slice(257, 8).SequenceEqual("ustar  \0"u8);

    private static bool IsStar(ReadOnlySpan<byte> block) => IsUstar(block) && block.Slice(508, 4).SequenceEqual("tar\0"u8);

    // False when a map of pieces has to be read first.
    private bool ReadEntry(ReadOnlySpan<byte> block, byte typeFlag, long size)
    {
        CountEntry();
        var pax = _hasLocal ? _local : _global;
        var isSparse = pax.SparseSize is not null || pax.Pieces is not null || pax.IsSparseMapInData;
        Entry.HeaderOffset = _headerOffset;
        ReadNames(block, pax, isSparse);
        var type = TypeOf(typeFlag);
        var hasData = type == LayerEntryType.File;
        size = hasData ? pax.Size ?? size : 0;
        if (size > long.MaxValue / 2)
        {
            throw Malformed("a size is beyond all measure");
        }

        var isDevice = type is LayerEntryType.CharacterDevice or LayerEntryType.BlockDevice;
        var modified = pax.Modified ?? (Field(block.Slice(136, 12), "a time"), 0);
        Entry.Fixed = new LayerEntry
        {
            Type = type,
            Mode = (ushort)(Field(block.Slice(100, 8), "a mode") & 0xFFF),
            UserId = Id(pax.UserId ?? Field(block.Slice(108, 8), "an owner")),
            GroupId = Id(pax.GroupId ?? Field(block.Slice(116, 8), "a group")),
            Size = size,
            ModifiedSeconds = modified.Item1,
            ModifiedNanoseconds = modified.Item2,
            DeviceMajor = isDevice ? Id(Field(block.Slice(329, 8), "a device")) : 0,
            DeviceMinor = isDevice ? Id(Field(block.Slice(337, 8), "a device")) : 0,
        };
        Entry.Xattrs.Clear();
        Entry.Xattrs.AddRange(pax.Xattrs);
        Entry.Pieces.Clear();
        Entry.IsSparse = false;
        Entry.StoredBytes = size;
        _left = size;
        _padding = Padding(size);
        var isReady = true;
        if (typeFlag == (byte)'S')
        {
            isReady = BeginOldSparse(block);
        }
        else if (hasData && isSparse)
        {
            isReady = BeginPaxSparse(pax);
        }

        _hasLocal = _hasLongPath = _hasLongTarget = false;
        _headerOffset = -1;
        return isReady && BeginData() == TarToken.Entry;
    }

    private LayerEntryType TypeOf(byte typeFlag) => typeFlag switch
    {
        // Before there was a type for them, directories were files whose names end in a slash.
        0 => Entry.Path is [.., (byte)'/'] ? LayerEntryType.Directory : LayerEntryType.File,
        (byte)'0' or (byte)'7' or (byte)'S' => LayerEntryType.File,
        (byte)'1' => LayerEntryType.HardLink,
        (byte)'2' => LayerEntryType.Symlink,
        (byte)'3' => LayerEntryType.CharacterDevice,
        (byte)'4' => LayerEntryType.BlockDevice,
        (byte)'5' => LayerEntryType.Directory,
        (byte)'6' => LayerEntryType.Fifo,
        _ => throw Malformed($"an entry is of the unknown type 0x{typeFlag:x2}"),
    };

    private uint Id(long value) => value is >= 0 and <= uint.MaxValue ? (uint)value : throw Malformed("an owner, group or device is out of range");

    private void ReadNames(ReadOnlySpan<byte> block, PaxRecords pax, bool isSparse)
    {
        if (isSparse && pax.SparseName is { } sparseName)
        {
            Entry.PathBuffer.Set(sparseName);
        }
        else if (pax.Path is not null)
        {
            Entry.PathBuffer.Set(pax.Path);
        }
        else if (_hasLongPath)
        {
            Entry.PathBuffer.Set(_longPath.Span);
        }
        else
        {
            Entry.PathBuffer.Clear();
            var prefix = !IsUstar(block) ? default : UntilZero(block.Slice(345, IsStar(block) ? 131 : 155));
            if (!prefix.IsEmpty)
            {
                Entry.PathBuffer.Append(prefix);
                Entry.PathBuffer.Append("/"u8);
            }

            Entry.PathBuffer.Append(UntilZero(block[..100]));
        }

        Entry.TargetBuffer.Clear();
        if (block[156] is (byte)'1' or (byte)'2')
        {
            Entry.TargetBuffer.Set(pax.LinkPath ?? (_hasLongTarget ? _longTarget.Span : UntilZero(block.Slice(157, 100))));
        }

        if (Math.Max(Entry.Path.Length, Entry.LinkTarget.Length) > _limits.MaxPathBytes)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded, $"A path in the layer is longer than {_limits.MaxPathBytes} bytes.");
        }

        if (Entry.Path.IsEmpty || Entry.Path.Contains((byte)0) || Entry.LinkTarget.Contains((byte)0))
        {
            throw Malformed("a name is empty or holds a zero byte");
        }
    }

    // Old GNU format: four pieces in the header, 21 in each block behind it.
    private bool BeginOldSparse(ReadOnlySpan<byte> block)
    {
        if (!IsGnu(block))
        {
            throw Malformed("a sparse file of the GNU format has another format's header");
        }

        Entry.IsSparse = true;
        Entry.Fixed = Entry.Fixed with { Size = Field(block.Slice(483, 12), "a size") };
        return ReadOldSparse(block.Slice(386, 4 * 24), hasMore: block[482] != 0);
    }

    private bool ReadOldSparse(ReadOnlySpan<byte> pieces, bool hasMore)
    {
        for (; pieces.Length >= 24 && pieces[0] != 0; pieces = pieces[24..])
        {
            AddPiece(Field(pieces[..12], "a piece of a sparse file"), Field(pieces.Slice(12, 12), "a piece of a sparse file"));
        }

        if (hasMore)
        {
            _state = State.OldSparse;
            return false;
        }

        CheckPieces();
        return true;
    }

    private bool BeginPaxSparse(PaxRecords pax)
    {
        Entry.IsSparse = true;
        Entry.Fixed = Entry.Fixed with { Size = pax.SparseSize ?? throw Malformed("a sparse file has no size") };
        if (pax.IsSparseMapInData)
        {
            _meta.Clear();
            _mapNumbers = -1;
            _mapParsed = 0;
            _state = State.SparseMap;
            return false;
        }

        foreach (var piece in pax.Pieces ?? [])
        {
            AddPiece(piece.Offset, piece.Length);
        }

        CheckPieces();
        return true;
    }

    // Format 1.0: a count and then pairs, a decimal number a line, filled up to a whole block.
    private bool ReadSparseMap()
    {
        if (_left < BlockBytes)
        {
            throw Malformed("the map of a sparse file is longer than the file");
        }

        _left -= BlockBytes;
        Entry.StoredBytes -= BlockBytes;
        ReadOnlySpan<byte> block = _block;
        while (_mapNumbers < 0 || _mapParsed < _mapNumbers)
        {
            var end = block.IndexOf((byte)'\n');
            _meta.Append(end < 0 ? block : block[..end]);
            if (_meta.Length > 20)
            {
                throw Malformed("the map of a sparse file has a number that is too long");
            }

            if (end < 0)
            {
                return false;
            }

            if (!TarNumber.TryReadDecimal(_meta.Span, out var number))
            {
                throw Malformed("the map of a sparse file has a number that is none");
            }

            block = block[(end + 1)..];
            _meta.Clear();
            TakeMapNumber(number);
        }

        CheckPieces();
        return true;
    }

    private void TakeMapNumber(long number)
    {
        if (_mapNumbers < 0)
        {
            _mapNumbers = (int)Math.Min(number, _limits.MaxSparsePieces + 1L) * 2;
        }
        else if (_mapParsed++ % 2 == 0)
        {
            _mapOffset = number;
        }
        else
        {
            AddPiece(_mapOffset, number);
        }
    }

    private void AddPiece(long offset, long length)
    {
        if (Entry.Pieces.Count >= _limits.MaxSparsePieces)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded, $"A sparse file of the layer has more than {_limits.MaxSparsePieces} pieces.");
        }

        Entry.Pieces.Add(new SparsePiece(offset, length));
    }

    private void CheckPieces()
    {
        long end = 0, stored = 0;
        foreach (var piece in Entry.Pieces)
        {
            if (piece.Offset < end || piece.Length < 0 || piece.Length > Entry.Fixed.Size - piece.Offset)
            {
                throw Malformed("the pieces of a sparse file overlap or reach beyond its end");
            }

            end = piece.Offset + piece.Length;
            stored += piece.Length;
        }

        if (stored != Entry.StoredBytes)
        {
            throw Malformed("the pieces of a sparse file are not what is stored of it");
        }
    }
}

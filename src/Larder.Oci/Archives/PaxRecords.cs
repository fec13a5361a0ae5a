using Larder.Oci.Indexes;

namespace Larder.Oci.Archives;

/// <summary>
/// The records of PAX headers that matter for a file: those of the archive, and over them those of one entry.
/// </summary>
/// <remarks>
/// A record is <c>length SP key = value LF</c>, the length that of the whole record, so that values may hold any bytes. An
/// empty value takes back what the archive's records said. Sources: POSIX.1-2001 pax, "pax Extended Header"; the star and GNU tar
/// manuals for <c>SCHILY.xattr</c> and <c>GNU.sparse</c>.
/// </remarks>
internal sealed class PaxRecords(int maxXattrBytes, int maxPieces)
{
    private int _xattrBytes;

    // Of sparse format 0.0: the offset whose length has not come yet.
    private long _pieceOffset = -1;

    public byte[]? Path { get; private set; }

    public byte[]? LinkPath { get; private set; }

    public long? Size { get; private set; }

    public long? UserId { get; private set; }

    public long? GroupId { get; private set; }

    public (long Seconds, uint Nanoseconds)? Modified { get; private set; }

    public List<LayerXattr> Xattrs { get; } = [];

    /// <summary>The name that a sparse file is to have: its own name in the header is made up.</summary>
    public byte[]? SparseName { get; private set; }

    /// <summary>The size of a sparse file with its holes.</summary>
    public long? SparseSize { get; private set; }

    /// <summary>Whether the pieces come in front of the file's bytes.</summary>
    public bool IsSparseMapInData { get; private set; }

    /// <summary>The pieces of sparse formats 0.0 and 0.1; null when there are none.</summary>
    public List<SparsePiece>? Pieces { get; private set; }

    /// <summary>Takes all of another set, for an entry to begin with.</summary>
    public void CopyFrom(PaxRecords other)
    {
        Clear();
        (Path, LinkPath, Size, UserId, GroupId, Modified) =
            (other.Path, other.LinkPath, other.Size, other.UserId, other.GroupId, other.Modified);
        Xattrs.AddRange(other.Xattrs);
        _xattrBytes = other._xattrBytes;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Path = LinkPath = SparseName = null;
        Size = UserId = GroupId = SparseSize = null;
        Modified = null;
        Pieces = null;
        IsSparseMapInData = false;
        Xattrs.Clear();
        _xattrBytes = 0;
        _pieceOffset = -1;
    }

    /// <summary>Takes the records of one header.</summary>
    /// <exception cref="InvalidDataException">They are malformed.</exception>
    public void Parse(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            // Some writers fill the block with zeros and count them.
            if (records[0] == 0)
            {
                return;
            }

            var space = records[..Math.Min(records.Length, 20)].IndexOf((byte)' ');
            if (space <= 0 || !TarNumber.TryReadDecimal(records[..space], out var length)
                || length > records.Length || length < space + 3 || records[(int)length - 1] != (byte)'\n')
            {
                throw Malformed("a record has a wrong length");
            }

            var record = records[(space + 1)..((int)length - 1)];
            records = records[(int)length..];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                throw Malformed("a record has no key");
            }

            Take(record[..equals], record[(equals + 1)..]);
        }
    }

    private static InvalidDataException Malformed(string what) => new($"an extended header is malformed: {what}");

    private void Take(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.StartsWith("SCHILY.xattr."u8))
        {
            TakeXattr(key["SCHILY.xattr."u8.Length..], value);
        }
        else if (key.StartsWith("GNU.sparse."u8))
        {
            TakeSparse(key["GNU.sparse."u8.Length..], value);
        }
        else if (key.SequenceEqual("path"u8))
        {
            Path = value.IsEmpty ? null : value.ToArray();
        }
        else if (key.SequenceEqual("linkpath"u8))
        {
            LinkPath = value.IsEmpty ? null : value.ToArray();
        }
        else if (key.SequenceEqual("size"u8))
        {
            Size = Number(value);
        }
        else if (key.SequenceEqual("uid"u8))
        {
            UserId = Number(value);
        }
        else if (key.SequenceEqual("gid"u8))
        {
            GroupId = Number(value);
        }
        else if (key.SequenceEqual("mtime"u8))
        {
            Modified = value.IsEmpty ? null
                : TarNumber.TryReadTime(value, out var seconds, out var nanoseconds) ? (seconds, nanoseconds)
                : throw Malformed("a time is no number");
        }
    }

    private static long? Number(ReadOnlySpan<byte> value) => value.IsEmpty ? null
        : TarNumber.TryReadDecimal(value, out var number) ? number
        : throw Malformed("a number is none");

    private void TakeXattr(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        for (var i = Xattrs.Count - 1; i >= 0; i--)
        {
            if (name.SequenceEqual(Xattrs[i].Name))
            {
                _xattrBytes -= Xattrs[i].Name.Length + Xattrs[i].Value.Length;
                Xattrs.RemoveAt(i);
            }
        }

        if (value.IsEmpty)
        {
            return;
        }

        _xattrBytes += name.Length + value.Length;
        if (_xattrBytes > maxXattrBytes)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded, $"An entry of the layer has more than {maxXattrBytes} bytes of extended attributes.");
        }

        Xattrs.Add(new LayerXattr(name.ToArray(), value.ToArray()));
    }

    private void TakeSparse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("major"u8))
        {
            IsSparseMapInData = value.SequenceEqual("1"u8);
        }
        else if (key.SequenceEqual("name"u8))
        {
            SparseName = value.ToArray();
        }
        else if (key.SequenceEqual("size"u8) || key.SequenceEqual("realsize"u8))
        {
            SparseSize = Number(value);
        }
        else if (key.SequenceEqual("map"u8))
        {
            Pieces = [];
            while (!value.IsEmpty)
            {
                AddPiece(Next(ref value), Next(ref value));
            }
        }
        else if (key.SequenceEqual("offset"u8))
        {
            _pieceOffset = Number(value) ?? -1;
        }
        else if (key.SequenceEqual("numbytes"u8))
        {
            AddPiece(_pieceOffset, Number(value) ?? -1);
            _pieceOffset = -1;
        }
    }

    private static long Next(ref ReadOnlySpan<byte> list)
    {
        var comma = list.IndexOf((byte)',');
        var number = Number(comma < 0 ? list : list[..comma]) ?? -1;
        list = comma < 0 ? default : list[(comma + 1)..];
        return number;
    }

    private void AddPiece(long offset, long length)
    {
        Pieces ??= [];
        if (offset < 0 || length < 0)
        {
            throw Malformed("a piece of a sparse file is incomplete");
        }

        if (Pieces.Count >= maxPieces)
        {
            throw new OciException(OciErrorKind.LimitExceeded, $"A sparse file of the layer has more than {maxPieces} pieces.");
        }

        Pieces.Add(new SparsePiece(offset, length));
    }
}

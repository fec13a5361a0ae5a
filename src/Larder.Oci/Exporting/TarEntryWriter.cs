using System.Buffers;
using System.Globalization;
using System.Text;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;

namespace Larder.Oci.Exporting;

/// <summary>Makes the headers of archive entries: a ustar header, behind a PAX header for what does not fit into it.</summary>
/// <remarks>Source: POSIX.1-2017, pax, "pax interchange format"; extended attributes as libarchive, star and GNU tar have them.</remarks>
internal static class TarEntryWriter
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 512;

    private const int NameBytes = 100;
    private const long LargestOctal7 = 0x1F_FFFF;
    private const long LargestOctal11 = 0x1_FFFF_FFFF;

    /// <summary>The headers of one path.</summary>
    /// <param name="node">What it names.</param>
    /// <param name="path">The path, without a slash at the beginning.</param>
    /// <param name="link">For a hard link the path that came before; for a symbolic link its target; else empty.</param>
    /// <param name="isHardLink">Whether it is another name of an entry that came before.</param>
    /// <param name="xattrs">Its extended attributes.</param>
    /// <param name="sparse">Where it has bytes, when its holes are left out; null for a file as it is.</param>
    public static byte[] Write(
        in ImageNode node,
        ReadOnlySpan<byte> path,
        ReadOnlySpan<byte> link,
        bool isHardLink,
        IReadOnlyList<LayerXattr> xattrs,
        SparseMap? sparse = null)
    {
        var records = new ArrayBufferWriter<byte>();
        var size = isHardLink || node.Type != LayerEntryType.File ? 0 : sparse?.StoredBytes ?? node.Size;
        if (sparse is null)
        {
            AddBytes(records, "path"u8, path, path.Length > NameBytes || !Ascii.IsValid(path));
        }
        else
        {
            AddRecord(records, "GNU.sparse.major"u8, "1"u8);
            AddRecord(records, "GNU.sparse.minor"u8, "0"u8);
            AddRecord(records, "GNU.sparse.name"u8, path);
            AddRecord(records, "GNU.sparse.realsize"u8, Encoding.ASCII.GetBytes(node.Size.ToString(CultureInfo.InvariantCulture)));
        }

        AddBytes(records, "linkpath"u8, link, link.Length > NameBytes || !Ascii.IsValid(link));
        AddNumber(records, "size"u8, size, LargestOctal11);
        AddNumber(records, "uid"u8, node.UserId, LargestOctal7);
        AddNumber(records, "gid"u8, node.GroupId, LargestOctal7);
        if (node.ModifiedNanoseconds != 0 || node.ModifiedSeconds is < 0 or > LargestOctal11)
        {
            AddRecord(records, "mtime"u8, Encoding.ASCII.GetBytes(Time(node)));
        }

        foreach (var xattr in isHardLink ? [] : xattrs)
        {
            AddRecord(records, [.. "SCHILY.xattr."u8, .. xattr.Name], xattr.Value);
        }

        var output = new ArrayBufferWriter<byte>();
        if (records.WrittenCount > 0)
        {
            output.Write(Header("larder-pax-header"u8, [], default(ImageNode) with { Mode = 0x1A4 }, 'x', records.WrittenCount));
            output.Write(records.WrittenSpan);
            output.Write(new byte[PaddingOf(records.WrittenCount)]);
        }

        // Who does not know of holes gets a file of this name that holds the map and the bytes.
        output.Write(Header(sparse is null ? path : "GNUSparseFile.0/larder"u8, link, node, isHardLink ? '1' : TypeFlag(node.Type), size));
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Zeros that follow content of this length.</summary>
    public static int PaddingOf(long length) => (int)((BlockBytes - (length % BlockBytes)) % BlockBytes);

    private static byte[] Header(ReadOnlySpan<byte> path, ReadOnlySpan<byte> link, in ImageNode node, char type, long size)
    {
        var header = new byte[BlockBytes];
        path[..Math.Min(NameBytes, path.Length)].CopyTo(header);
        Octal(header.AsSpan(100, 8), node.Mode);
        Octal(header.AsSpan(108, 8), Math.Min(node.UserId, LargestOctal7));
        Octal(header.AsSpan(116, 8), Math.Min(node.GroupId, LargestOctal7));
        Octal(header.AsSpan(124, 12), Math.Min(size, LargestOctal11));
        Octal(header.AsSpan(136, 12), Math.Clamp(node.ModifiedSeconds, 0, LargestOctal11));
        header[156] = (byte)type;
        link[..Math.Min(NameBytes, link.Length)].CopyTo(header.AsSpan(157));
        "ustar\0"u8.CopyTo(header.AsSpan(257));
        "00"u8.CopyTo(header.AsSpan(263));
        Octal(header.AsSpan(329, 8), node.DeviceMajor);
        Octal(header.AsSpan(337, 8), node.DeviceMinor);
        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var value in header)
        {
            sum += value;
        }

        Octal(header.AsSpan(148, 7), sum);
        return header;
    }

    private static void Octal(Span<byte> field, long value)
    {
        for (var place = field.Length - 2; place >= 0; place--, value >>= 3)
        {
            field[place] = (byte)('0' + (value & 7));
        }

        field[^1] = 0;
    }

    private static void AddBytes(ArrayBufferWriter<byte> records, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isNeeded)
    {
        if (isNeeded)
        {
            AddRecord(records, key, value);
        }
    }

    private static void AddNumber(ArrayBufferWriter<byte> records, ReadOnlySpan<byte> key, long value, long largest)
    {
        if (value > largest)
        {
            AddRecord(records, key, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
        }
    }

    // A record is its length in decimal, its own digits counted, a space, key=value and a line end.
    private static void AddRecord(ArrayBufferWriter<byte> records, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var rest = key.Length + value.Length + 3;
        var length = rest + Digits(rest);
        length = rest + Digits(length);
        records.Write(Encoding.ASCII.GetBytes(length.ToString(CultureInfo.InvariantCulture)));
        records.Write(" "u8);
        records.Write(key);
        records.Write("="u8);
        records.Write(value);
        records.Write("\n"u8);
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    // The nanoseconds count upwards from the second below, so a time before 1970 is written as one negative decimal.
    private static string Time(in ImageNode node)
    {
        var time = node.ModifiedSeconds + (node.ModifiedNanoseconds / 1_000_000_000m);
        return time.ToString("0.#########", CultureInfo.InvariantCulture);
    }

    private static char TypeFlag(LayerEntryType type) => type switch
    {
        LayerEntryType.Directory => '5',
        LayerEntryType.Symlink => '2',
        LayerEntryType.CharacterDevice => '3',
        LayerEntryType.BlockDevice => '4',
        LayerEntryType.Fifo => '6',
        _ => '0',
    };
}

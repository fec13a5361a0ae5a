using System.Globalization;
using System.Text;

namespace Larder.Tests.Oci.Support;

/// <summary>
/// Writes tar archives byte for byte, the odd ones too: every type, dialect, name, number and sparse form that layers
/// come with, and damage on purpose.
/// </summary>
/// <remarks>
/// <code>
/// var layer = new TarBuilder()
///     .Directory("etc/")
///     .File("etc/motd", "hello"u8.ToArray())
///     .Add(TarMember.Of("bin/su") with { Mode = 0x9ED, Content = program })   // 04755
///     .Whiteout("etc/old")
///     .ToArray();
/// </code>
/// <see cref="BlobForms"/> compresses what comes out; <see cref="OddLayers"/> is a whole image of oddities.
/// </remarks>
public sealed class TarBuilder
{
    private const int Block = 512;
    private const int NameLength = 100;
    private const int PrefixLength = 155;

    private readonly MemoryStream _archive = new();

    /// <summary>Bytes written so far.</summary>
    public long Length => _archive.Length;

    public TarBuilder Directory(string name, int mode = 0x1ED) => Add(TarMember.Of(name, '5') with { Mode = mode });

    public TarBuilder File(string name, byte[] content, int mode = 0x1A4) =>
        Add(TarMember.Of(name) with { Content = content, Mode = mode });

    public TarBuilder File(string name, string content, int mode = 0x1A4) => File(name, Encoding.UTF8.GetBytes(content), mode);

    public TarBuilder Symlink(string name, string target) =>
        Add(TarMember.Of(name, '2') with { LinkTarget = Encoding.UTF8.GetBytes(target) });

    public TarBuilder HardLink(string name, string target) =>
        Add(TarMember.Of(name, '1') with { LinkTarget = Encoding.UTF8.GetBytes(target) });

    public TarBuilder CharacterDevice(string name, uint major, uint minor) =>
        Add(TarMember.Of(name, '3') with { DeviceMajor = major, DeviceMinor = minor });

    public TarBuilder BlockDevice(string name, uint major, uint minor) =>
        Add(TarMember.Of(name, '4') with { DeviceMajor = major, DeviceMinor = minor });

    public TarBuilder Fifo(string name) => Add(TarMember.Of(name, '6'));

    /// <summary>Marks that a lower layer's entry is gone.</summary>
    public TarBuilder Whiteout(string path)
    {
        var slash = path.LastIndexOf('/');
        return Add(TarMember.Of($"{path[..(slash + 1)]}.wh.{path[(slash + 1)..]}") with { Mode = 0, Seconds = 0 });
    }

    /// <summary>Marks that lower layers' children of a directory are gone.</summary>
    public TarBuilder Opaque(string directory) => Add(
        TarMember.Of(directory.Length == 0 ? ".wh..wh..opq" : $"{directory.TrimEnd('/')}/.wh..wh..opq") with { Mode = 0, Seconds = 0 });

    /// <summary>An extended header for all entries that follow.</summary>
    public TarBuilder Global(params (string Key, byte[] Value)[] records)
    {
        WriteEntry(TarMember.Of("pax_global_header", 'g') with { Content = Records(records) });
        return this;
    }

    /// <summary>Appends bytes as they are.</summary>
    public TarBuilder Raw(ReadOnlySpan<byte> bytes)
    {
        _archive.Write(bytes);
        return this;
    }

    /// <summary>A file with holes, in one of the three forms of extended headers.</summary>
    /// <param name="member">Its name and attributes; the content is taken from the pieces.</param>
    /// <param name="minor">0, 1 or 10 for the forms 0.0, 0.1 and 1.0.</param>
    /// <param name="logicalSize">Its length with the holes.</param>
    /// <param name="pieces">What is not a hole, by offset.</param>
    public TarBuilder Sparse(TarMember member, int minor, long logicalSize, params (long Offset, byte[] Bytes)[] pieces)
    {
        var text = static (long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        var data = pieces.SelectMany(static piece => piece.Bytes).ToArray();
        List<(string, byte[])> records = [];
        var name = Encoding.UTF8.GetString(member.Name);
        var slash = name.LastIndexOf('/');
        var placeholder = Encoding.UTF8.GetBytes($"{name[..(slash + 1)]}GNUSparseFile.0/{name[(slash + 1)..]}");
        switch (minor)
        {
            case 0:
                records.Add(("GNU.sparse.size", text(logicalSize)));
                records.Add(("GNU.sparse.numblocks", text(pieces.Length)));
                foreach (var (offset, bytes) in pieces)
                {
                    records.Add(("GNU.sparse.offset", text(offset)));
                    records.Add(("GNU.sparse.numbytes", text(bytes.Length)));
                }

                return Add(member with { Content = data, PaxRecords = records });
            case 1:
                records.Add(("GNU.sparse.size", text(logicalSize)));
                records.Add(("GNU.sparse.numblocks", text(pieces.Length)));
                records.Add(("GNU.sparse.map", Encoding.ASCII.GetBytes(
                    string.Join(',', pieces.Select(static piece => $"{piece.Offset},{piece.Bytes.Length}")))));
                records.Add(("GNU.sparse.name", member.Name));
                return Add(member with { Name = placeholder, Content = data, PaxRecords = records });
            default:
                records.Add(("GNU.sparse.major", "1"u8.ToArray()));
                records.Add(("GNU.sparse.minor", "0"u8.ToArray()));
                records.Add(("GNU.sparse.name", member.Name));
                records.Add(("GNU.sparse.realsize", text(logicalSize)));
                var map = Encoding.ASCII.GetBytes(
                    $"{pieces.Length}\n" + string.Concat(pieces.Select(static piece => $"{piece.Offset}\n{piece.Bytes.Length}\n")));
                var padded = new byte[(map.Length + Block - 1) / Block * Block];
                map.CopyTo(padded, 0);
                return Add(member with { Name = placeholder, Content = [.. padded, .. data], PaxRecords = records });
        }
    }

    /// <summary>Appends an entry, with what its dialect puts in front of it.</summary>
    public TarBuilder Add(TarMember member)
    {
        switch (member.Dialect)
        {
            case TarDialect.Pax:
                AddExtendedHeader(member);
                break;
            case TarDialect.Gnu:
                AddLongName(member.Name, 'L');
                AddLongName(member.LinkTarget, 'K');
                break;
        }

        WriteEntry(member);
        return this;
    }

    /// <summary>The archive with its end.</summary>
    /// <param name="zeroBlocks">Blocks of zeros at the end; two are the rule.</param>
    /// <param name="padding">Bytes of zeros behind those.</param>
    public byte[] ToArray(int zeroBlocks = 2, int padding = 0) => [.. _archive.ToArray(), .. new byte[(zeroBlocks * Block) + padding]];

    /// <summary>The records of an extended header.</summary>
    public static byte[] Records(IEnumerable<(string Key, byte[] Value)> records)
    {
        var all = new MemoryStream();
        foreach (var (key, value) in records)
        {
            // The length counts its own digits.
            var rest = 1 + Encoding.UTF8.GetByteCount(key) + 1 + value.Length + 1;
            var length = rest + 1;
            while (length != rest + length.ToString(CultureInfo.InvariantCulture).Length)
            {
                length = rest + length.ToString(CultureInfo.InvariantCulture).Length;
            }

            all.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length} {key}=")));
            all.Write(value);
            all.WriteByte((byte)'\n');
        }

        return all.ToArray();
    }

    private void AddExtendedHeader(TarMember member)
    {
        var text = static (long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        List<(string Key, byte[] Value)> records = [.. member.PaxRecords];
        AddWhen(member.Name.Length > NameLength || member.Name.Any(static b => b >= 0x80), "path", member.Name);
        AddWhen(member.LinkTarget.Length > NameLength || member.LinkTarget.Any(static b => b >= 0x80), "linkpath", member.LinkTarget);
        AddWhen(member.Uid > 0x1FFFFF, "uid", text(member.Uid));
        AddWhen(member.Gid > 0x1FFFFF, "gid", text(member.Gid));
        AddWhen(member.Nanoseconds != 0 || member.Seconds < 0, "mtime", Time(member));
        records.AddRange(member.Xattrs.Select(static xattr => ("SCHILY.xattr." + xattr.Name, xattr.Value)));
        if (records.Count > 0)
        {
            WriteEntry(TarMember.Of("PaxHeaders.0/entry", 'x') with { Content = Records(records) });
        }

        void AddWhen(bool wanted, string key, byte[] value)
        {
            if (wanted && !records.Exists(record => record.Key == key))
            {
                records.Add((key, value));
            }
        }
    }

    private static byte[] Time(TarMember member)
    {
        // -1.25 s is -2 s and 750,000,000 ns.
        var (seconds, nanoseconds, sign) = member.Seconds < 0 && member.Nanoseconds > 0
            ? (-(member.Seconds + 1), 1_000_000_000 - member.Nanoseconds, "-")
            : (Math.Abs(member.Seconds), member.Nanoseconds, member.Seconds < 0 ? "-" : string.Empty);
        var whole = string.Create(CultureInfo.InvariantCulture, $"{sign}{seconds}");
        return Encoding.ASCII.GetBytes(
            nanoseconds == 0 ? whole : $"{whole}.{nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0')}");
    }

    private void AddLongName(byte[] name, char type)
    {
        if (name.Length > NameLength)
        {
            WriteEntry(TarMember.Of("././@LongLink", type) with { Content = [.. name, 0], Mode = 0, Seconds = 0, Dialect = TarDialect.Gnu });
        }
    }

    private void WriteEntry(TarMember member)
    {
        var header = new byte[Block];
        WriteName(header, member);
        var base256 = member.Dialect == TarDialect.Gnu;
        WriteNumber(header.AsSpan(100, 8), member.Mode, base256);
        WriteNumber(header.AsSpan(108, 8), member.Uid, base256);
        WriteNumber(header.AsSpan(116, 8), member.Gid, base256);
        WriteNumber(header.AsSpan(124, 12), member.SaidSize ?? member.Content.Length, base256);
        WriteNumber(header.AsSpan(136, 12), member.Seconds, base256);
        header[156] = (byte)member.Type;
        member.LinkTarget.AsSpan(0, Math.Min(member.LinkTarget.Length, NameLength)).CopyTo(header.AsSpan(157));
        if (member.Dialect != TarDialect.V7)
        {
            (member.Dialect == TarDialect.Gnu ? "ustar  \0"u8 : "ustar\000"u8).CopyTo(header.AsSpan(257));
            Encoding.UTF8.GetBytes(member.UserName).CopyTo(header.AsSpan(265));
            Encoding.UTF8.GetBytes(member.GroupName).CopyTo(header.AsSpan(297));
            WriteNumber(header.AsSpan(329, 8), member.DeviceMajor, base256);
            WriteNumber(header.AsSpan(337, 8), member.DeviceMinor, base256);
        }

        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = header.Sum(static b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header.AsSpan(148));
        _archive.Write(header);
        _archive.Write(member.Content);
        _archive.Write(new byte[(Block - (member.Content.Length % Block)) % Block]);
    }

    private static void WriteName(byte[] header, TarMember member)
    {
        var name = member.Name.AsSpan();
        if (member.Dialect == TarDialect.Ustar && name.Length > NameLength)
        {
            // The last slash that leaves a name that fits.
            var split = name[..Math.Min(name.Length, PrefixLength + 1)].LastIndexOf((byte)'/');
            if (split <= 0 || name.Length - split - 1 > NameLength)
            {
                throw new ArgumentException("This name cannot be split into prefix and name.", nameof(member));
            }

            name[..split].CopyTo(header.AsSpan(345));
            name = name[(split + 1)..];
        }

        name[..Math.Min(name.Length, NameLength)].CopyTo(header);
    }

    // Octal where it fits; base 256 where the dialect has it; else zero, with the number in the extended header.
    private static void WriteNumber(Span<byte> field, long value, bool base256)
    {
        var digits = field.Length - 1;
        if (value >= 0 && value < 1L << Math.Min(3 * digits, 62))
        {
            Encoding.ASCII.GetBytes(Convert.ToString(value, 8).PadLeft(digits, '0'), field);
            return;
        }

        if (!base256)
        {
            Encoding.ASCII.GetBytes(new string('0', digits), field);
            return;
        }

        for (var i = field.Length - 1; i >= 0; i--)
        {
            field[i] = (byte)value;
            value >>= 8;
        }

        field[0] = (byte)(field[0] | 0x80);
    }
}

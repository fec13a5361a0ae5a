using System.Globalization;
using System.Text;
using Larder.Cache.Disk.Io;
using Larder.Cache.Fingerprints;

namespace Larder.Symbols.Modules;

/// <summary>
/// What the files of one folder held, by their stamps, so that a file is not read only to find that it is the same. The stamp
/// has the change time, which nobody can set.
/// </summary>
internal sealed class FolderMemo
{
    /// <summary>Part of the name under which it is kept.</summary>
    public const uint Version = 1;

    /// <summary>A file that was changed as shortly before it was read may change again within the same tick of its times.</summary>
    private const long SettleNanoseconds = 2_000_000_000;

    private const string Title = "larder symbol folder 1";
    private const int Fields = 7;

    private readonly Dictionary<string, (FileStamp Stamp, Fingerprint Digest)> _files = new(StringComparer.Ordinal);

    /// <summary>Whether it has something that was not kept yet.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Reads what was kept; anything that is not whole is left out.</summary>
    public static FolderMemo Parse(ReadOnlySpan<byte> bytes)
    {
        var memo = new FolderMemo();
        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
        if (lines[0] != Title)
        {
            return memo;
        }

        foreach (var line in lines.AsSpan(1))
        {
            var parts = line.Split('\t');
            if (parts.Length == Fields
                && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var device)
                && ulong.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var inode)
                && long.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                && long.TryParse(parts[4], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var modified)
                && long.TryParse(parts[5], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var changed)
                && Fingerprint.TryParse(parts[6], out var digest))
            {
                memo._files[parts[0]] = (new FileStamp(device, inode, size, modified, changed, 0, 0, 0), digest);
            }
        }

        return memo;
    }

    /// <summary>The digest of a file's bytes, if the stamp is that of when it was read.</summary>
    public bool TryGet(string file, in FileStamp stamp, out Fingerprint digest)
    {
        var found = _files.TryGetValue(file, out var known) && known.Stamp.HasSameBytes(stamp);
        digest = found ? known.Digest : default;
        return found;
    }

    /// <summary>Notes what a file held, unless it was changed too shortly before.</summary>
    public void Note(string file, in FileStamp stamp, Fingerprint digest, DateTimeOffset now)
    {
        var age = ((now.UtcTicks - DateTime.UnixEpoch.Ticks) * 100) - stamp.ChangedNanoseconds;
        if (age < SettleNanoseconds || file.AsSpan().ContainsAny('\t', '\n'))
        {
            return;
        }

        _files[file] = (stamp, digest);
        IsChanged = true;
    }

    /// <summary>The bytes to keep.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder(Title).Append('\n');
        foreach (var (file, (stamp, digest)) in _files.OrderBy(static file => file.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"{file}\t{stamp.Device}\t{stamp.Inode}\t{stamp.Size}\t")
                .Append(CultureInfo.InvariantCulture, $"{stamp.ModifiedNanoseconds}\t{stamp.ChangedNanoseconds}\t{digest}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}

using System.Globalization;
using Larder.Cache.Disk.Io;

namespace Larder.Cache.Disk;

/// <summary>
/// The directory of what failed verification, bounded in bytes and files; the oldest go first. Thread safe.
/// </summary>
/// <remarks>
/// Names are <c>&lt;sequence&gt;-&lt;kind&gt;-&lt;fingerprint&gt;</c> with a growing number of ten digits. A raw
/// entry's metadata keeps its ending.
/// </remarks>
internal sealed class Quarantine(DiskIo io, string directory, long maxBytes, int maxFiles)
{
    private readonly Lock _gate = new();

    // Guarded by _gate; oldest first.
    private readonly Queue<(string Name, long Bytes)> _files = new();
    private long _sequence;
    private long _bytes;

    /// <summary>What the files take, in bytes of blocks.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Takes over what an earlier run left.</summary>
    public void Open()
    {
        var names = new List<string>();
        io.ReadDirectory(directory, names, static (found, name, _) =>
        {
            found.Add(name.ToString());
            return found.Count < 100_000;
        });
        names.Sort(StringComparer.Ordinal);
        lock (_gate)
        {
            foreach (var name in names)
            {
                if (io.Stat($"{directory}/{name}", out var stamp) == Errno.None && stamp.IsFile)
                {
                    Add(name, stamp.Size);
                }

                if (name.Length > 10 && long.TryParse(name.AsSpan(0, 10), CultureInfo.InvariantCulture, out var number))
                {
                    _sequence = Math.Max(_sequence, number);
                }
            }

            Trim();
        }
    }

    /// <summary>Moves a payload, and the metadata beside it, in; removes them when they cannot be moved.</summary>
    public void Take(string path, string name)
    {
        lock (_gate)
        {
            var target = string.Create(CultureInfo.InvariantCulture, $"{++_sequence:D10}-{name}");
            Move(path, target);
            Move(path + DiskPaths.MetadataSuffix, target + DiskPaths.MetadataSuffix);
            Trim();
        }
    }

    private void Move(string path, string target)
    {
        if (io.Stat(path, out var stamp) != Errno.None || !stamp.IsFile)
        {
            return;
        }

        // What would not fit is not worth keeping.
        if (maxFiles == 0 || stamp.Size > maxBytes)
        {
            io.Unlink(path);
            return;
        }

        var error = io.Rename(path, $"{directory}/{target}", replace: true);
        if (error == Errno.NoEntry && io.MakeDirectory(directory) == Errno.None)
        {
            error = io.Rename(path, $"{directory}/{target}", replace: true);
        }

        if (error == Errno.None)
        {
            Add(target, stamp.Size);
        }
        else
        {
            io.Unlink(path);
        }
    }

    private void Add(string name, long size)
    {
        var bytes = (long)DiskTier.BlocksOf(size) * DiskSlot.BlockBytes;
        _files.Enqueue((name, bytes));
        _bytes += bytes;
    }

    private void Trim()
    {
        while (_files.Count > 0 && (_bytes > maxBytes || _files.Count > maxFiles))
        {
            var (name, bytes) = _files.Dequeue();
            io.Unlink($"{directory}/{name}");
            _bytes -= bytes;
        }
    }
}

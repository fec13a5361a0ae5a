using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Larder.Cache.Disk.Io;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

/// <summary>
/// Names for unfinished files that no other process, before or after a restart of the machine, ever uses, and a way to
/// tell whose they are: each opened tier holds the lock of one file whose name begins all of its names. The kernel
/// gives the lock back when the process ends, however it ends.
/// </summary>
internal sealed class TemporaryNames(string directory, DiskIo io) : IDisposable
{
    /// <summary>Ends the name of the file that is locked.</summary>
    public const string AliveSuffix = ".alive";

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly string _token = string.Create(
        CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");

    private readonly Lock _gate = new();

    // Guarded by _gate; null while the directory takes no files.
    private SafeFileHandle? _alive;
    private long _counter;

    /// <summary>What all of this tier's names begin with.</summary>
    public string Token => _token;

    /// <summary>Takes the lock, unless it is held already.</summary>
    public Errno Open()
    {
        if (Volatile.Read(ref _alive) is not null)
        {
            return Errno.None;
        }

        lock (_gate)
        {
            if (_alive is not null)
            {
                return Errno.None;
            }

            var path = $"{directory}/{_token}{AliveSuffix}";
            var error = io.Create(path, out var file);
            error = error == Errno.None ? io.TryLock(file!) : error;
            if (error == Errno.None)
            {
                Volatile.Write(ref _alive, file);
            }
            else if (file is not null)
            {
                io.Unlink(path);
                file.Dispose();
            }

            return error;
        }
    }

    /// <summary>Returns a path that was never returned before.</summary>
    public string Next() => string.Create(
        CultureInfo.InvariantCulture, $"{directory}/{_token}-{Interlocked.Increment(ref _counter)}");

    /// <summary>
    /// The token of whoever made an unfinished file, from its name; null when the name is not one of ours.
    /// </summary>
    public static string? TokenOf(string name)
    {
        // <process id>-<16 hexadecimal digits>, then .alive or -<number>.
        var dash = name.IndexOf('-', StringComparison.Ordinal);
        if (dash <= 0 || name.Length < dash + 18 || name.AsSpan(0, dash).ContainsAnyExceptInRange('0', '9')
            || name.AsSpan(dash + 1, 16).ContainsAnyExcept(LowerHex))
        {
            return null;
        }

        var rest = name.AsSpan(dash + 17);
        var isOurs = rest.SequenceEqual(AliveSuffix)
            || (rest.Length > 1 && rest[0] == '-' && !rest[1..].ContainsAnyExceptInRange('0', '9'));
        return isOurs ? name[..(dash + 17)] : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_alive is not null)
        {
            io.Unlink($"{directory}/{_token}{AliveSuffix}");
            io.Unlock(_alive);
            _alive.Dispose();
        }
    }
}

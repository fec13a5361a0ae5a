using System.Globalization;
using System.Text;
using Larder.Cache.Disk.Io;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

/// <summary>
/// The lock of the one process that may evict in a directory. The kernel gives it back when the process ends; the
/// file's text only says who holds it.
/// </summary>
internal sealed class OwnershipLock : IDisposable
{
    private readonly DiskIo _io;
    private readonly SafeFileHandle _file;

    private OwnershipLock(DiskIo io, SafeFileHandle file)
    {
        _io = io;
        _file = file;
    }

    /// <summary>Takes the lock; null when the directory is read-only and has no lock file to lock.</summary>
    /// <exception cref="CacheException">Another process holds it, or the file cannot be opened.</exception>
    public static OwnershipLock? Take(DiskIo io, DiskPaths paths)
    {
        var error = io.OpenOrCreate(paths.Lock, out var file);
        var isWritable = error == Errno.None;
        if (error.IsReadOnly())
        {
            error = io.OpenRead(paths.Lock, out file);
            if (error != Errno.None)
            {
                return null;
            }
        }

        if (error != Errno.None)
        {
            throw new CacheException(
                CacheErrorKind.Unavailable, $"The lock file {paths.Lock} cannot be opened: error {(int)error} ({error}).");
        }

        error = io.TryLock(file!);
        if (error != Errno.None)
        {
            using (file)
            {
                throw new CacheException(
                    CacheErrorKind.Locked,
                    $"The cache directory {paths.Root} belongs to {ReadOwner(io, file!)}: stop it, or open the directory in shared mode.");
            }
        }

        if (isWritable)
        {
            var text = Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}\n"));
            io.Truncate(file!, 0);
            io.Write(file!, 0, text, out _);
        }

        return new OwnershipLock(io, file!);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _io.Unlock(_file);
        _file.Dispose();
    }

    private static string ReadOwner(DiskIo io, SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[256];
        io.Read(file, 0, text, out var count);
        var owner = Encoding.UTF8.GetString(text[..count]).Trim();
        return owner.Length == 0 ? "another process" : owner;
    }
}

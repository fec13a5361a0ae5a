using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk.Io;

/// <summary>
/// Every file operation of the disk tier, one virtual method each, so that tests can make any single one fail, fall
/// short or stop. Errors are values: a miss must not cost an exception.
/// </summary>
/// <remarks>
/// Stateless and thread safe. Symbolic links are never followed at the last component, and special files are opened
/// without waiting for their other end. Interrupted calls are repeated.
/// </remarks>
internal class DiskIo
{
    private const uint FileMode = 0x1B6; // rw-rw-rw-, less the process's mask.
    private const uint DirectoryMode = 0x1FF; // rwxrwxrwx, less the process's mask.
    private const int DirectoryBufferBytes = 64 * 1024;

    // Set when the C library has no such call, which does not change any more.
    private static volatile bool _cannotReadCached;

    /// <summary>The file system as it is.</summary>
    public static DiskIo Default { get; } = new();

    /// <summary>
    /// The kernel's wall clock in nanoseconds since 1970; compared with file times for difference only.
    /// </summary>
    public virtual long WallClockNanoseconds => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    /// <summary>Opens an existing file for reading.</summary>
    public virtual Errno OpenRead(string path, out SafeFileHandle? file) =>
        Open(path, Libc.OpenReadOnly | Libc.OpenNonBlocking | Libc.OpenNoFollow, out file);

    /// <summary>Opens a directory, to read or to sync it.</summary>
    public virtual Errno OpenDirectory(string path, out SafeFileHandle? file) =>
        Open(path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, out file);

    /// <summary>Creates a file for writing; fails when the name is taken.</summary>
    public virtual Errno Create(string path, out SafeFileHandle? file) =>
        Open(path, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenExclusive | Libc.OpenNoFollow, out file);

    /// <summary>Opens a file for writing, creating it when it is missing.</summary>
    public virtual Errno OpenOrCreate(string path, out SafeFileHandle? file) =>
        Open(path, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenNoFollow, out file);

    /// <summary>Asks about an open file.</summary>
    public virtual unsafe Errno Stat(SafeFileHandle file, out FileStamp stamp)
    {
        Libc.StatBuffer buffer;
        byte empty = 0;
        var error = Check(Libc.Stat(file, &empty, Libc.StatEmptyPath, Libc.StatBasic, &buffer));
        stamp = error == Errno.None ? ToStamp(buffer) : default;
        return error;
    }

    /// <summary>Asks about a path without following a symbolic link.</summary>
    public virtual unsafe Errno Stat(string path, out FileStamp stamp)
    {
        Libc.StatBuffer buffer;
        var error = Check(Libc.StatPath(Libc.CurrentDirectory, path, Libc.StatNoFollow, Libc.StatBasic, &buffer));
        stamp = error == Errno.None ? ToStamp(buffer) : default;
        return error;
    }

    /// <summary>Reads up to a buffer's worth from <paramref name="offset"/>; 0 bytes is the end of the file.</summary>
    public virtual unsafe Errno Read(SafeFileHandle file, long offset, Span<byte> buffer, out int count)
    {
        fixed (byte* start = &MemoryMarshal.GetReference(buffer))
        {
            while (true)
            {
                var result = Libc.Read(file, start, buffer.Length, offset);
                count = (int)Math.Max(result, 0);
                var error = Check(result);
                if (error != Errno.Interrupted)
                {
                    return error;
                }
            }
        }
    }

    /// <summary>
    /// Reads like <see cref="Read"/>, but only what the page cache holds; <see cref="Errno.Again"/> when that is nothing,
    /// another error on file systems that cannot tell.
    /// </summary>
    public virtual unsafe Errno ReadCached(SafeFileHandle file, long offset, Span<byte> buffer, out int count)
    {
        count = 0;
        if (_cannotReadCached)
        {
            return Errno.NotImplemented;
        }

        fixed (byte* start = &MemoryMarshal.GetReference(buffer))
        {
            var vector = new Libc.Vector { Start = start, Length = (nuint)buffer.Length };
            try
            {
                var result = Libc.ReadVector(file, &vector, 1, offset, Libc.ReadNoWait);
                count = (int)Math.Max(result, 0);
                return Check(result);
            }
            catch (EntryPointNotFoundException)
            {
                _cannotReadCached = true;
                return Errno.NotImplemented;
            }
        }
    }

    /// <summary>Writes at <paramref name="offset"/>; may take fewer bytes than given.</summary>
    public virtual unsafe Errno Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> data, out int count)
    {
        fixed (byte* start = &MemoryMarshal.GetReference(data))
        {
            while (true)
            {
                var result = Libc.Write(file, start, data.Length, offset);
                count = (int)Math.Max(result, 0);
                var error = Check(result);
                if (error != Errno.Interrupted)
                {
                    return error;
                }
            }
        }
    }

    /// <summary>Gives the file its blocks in advance, leaving its length as it is.</summary>
    public virtual Errno Allocate(SafeFileHandle file, long length)
    {
        Errno error;
        do
        {
            error = Check(Libc.Allocate(file, Libc.AllocateKeepSize, 0, length));
        }
        while (error == Errno.Interrupted);

        return error;
    }

    /// <summary>Cuts the file, or gives back blocks beyond its end.</summary>
    public virtual Errno Truncate(SafeFileHandle file, long length) => Check(Libc.Truncate(file, length));

    /// <summary>Makes the bytes or the names of a file or directory survive a loss of power.</summary>
    public virtual Errno Sync(SafeFileHandle file) => Check(Libc.Sync(file));

    /// <summary>The same for everything on the file system of <paramref name="file"/>.</summary>
    public virtual Errno SyncFileSystem(SafeFileHandle file) => Check(Libc.SyncFileSystem(file));

    /// <summary>Moves a name; without <paramref name="replace"/> it fails when the target exists.</summary>
    public virtual Errno Rename(string from, string to, bool replace)
    {
        var error = Check(Libc.Rename(
            Libc.CurrentDirectory, from, Libc.CurrentDirectory, to, replace ? 0 : Libc.RenameNoReplace));
        return !replace && error is Errno.Invalid or Errno.NotImplemented ? LinkAndUnlink(from, to) : error;
    }

    /// <summary>Removes a name that is not a directory.</summary>
    public virtual Errno Unlink(string path) => Check(Libc.Unlink(path));

    /// <summary>Makes a directory; fails when the name is taken.</summary>
    public virtual Errno MakeDirectory(string path) => Check(Libc.MakeDirectory(path, DirectoryMode));

    /// <summary>Takes the file's exclusive lock without waiting; <see cref="Errno.Again"/> when it is held.</summary>
    public virtual Errno TryLock(SafeFileHandle file) =>
        Check(Libc.Lock(file, Libc.LockExclusive | Libc.LockNonBlocking));

    /// <summary>
    /// Gives the lock back. Closing alone would leave it to a child process that was forked and has not yet begun its
    /// own program.
    /// </summary>
    public virtual Errno Unlock(SafeFileHandle file) => Check(Libc.Lock(file, Libc.LockRelease));

    /// <summary>
    /// Calls <paramref name="visit"/> for every name in the directory but <c>.</c> and <c>..</c>. It returns false to
    /// stop.
    /// </summary>
    public virtual Errno ReadDirectory<TState>(string path, TState state, DirectoryVisitor<TState> visit)
    {
        var error = OpenDirectory(path, out var directory);
        if (error != Errno.None)
        {
            return error;
        }

        using (directory)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(DirectoryBufferBytes);
            try
            {
                int count;
                while ((error = ReadDirectoryBlock(directory!, buffer, out count)) == Errno.None && count > 0)
                {
                    if (!VisitBlock(buffer.AsSpan(0, count), state, visit))
                    {
                        break;
                    }
                }

                return error;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>Reads the next run of raw directory entries; 0 bytes is the end.</summary>
    protected virtual unsafe Errno ReadDirectoryBlock(SafeFileHandle directory, byte[] buffer, out int count)
    {
        fixed (byte* start = buffer)
        {
            var result = Libc.ReadDirectory(directory, start, buffer.Length);
            count = (int)Math.Max(result, 0);
            return Check(result);
        }
    }

    // The kernel's record: u64 inode, i64 position, u16 record length, u8 type, name ended by a zero byte.
    private static bool VisitBlock<TState>(ReadOnlySpan<byte> block, TState state, DirectoryVisitor<TState> visit)
    {
        Span<char> name = stackalloc char[256];
        while (block.Length > 19)
        {
            var length = MemoryMarshal.Read<ushort>(block[16..]);
            var type = (DirectoryEntryType)block[18];
            var bytes = block[19..length];
            bytes = bytes[..bytes.IndexOf((byte)0)];
            block = block[length..];
            if (bytes is [(byte)'.'] or [(byte)'.', (byte)'.'])
            {
                continue;
            }

            if (!visit(state, name[..Encoding.UTF8.GetChars(bytes, name)], type))
            {
                return false;
            }
        }

        return true;
    }

    private static Errno Open(string path, int flags, out SafeFileHandle? file)
    {
        while (true)
        {
            var descriptor = Libc.Open(path, flags | Libc.OpenCloseOnExec, FileMode);
            var error = Check(descriptor);
            if (error == Errno.Interrupted)
            {
                continue;
            }

            file = error == Errno.None ? new SafeFileHandle(descriptor, ownsHandle: true) : null;
            return error;
        }
    }

    // For file systems without an exclusive rename.
    private static Errno LinkAndUnlink(string from, string to)
    {
        var error = Check(Libc.Link(from, to));
        return error == Errno.None ? Check(Libc.Unlink(from)) : error;
    }

    private static Errno Check(nint result) =>
        result >= 0 ? Errno.None : (Errno)Marshal.GetLastPInvokeError();

    private static FileStamp ToStamp(in Libc.StatBuffer buffer) => new(
        ((ulong)buffer.DeviceMajor << 32) | buffer.DeviceMinor,
        buffer.Inode,
        buffer.Size,
        (buffer.ModifiedSeconds * 1_000_000_000) + buffer.ModifiedNanoseconds,
        (buffer.ChangedSeconds * 1_000_000_000) + buffer.ChangedNanoseconds,
        buffer.Links,
        buffer.Mode,
        buffer.Blocks * 512);
}

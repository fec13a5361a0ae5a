using Larder.Cache.Disk.Io;
using Microsoft.Win32.SafeHandles;

namespace Larder.Tests.Disk;

internal enum DiskOperation
{
    OpenRead,
    OpenDirectory,
    Create,
    OpenOrCreate,
    StatFile,
    StatPath,
    Read,
    Write,
    Allocate,
    Truncate,
    Sync,
    SyncFileSystem,
    Rename,
    Unlink,
    MakeDirectory,
    Lock,
    ReadDirectory,
}

/// <summary>The real file system, with a say before every single operation.</summary>
internal sealed class FaultyDiskIo : DiskIo
{
    /// <summary>Called before each operation with its path, empty for open files; an error replaces the operation.</summary>
    public Func<DiskOperation, string, Errno>? Before { get; set; }

    /// <summary>Most bytes that one write or read takes; null for all.</summary>
    public int? ShortTransferBytes { get; set; }

    /// <summary>Added to the wall clock that file times are compared with.</summary>
    public TimeSpan ClockOffset { get; set; }

    public override long WallClockNanoseconds => base.WallClockNanoseconds + (ClockOffset.Ticks * 100);

    /// <summary>Operations so far.</summary>
    public int Count;

    /// <summary>Faults so far.</summary>
    public int Faults;

    public override Errno OpenRead(string path, out SafeFileHandle? file)
    {
        file = null;
        return Fail(DiskOperation.OpenRead, path, out var error) ? error : base.OpenRead(path, out file);
    }

    public override Errno OpenDirectory(string path, out SafeFileHandle? file)
    {
        file = null;
        return Fail(DiskOperation.OpenDirectory, path, out var error) ? error : base.OpenDirectory(path, out file);
    }

    public override Errno Create(string path, out SafeFileHandle? file)
    {
        file = null;
        return Fail(DiskOperation.Create, path, out var error) ? error : base.Create(path, out file);
    }

    public override Errno OpenOrCreate(string path, out SafeFileHandle? file)
    {
        file = null;
        return Fail(DiskOperation.OpenOrCreate, path, out var error) ? error : base.OpenOrCreate(path, out file);
    }

    public override Errno Stat(SafeFileHandle file, out FileStamp stamp)
    {
        stamp = default;
        return Fail(DiskOperation.StatFile, "", out var error) ? error : base.Stat(file, out stamp);
    }

    public override Errno Stat(string path, out FileStamp stamp)
    {
        stamp = default;
        return Fail(DiskOperation.StatPath, path, out var error) ? error : base.Stat(path, out stamp);
    }

    public override Errno Read(SafeFileHandle file, long offset, Span<byte> buffer, out int count)
    {
        count = 0;
        return Fail(DiskOperation.Read, "", out var error)
            ? error
            : base.Read(file, offset, buffer[..Math.Min(buffer.Length, ShortTransferBytes ?? int.MaxValue)], out count);
    }

    public override Errno Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        return Fail(DiskOperation.Write, "", out var error)
            ? error
            : base.Write(file, offset, data[..Math.Min(data.Length, ShortTransferBytes ?? int.MaxValue)], out count);
    }

    public override Errno Allocate(SafeFileHandle file, long length) =>
        Fail(DiskOperation.Allocate, "", out var error) ? error : base.Allocate(file, length);

    public override Errno Truncate(SafeFileHandle file, long length) =>
        Fail(DiskOperation.Truncate, "", out var error) ? error : base.Truncate(file, length);

    public override Errno Sync(SafeFileHandle file) =>
        Fail(DiskOperation.Sync, "", out var error) ? error : base.Sync(file);

    public override Errno SyncFileSystem(SafeFileHandle file) =>
        Fail(DiskOperation.SyncFileSystem, "", out var error) ? error : base.SyncFileSystem(file);

    public override Errno Rename(string from, string to, bool replace) =>
        Fail(DiskOperation.Rename, to, out var error) ? error : base.Rename(from, to, replace);

    public override Errno Unlink(string path) =>
        Fail(DiskOperation.Unlink, path, out var error) ? error : base.Unlink(path);

    public override Errno MakeDirectory(string path) =>
        Fail(DiskOperation.MakeDirectory, path, out var error) ? error : base.MakeDirectory(path);

    public override Errno TryLock(SafeFileHandle file) =>
        Fail(DiskOperation.Lock, "", out var error) ? error : base.TryLock(file);

    protected override Errno ReadDirectoryBlock(SafeFileHandle directory, byte[] buffer, out int count)
    {
        count = 0;
        return Fail(DiskOperation.ReadDirectory, "", out var error) ? error : base.ReadDirectoryBlock(directory, buffer, out count);
    }

    private bool Fail(DiskOperation operation, string path, out Errno error)
    {
        Interlocked.Increment(ref Count);
        error = Before?.Invoke(operation, path) ?? Errno.None;
        if (error != Errno.None)
        {
            Interlocked.Increment(ref Faults);
        }

        return error != Errno.None;
    }
}

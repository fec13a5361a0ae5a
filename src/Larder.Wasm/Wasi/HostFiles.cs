using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Wasi;

/// <summary>
/// The calls of the C library that files are used with. All of them start at an open directory and none follows a
/// symbolic link. Linux only; names are bytes that end with a NUL.
/// </summary>
internal static unsafe partial class HostFiles
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoTerminal = 0x100;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;
    public const int DataSync = 0x1000;
    public const int CloseOnExec = 0x80000;
    public const int Sync = 0x101000;
    public const int PathOnly = 0x200000;

    public const int RemoveDirectory = 0x200;
    public const int GetFlags = 3;
    public const int SetFlags = 4;
    public const int Interrupted = 4;
    public const int NotDirectory = 20;
    public const int Invalid = 22;
    public const int TooManyLinks = 40;

    private const int CurrentDirectory = -100;
    private const int NoFollowAt = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStatus = 0x7FF;

    // Two flags differ between the processors that Linux runs on; a wrong one would follow links.
    public static readonly int Directory = IsArm ? 0x4000 : 0x10000;
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>Opens a directory by its path on the host; links are followed. -1 on failure.</summary>
    public static int OpenRoot(string path)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* pointer = bytes)
        {
            return Open(CurrentDirectory, pointer, ReadOnly | Directory | CloseOnExec, 0);
        }
    }

    public static int OpenAt(int directory, ReadOnlySpan<byte> name, int flags, int mode)
    {
        fixed (byte* pointer = name)
        {
            int file;
            do
            {
                file = Open(directory, pointer, flags | NoFollow | CloseOnExec, mode);
            }
            while (file < 0 && LastError == Interrupted);

            return file;
        }
    }

    public static Errno Status(int directory, ReadOnlySpan<byte> name, out FileStatus status)
    {
        Unsafe.SkipInit(out status);
        fixed (byte* pointer = name)
        fixed (FileStatus* target = &status)
        {
            return Check(StatusAt(directory, pointer, NoFollowAt, BasicStatus, target));
        }
    }

    public static Errno Status(int file, out FileStatus status)
    {
        Unsafe.SkipInit(out status);
        byte empty = 0;
        fixed (FileStatus* target = &status)
        {
            return Check(StatusAt(file, &empty, EmptyPath, BasicStatus, target));
        }
    }

    /// <summary>The target of a link; -1 when the name is not one.</summary>
    public static int ReadLink(int directory, ReadOnlySpan<byte> name, Span<byte> target)
    {
        fixed (byte* pointer = name)
        fixed (byte* bytes = target)
        {
            return (int)ReadLinkAt(directory, pointer, bytes, (nuint)target.Length);
        }
    }

    public static Errno MakeDirectory(int directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* pointer = name)
        {
            return Check(MakeDirectoryAt(directory, pointer, 0x1FF));
        }
    }

    public static Errno Remove(int directory, ReadOnlySpan<byte> name, int flags)
    {
        fixed (byte* pointer = name)
        {
            return Check(UnlinkAt(directory, pointer, flags));
        }
    }

    public static Errno Rename(int directory, ReadOnlySpan<byte> name, int newDirectory, ReadOnlySpan<byte> newName)
    {
        fixed (byte* from = name)
        fixed (byte* to = newName)
        {
            return Check(RenameAt(directory, from, newDirectory, to));
        }
    }

    public static Errno Link(int directory, ReadOnlySpan<byte> name, int newDirectory, ReadOnlySpan<byte> newName)
    {
        fixed (byte* from = name)
        fixed (byte* to = newName)
        {
            return Check(LinkAt(directory, from, newDirectory, to, 0));
        }
    }

    public static Errno Symlink(ReadOnlySpan<byte> target, int directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* text = target)
        fixed (byte* pointer = name)
        {
            return Check(SymlinkAt(text, directory, pointer));
        }
    }

    public static Errno SetTimes(int directory, ReadOnlySpan<byte> name, ReadOnlySpan<FileTime> times)
    {
        fixed (byte* pointer = name)
        fixed (FileTime* both = times)
        {
            return Check(SetTimesAt(directory, pointer, both, NoFollowAt));
        }
    }

    public static Errno SetTimes(int file, ReadOnlySpan<FileTime> times)
    {
        fixed (FileTime* both = times)
        {
            return Check(SetTimesOf(file, both));
        }
    }

    public static nint Read(int file, Span<byte> bytes, long offset)
    {
        fixed (byte* pointer = bytes)
        {
            nint count;
            do
            {
                count = offset < 0 ? ReadNext(file, pointer, (nuint)bytes.Length) : ReadAt(file, pointer, (nuint)bytes.Length, offset);
            }
            while (count < 0 && LastError == Interrupted);

            return count;
        }
    }

    public static nint Write(int file, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* pointer = bytes)
        {
            nint count;
            do
            {
                count = offset < 0 ? WriteNext(file, pointer, (nuint)bytes.Length) : WriteAt(file, pointer, (nuint)bytes.Length, offset);
            }
            while (count < 0 && LastError == Interrupted);

            return count;
        }
    }

    /// <summary>Records of a directory from where it stands; 0 at its end, -1 on failure.</summary>
    public static int Entries(int directory, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return (int)ReadEntries(directory, pointer, (nuint)buffer.Length);
        }
    }

    public static Errno Check(int result) => result < 0 ? Errnos.FromLinux(LastError) : Errno.Success;

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial long Seek(int file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int SetLength(int file, long length);

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Allocate(int file, long offset, long length);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Advise(int file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int SyncAll(int file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int SyncData(int file);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Control(int file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Open(int directory, byte* name, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int StatusAt(int directory, byte* name, int flags, uint mask, FileStatus* status);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint ReadLinkAt(int directory, byte* name, byte* target, nuint length);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int MakeDirectoryAt(int directory, byte* name, int mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int UnlinkAt(int directory, byte* name, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int RenameAt(int directory, byte* name, int newDirectory, byte* newName);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int LinkAt(int directory, byte* name, int newDirectory, byte* newName, int flags);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SymlinkAt(byte* target, int directory, byte* name);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SetTimesAt(int directory, byte* name, FileTime* times, int flags);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SetTimesOf(int file, FileTime* times);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint ReadNext(int file, byte* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint ReadAt(int file, byte* bytes, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint WriteNext(int file, byte* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint WriteAt(int file, byte* bytes, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint ReadEntries(int directory, byte* buffer, nuint length);
}

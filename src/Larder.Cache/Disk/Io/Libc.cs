using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk.Io;

/// <summary>The C library's calls that the BCL does not offer or wraps at a cost. 64-bit Linux.</summary>
internal static unsafe partial class Libc
{
    internal const int OpenReadOnly = 0;
    internal const int OpenReadWrite = 2;
    internal const int OpenCreate = 0x40;
    internal const int OpenExclusive = 0x80;
    internal const int OpenNonBlocking = 0x800;
    internal const int OpenCloseOnExec = 0x80000;
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int LockRelease = 8;
    internal const int CurrentDirectory = -100;
    internal const int StatEmptyPath = 0x1000;
    internal const int StatNoFollow = 0x100;
    internal const uint StatBasic = 0x7FF;
    internal const uint RenameNoReplace = 1;
    internal const int AllocateKeepSize = 1;
    internal const int ReadNoWait = 8;

    private const string Library = "libc";

    /// <summary>O_DIRECTORY, which differs between processor families.</summary>
    internal static int OpenDirectory { get; } =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    /// <summary>O_NOFOLLOW, which differs between processor families.</summary>
    internal static int OpenNoFollow { get; } =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Open(string path, int flags, uint mode);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    internal static partial int Stat(SafeFileHandle file, byte* path, int flags, uint mask, StatBuffer* buffer);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int StatPath(int directory, string path, int flags, uint mask, StatBuffer* buffer);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "pread64", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle file, byte* buffer, nint count, long offset);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "preadv2", SetLastError = true)]
    internal static partial nint ReadVector(SafeFileHandle file, Vector* vectors, int count, long offset, int flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "pwrite64", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle file, byte* buffer, nint count, long offset);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "fallocate64", SetLastError = true)]
    internal static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "ftruncate64", SetLastError = true)]
    internal static partial int Truncate(SafeFileHandle file, long length);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(SafeFileHandle file);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "syncfs", SetLastError = true)]
    internal static partial int SyncFileSystem(SafeFileHandle file);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Rename(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Link(string existing, string added);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Unlink(string path);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "mkdir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int MakeDirectory(string path, uint mode);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(SafeFileHandle file, int operation);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport(Library, EntryPoint = "getdents64", SetLastError = true)]
    internal static partial nint ReadDirectory(SafeFileHandle directory, byte* buffer, nint length);

    /// <summary>struct iovec.</summary>
    internal struct Vector
    {
        internal byte* Start;
        internal nuint Length;
    }

    /// <summary>struct statx of the kernel's stable interface, as far as it is read here.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatBuffer
    {
        [FieldOffset(16)]
        internal uint Links;

        [FieldOffset(28)]
        internal ushort Mode;

        [FieldOffset(32)]
        internal ulong Inode;

        [FieldOffset(40)]
        internal long Size;

        [FieldOffset(48)]
        internal long Blocks;

        [FieldOffset(96)]
        internal long ChangedSeconds;

        [FieldOffset(104)]
        internal uint ChangedNanoseconds;

        [FieldOffset(112)]
        internal long ModifiedSeconds;

        [FieldOffset(120)]
        internal uint ModifiedNanoseconds;

        [FieldOffset(136)]
        internal uint DeviceMajor;

        [FieldOffset(140)]
        internal uint DeviceMinor;
    }
}

using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>The calls of the C library that native memory and traps are made with. Linux only.</summary>
internal static unsafe partial class Native
{
    public const int ProtectNone = 0;
    public const int ProtectRead = 1;
    public const int ProtectReadWrite = 3;
    public const int ProtectReadExecute = 5;
    public const int MapShared = 0x1;
    public const int MapPrivate = 0x2;
    public const int MapFixed = 0x10;
    public const int MapReserve = MapPrivate | 0x20 | 0x4000; // Anonymous, and no swap is set aside for it.
    public const int AdviseDontNeed = 4;
    public const int OpenForReading = 0x80000; // And closed when another program is started.
    public const int SignalSegmentationFault = 11;

    private const uint CloseOnExec = 1;
    private const uint AllowSealing = 2;
    private const int AddSeals = 1033;
    private const int AllSeals = 0x1 | 0x2 | 0x4 | 0x8; // Seals themselves, shrinking, growing, writing.

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int SignalAction(int signal, SignalHandler* action, SignalHandler* previous);

    /// <summary>Makes an unnamed file in memory that holds a copy of a block and that nobody can change; -1 on failure.</summary>
    public static int CreateSealedFile(byte* bytes, nuint length)
    {
        // A kernel without such files answers with an error, like any other shortage.
        var name = stackalloc byte[] { (byte)'l', (byte)'a', (byte)'r', (byte)'d', (byte)'e', (byte)'r', 0 };
        var file = CreateMemoryFile(name, CloseOnExec | AllowSealing);
        if (file < 0)
        {
            return -1;
        }

        while (length > 0)
        {
            var written = Write(file, bytes, length);
            if (written <= 0)
            {
                _ = Close(file);
                return -1;
            }

            bytes += written;
            length -= (nuint)written;
        }

        if (ControlFile(file, AddSeals, AllSeals) != 0)
        {
            _ = Close(file);
            return -1;
        }

        return file;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial nint ReadAt(int file, void* bytes, nuint length, nint offset);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int CreateMemoryFile(byte* name, uint flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint Write(int file, byte* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int ControlFile(int file, int command, int argument);

    /// <summary>The C library's <c>struct sigaction</c> on x64, the same in glibc and musl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SignalHandler
    {
        public nint Handler;
        public fixed ulong Mask[16];
        public int Flags;
        public nint Restorer;
    }
}

using System.Runtime.InteropServices;

namespace Larder.Cache.Arenas;

/// <summary>The calls of the C library that a region is made with. Linux only.</summary>
internal static partial class ArenaNative
{
    public const int ProtectNone = 0;
    public const int ProtectReadWrite = 3;
    public const int MapPrivateAnonymousNoReserve = 0x2 | 0x20 | 0x4000;
    public const int AdviseHugePage = 14;
    public const int AdviseNoHugePage = 15;
    public const int AdvisePopulateWrite = 23;
    public const int PolicyBind = 2;
    public const int PolicyInterleave = 3;
    public const int ErrorInvalid = 22;
    public const int ErrorNoMemory = 12;
    public const int ErrorNotPermitted = 1;

    private const int SetVma = 0x53564d41;
    private const int SetVmaAnonymousName = 0;

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

    [LibraryImport("libc", EntryPoint = "mlock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static partial int Lock(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    public static unsafe partial int InCore(nint address, nuint length, byte* pages);

    /// <summary>Names a mapping in /proc/self/maps. Kernels without that answer with an error that nobody needs.</summary>
    public static void Name(nint address, nuint length, nint utf8) =>
        _ = ProcessControl(SetVma, SetVmaAnonymousName, (nuint)address, length, utf8);

    /// <summary>Sets where the pages of a range that nobody touched yet come from.</summary>
    public static unsafe int Bind(nint address, nuint length, int policy, ulong nodes)
    {
        var number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 237,
            Architecture.Arm64 => 235,
            _ => -1,
        };
        return (int)SystemCall(number, address, (nint)length, policy, (nint)(&nodes), 64, 0);
    }

    /// <summary>Asks on which node each page is; a negative status is an error number for that page.</summary>
    public static unsafe int QueryNodes(ReadOnlySpan<nint> pages, Span<int> status)
    {
        var number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 279,
            Architecture.Arm64 => 239,
            _ => -1,
        };
        fixed (nint* page = pages)
        {
            fixed (int* result = status)
            {
                return (int)SystemCall(number, 0, pages.Length, (nint)page, 0, (nint)result, 0);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int ProcessControl(int option, nuint second, nuint third, nuint fourth, nint fifth);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);
}

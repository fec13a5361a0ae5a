using System.Runtime.InteropServices;

namespace Larder.Tests.Fuse;

/// <summary>Descriptors as numbers.</summary>
internal static partial class TestDescriptors
{
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    public static partial int Duplicate(int descriptor);

    /// <summary>How many descriptors this process has open.</summary>
    public static int Count() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}

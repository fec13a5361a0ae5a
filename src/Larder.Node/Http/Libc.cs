using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Node.Http;

/// <summary>The one call of the C library that .NET has no name for.</summary>
internal static partial class Libc
{
    /// <summary>EAGAIN: the socket takes nothing now.</summary>
    public const int Again = 11;

    /// <summary>EINTR.</summary>
    public const int Interrupted = 4;

    /// <summary>EINVAL: the file cannot be sent this way.</summary>
    public const int Invalid = 22;

    /// <summary>Copies file bytes into a socket inside the kernel; -1 with the error number set on failure.</summary>
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    public static partial nint SendFile(SafeHandle socket, SafeFileHandle file, ref long offset, nuint count);
}

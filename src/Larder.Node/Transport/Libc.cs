using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Node.Transport;

/// <summary>Calls of the C library that .NET has no name for, or wraps at a cost.</summary>
internal static partial class Libc
{
    /// <summary>EAGAIN: the socket takes nothing now.</summary>
    public const int Again = 11;

    /// <summary>EIO: the medium failed.</summary>
    public const int InputOutput = 5;

    /// <summary>EINTR.</summary>
    public const int Interrupted = 4;

    /// <summary>EINVAL: the file cannot be sent this way.</summary>
    public const int Invalid = 22;

    /// <summary>Copies file bytes into a socket inside the kernel; -1 with the error number set on failure.</summary>
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    public static partial nint SendFile(SafeHandle socket, SafeFileHandle file, ref long offset, nuint count);

    /// <summary>Sends what the socket takes now; -1 with <paramref name="error"/> set when that is nothing.</summary>
    public static unsafe int Send(SafeHandle socket, ReadOnlySpan<byte> bytes, out int error)
    {
        const int NoSignal = 0x4000;
        fixed (byte* start = bytes)
        {
            while (true)
            {
                var sent = Send(socket, start, (nuint)bytes.Length, NoSignal);
                error = sent >= 0 ? 0 : Marshal.GetLastPInvokeError();
                if (error != Interrupted)
                {
                    return (int)sent;
                }
            }
        }
    }

    /// <summary>
    /// Receives what has come, without waiting; 0 at the end, and with <paramref name="error"/> set when there is
    /// nothing or the connection has broken.
    /// </summary>
    public static unsafe int Receive(SafeHandle socket, Span<byte> bytes, out int error)
    {
        const int DoNotWait = 0x40;
        fixed (byte* start = bytes)
        {
            while (true)
            {
                var received = Receive(socket, start, (nuint)bytes.Length, DoNotWait);
                error = received >= 0 ? 0 : Marshal.GetLastPInvokeError();
                if (error != Interrupted)
                {
                    return (int)Math.Max(received, 0);
                }
            }
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static unsafe partial nint Send(SafeHandle socket, byte* bytes, nuint count, int flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static unsafe partial nint Receive(SafeHandle socket, byte* bytes, nuint count, int flags);
}

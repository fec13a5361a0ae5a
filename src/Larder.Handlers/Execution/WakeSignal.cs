using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Handlers.Execution;

/// <summary>
/// Wakes one thread, at once or at a time that is kept to some microseconds; waits of the runtime are of whole milliseconds.
/// A signal that comes while nobody waits ends the next wait. Linux only, as the engine is.
/// </summary>
internal sealed unsafe partial class WakeSignal : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const short ReadyToRead = 1;
    private const int TimerSlack = 29;
    private const int PreferredNiceness = -15;

    private readonly SafeFileHandle _event;

    /// <summary>Creates a signal.</summary>
    /// <exception cref="HandlersException">The process has no file descriptor left.</exception>
    public WakeSignal()
    {
        var descriptor = CreateEvent(0, CloseOnExec | NonBlocking);
        _event = descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new HandlersException(
                HandlersErrorKind.EngineUnavailable,
                $"The system has no event for the deadlines of handlers: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }

    /// <summary>
    /// Puts the calling thread above others where the process may do that, and lets its waits end on time. Threads of the
    /// runtime have no priorities here.
    /// </summary>
    public static void PreferThisThread()
    {
        _ = SetPriority(0, CurrentThread(), PreferredNiceness);
        _ = Control(TimerSlack, 1, 0, 0, 0);
    }

    /// <summary>Ends the present wait, or the next.</summary>
    public void Set()
    {
        // It fails when the count is full, and then there is a signal.
        var one = 1UL;
        _ = Write(_event, &one, sizeof(ulong));
    }

    /// <summary>Waits for a signal, which is taken, or for a time.</summary>
    /// <param name="time">At most; negative for any.</param>
    public void Wait(TimeSpan time)
    {
        var added = false;
        try
        {
            _event.DangerousAddRef(ref added);
            var what = new Poll { Descriptor = (int)_event.DangerousGetHandle(), Wanted = ReadyToRead };
            var limit = new Duration { Seconds = time.Ticks / TimeSpan.TicksPerSecond, Nanoseconds = time.Ticks % TimeSpan.TicksPerSecond * 100 };
            _ = WaitFor(&what, 1, time < TimeSpan.Zero ? null : &limit, 0);
        }
        finally
        {
            if (added)
            {
                _event.DangerousRelease();
            }
        }

        ulong count;
        _ = Read(_event, &count, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int CreateEvent(uint count, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int WaitFor(Poll* polls, nuint count, Duration* time, nint signals);

    [LibraryImport("libc", EntryPoint = "read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint Read(SafeFileHandle file, ulong* count, nuint bytes);

    [LibraryImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint Write(SafeFileHandle file, ulong* count, nuint bytes);

    [LibraryImport("libc", EntryPoint = "gettid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int CurrentThread();

    [LibraryImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SetPriority(int which, int thread, int niceness);

    [LibraryImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Control(int what, nuint first, nuint second, nuint third, nuint fourth);

    [StructLayout(LayoutKind.Sequential)]
    private struct Poll
    {
        public int Descriptor;
        public short Wanted;
        public short Found;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Duration
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Node.Transport;

/// <summary>The kernel's list of sockets that something has happened to, and a way to wake who waits for it.</summary>
/// <remarks>Sockets are told of once for every change (edge triggered). Safe for many threads.</remarks>
internal sealed partial class Epoll : IDisposable
{
    /// <summary>The number under which a call of <see cref="Wake"/> is reported.</summary>
    public const long WakeNumber = 0;

    private const uint In = 0x1;
    private const uint Error = 0x8;
    private const uint HangUp = 0x10;
    private const uint PeerHangUp = 0x2000;
    private const uint EdgeTriggered = 1u << 31;
    private const int ControlAdd = 1;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int Interrupted = 4;

    private readonly SafeFileHandle _list;
    private readonly SafeFileHandle _bell;

    public Epoll()
    {
        _list = new SafeFileHandle(Check(Create(CloseOnExec)), ownsHandle: true);
        _bell = new SafeFileHandle(Check(CreateBell(0, CloseOnExec | NonBlocking)), ownsHandle: true);
        Add(_bell, WakeNumber);
    }

    /// <summary>Bytes of one event: the kernel packs the structure on x64 only.</summary>
    public static int EventBytes { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <summary>Adds a socket; whatever can be read from it already counts as a change.</summary>
    /// <exception cref="IOException">The kernel takes no more sockets.</exception>
    public unsafe void Add(SafeHandle socket, long number)
    {
        var change = stackalloc byte[EventBytes];
        var bytes = new Span<byte>(change, EventBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, In | PeerHangUp | EdgeTriggered);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[^8..], number);
        Check(Control(_list, ControlAdd, socket, change));
    }

    /// <summary>Waits for events and puts them into <paramref name="events"/>; returns how many.</summary>
    public unsafe int Wait(byte[] events)
    {
        fixed (byte* start = events)
        {
            while (true)
            {
                var count = Wait(_list, start, events.Length / EventBytes, -1);
                if (count >= 0)
                {
                    return count;
                }

                if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    Check(count);
                }
            }
        }
    }

    /// <summary>The number of an event's socket, and whether its other end has stopped sending or is gone.</summary>
    public static long Read(byte[] events, int index, out bool isHangUp)
    {
        var bytes = events.AsSpan(index * EventBytes, EventBytes);
        isHangUp = (BinaryPrimitives.ReadUInt32LittleEndian(bytes) & (Error | HangUp | PeerHangUp)) != 0;
        return BinaryPrimitives.ReadInt64LittleEndian(bytes[^8..]);
    }

    /// <summary>Makes <see cref="Wait(byte[])"/> come back.</summary>
    public void Wake() => Check(RingBell(_bell, 1));

    /// <inheritdoc/>
    public void Dispose()
    {
        _list.Dispose();
        _bell.Dispose();
    }

    private static int Check(int result) => result >= 0
        ? result
        : throw new IOException("The kernel cannot watch sockets: " + new Win32Exception(Marshal.GetLastPInvokeError()).Message);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static unsafe partial int Control(SafeFileHandle list, int operation, SafeHandle socket, byte* change);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static unsafe partial int Wait(SafeFileHandle list, byte* events, int count, int milliseconds);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int CreateBell(uint value, int flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "eventfd_write", SetLastError = true)]
    private static partial int RingBell(SafeFileHandle bell, ulong value);
}

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Larder.Fuse.Native;

/// <summary>Messages with descriptors over a socket of the Unix domain that keeps messages apart.</summary>
internal static unsafe partial class MessageSocket
{
    internal const int MaxDescriptors = 68;
    internal const int MaxMessageBytes = 16 * 1024;

    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int PeerCredentials = 17;
    private const int NoSignal = 0x4000;
    private const int CloseOnExec = 0x40000000;
    private const int ControlTruncated = 8;
    private const int MessageTruncated = 0x20;

    /// <summary>Sends one message.</summary>
    internal static FuseErrno Send(Socket socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors)
    {
        var control = stackalloc byte[sizeof(ControlHeader) + (MaxDescriptors * sizeof(int))];
        fixed (byte* data = bytes)
        {
            var vector = new Libc.Vector { Base = data, Length = bytes.Length };
            var message = new Message { Vectors = &vector, VectorCount = 1 };
            if (!descriptors.IsEmpty)
            {
                var header = (ControlHeader*)control;
                header->Length = sizeof(ControlHeader) + (descriptors.Length * sizeof(int));
                header->Level = SocketLevel;
                header->Type = Rights;
                descriptors.CopyTo(new Span<int>(header + 1, MaxDescriptors));
                message.Control = control;
                message.ControlLength = (header->Length + 7) & ~7;
            }

            while (SendMessage(socket.SafeHandle, &message, NoSignal) < 0)
            {
                if (Libc.LastError != FuseErrno.Interrupted)
                {
                    return Libc.LastError;
                }
            }

            return FuseErrno.None;
        }
    }

    /// <summary>Receives one message. Descriptors that came are the caller's, whatever else is wrong with it.</summary>
    /// <returns>Its length; 0 at the end; below 0 an error number.</returns>
    internal static int Receive(Socket socket, Span<byte> bytes, List<int> descriptors)
    {
        var capacity = sizeof(ControlHeader) + (MaxDescriptors * sizeof(int));
        var control = stackalloc byte[capacity];
        fixed (byte* data = bytes)
        {
            var vector = new Libc.Vector { Base = data, Length = bytes.Length };
            var message = new Message { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = capacity };
            nint length;
            while ((length = ReceiveMessage(socket.SafeHandle, &message, CloseOnExec)) < 0)
            {
                if (Libc.LastError != FuseErrno.Interrupted)
                {
                    return -(int)Libc.LastError;
                }
            }

            var header = (ControlHeader*)control;
            if (message.ControlLength >= sizeof(ControlHeader) && header->Level == SocketLevel && header->Type == Rights)
            {
                var count = (int)(header->Length - sizeof(ControlHeader)) / sizeof(int);
                descriptors.AddRange(new ReadOnlySpan<int>(header + 1, count));
            }

            return (message.Flags & (ControlTruncated | MessageTruncated)) != 0 ? -(int)FuseErrno.Invalid : (int)length;
        }
    }

    /// <summary>The process and user at the other end.</summary>
    internal static (int Process, uint User) Peer(Socket socket)
    {
        var credentials = stackalloc uint[3];
        var length = 3 * sizeof(uint);

        return GetOption(socket.SafeHandle, SocketLevel, PeerCredentials, credentials, &length) == 0
            ? ((int)credentials[0], credentials[1])
            : (0, uint.MaxValue);
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, Message* message, int flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeSocketHandle socket, Message* message, int flags);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetOption(SafeSocketHandle socket, int level, int option, void* value, int* length);

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public nint NameLength;
        public Libc.Vector* Vectors;
        public nint VectorCount;
        public void* Control;
        public nint ControlLength;
        public int Flags;
    }

    /// <summary>struct cmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ControlHeader
    {
        public nint Length;
        public int Level;
        public int Type;
    }
}

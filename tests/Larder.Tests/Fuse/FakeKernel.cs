using System.Diagnostics;
using System.Runtime.InteropServices;
using Larder.Fuse;
using Larder.Fuse.Serving;
using Larder.Fuse.Takeover;
using Larder.Fuse.Wire;

namespace Larder.Tests.Fuse;

/// <summary>The kernel's end of a connection, over a pair of sockets that keeps messages apart, and a session at the other end.</summary>
internal sealed unsafe partial class FakeKernel : IAsyncDisposable
{
    public const ulong AllFeatures = ulong.MaxValue;

    private const int UnixDomain = 1;
    private const int SequencedPackets = 5 | 0x80000;
    private const int SocketLevel = 1;
    private const int SendBuffer = 7;
    private const int ReceiveTimeout = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly byte[] _received = new byte[2 * 1024 * 1024];
    private readonly Dictionary<ulong, Answer> _early = [];
    private readonly int _descriptor;
    private ulong _lastUnique = 2;
    private bool _closed;

    public FakeKernel(FuseFileSystem files, FuseMountOptions? options = null, MountState? state = null, int threads = 1)
    {
        var pair = stackalloc int[2];
        Assert.Equal(0, MakePair(UnixDomain, SequencedPackets, 0, pair));
        _descriptor = pair[0];
        var bytes = 4 * 1024 * 1024;
        long* timeout = stackalloc long[2] { (long)Patience.TotalSeconds, 0 };
        SetOption(pair[0], SocketLevel, SendBuffer, &bytes, sizeof(int));
        SetOption(pair[1], SocketLevel, SendBuffer, &bytes, sizeof(int));
        SetOption(pair[0], SocketLevel, ReceiveTimeout, timeout, 16);

        var daemon = pair[1];
        options ??= new FuseMountOptions { MountPoint = "/nowhere" };
        Session = new FuseSession(
            files, options, state ?? MountState.Create([]), [.. Enumerable.Range(0, threads).Select(_ => new FuseChannel(daemon))]);
        Session.Start();
    }

    public FuseSession Session { get; }

    /// <summary>A session that has been greeted by a kernel as new as can be.</summary>
    public static FakeKernel Greeted(FuseFileSystem files, FuseMountOptions? options = null, int threads = 1)
    {
        var kernel = new FakeKernel(files, options, threads: threads);
        kernel.Greet(7, 45, AllFeatures);
        kernel.Session.StartAll();

        return kernel;
    }

    /// <summary>INIT as a kernel of a version sends it, and its answer.</summary>
    public InitOut Greet(uint major, uint minor, ulong features)
    {
        var isOld = minor < 36;
        var offer = new InitIn
        {
            Major = major,
            Minor = minor,
            MaxReadAhead = 128 * 1024,
            Flags = (uint)features & (isOld ? ~(1U << 30) : uint.MaxValue),
            Flags2 = (uint)(features >> 32),
        };
        byte[] body = [.. Bytes(offer), .. new byte[44]];

        return Call(FuseOpcode.Initialize, 0, isOld ? body[..InitIn.OldSize] : body).Ok<InitOut>();
    }

    public Answer Call(FuseOpcode opcode, ulong node, params byte[] body) => WaitFor(Send(opcode, node, body));

    public Answer Lookup(ulong parent, string name) => Call(FuseOpcode.Lookup, parent, [.. System.Text.Encoding.UTF8.GetBytes(name), 0]);

    public Answer Read(ulong node, long offset, int size, ulong handle = 0) => WaitFor(SendRead(node, offset, size, handle));

    public ulong SendRead(ulong node, long offset, int size, ulong handle = 0) =>
        Send(FuseOpcode.Read, node, Bytes(new ReadIn { Handle = handle, Offset = (ulong)offset, Size = (uint)size }));

    /// <summary>Sends a request and returns its number.</summary>
    public ulong Send(FuseOpcode opcode, ulong node, params byte[] body)
    {
        var unique = _lastUnique += 2;
        Send(opcode, node, unique, thread: 0, body);

        return unique;
    }

    public void Send(FuseOpcode opcode, ulong node, ulong unique, uint thread, byte[] body)
    {
        var header = new InHeader
        {
            Length = (uint)(sizeof(InHeader) + body.Length),
            Opcode = (uint)opcode,
            Unique = unique,
            Node = node,
            ThreadId = thread,
        };
        SendRaw([.. Bytes(header), .. body]);
    }

    public void SendRaw(byte[] message)
    {
        fixed (byte* data = message)
        {
            Assert.Equal(message.Length, (int)Write(_descriptor, data, message.Length));
        }
    }

    /// <summary>The next message, whatever it answers.</summary>
    public Answer Receive()
    {
        fixed (byte* data = _received)
        {
            var length = (int)Read(_descriptor, data, _received.Length);
            Assert.True(length >= sizeof(OutHeader), $"No answer came ({length}, error {Marshal.GetLastPInvokeError()}).");
            var header = MemoryMarshal.Read<OutHeader>(_received);
            Assert.Equal((uint)length, header.Length);

            return new Answer(header.Unique, header.Error, _received[sizeof(OutHeader)..length]);
        }
    }

    /// <summary>The answer to a request; answers to others are kept for those who wait for them.</summary>
    public Answer WaitFor(ulong unique)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Patience)
        {
            if (_early.Remove(unique, out var answer))
            {
                return answer;
            }

            answer = Receive();
            Assert.True(_early.TryAdd(answer.Unique, answer), $"Request {answer.Unique} was answered twice.");
        }

        throw new TimeoutException($"Request {unique} was not answered.");
    }

    /// <summary>Asserts that nothing was sent but what has been taken: the next answer is that to a new request.</summary>
    public void AssertQuiet()
    {
        var unique = Send(FuseOpcode.Statistics, FuseFileSystem.RootNode);

        Assert.Equal(unique, Receive().Unique);
        Assert.Empty(_early);
    }

    /// <summary>The connection ends, as after an unmount.</summary>
    public void Close()
    {
        if (!_closed)
        {
            _closed = true;
            _ = CloseDescriptor(_descriptor);
        }
    }

    public ValueTask DisposeAsync()
    {
        Close();

        return EndAsync(Session);
    }

    public static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    /// <summary>One message from the session.</summary>
    internal sealed record Answer(ulong Unique, int Error, byte[] Body)
    {
        public FuseErrno Errno => (FuseErrno)(-Error);

        public T Ok<T>()
            where T : unmanaged
        {
            Assert.Equal(0, Error);
            Assert.Equal(sizeof(T), Body.Length);

            return MemoryMarshal.Read<T>(Body);
        }

        public byte[] Data()
        {
            Assert.Equal(0, Error);

            return Body;
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int MakePair(int domain, int type, int protocol, int* pair);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int socket, int level, int option, void* value, int length);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, byte* data, nint length);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, byte* data, nint length);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);
}

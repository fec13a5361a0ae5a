using System.Runtime.CompilerServices;
using Larder.Fuse.Wire;

namespace Larder.Fuse.Serving;

/// <summary>
/// One thread: reads a request, has the file system answer it, reads the next. Only the end of the connection ends it; no
/// request and no failing file system does.
/// </summary>
internal sealed unsafe partial class FuseWorker : IDisposable
{
    // User code runs on this stack.
    private const int StackBytes = 512 * 1024;

    private readonly FuseSession _session;
    private readonly FuseFileSystem _files;
    private readonly Thread _thread;

    internal FuseWorker(FuseSession session, FuseChannel channel, int number)
    {
        _session = session;
        _files = session.Files;
        Context = new RequestContext(session, channel, session.Options.MaxReadBytes);
        _thread = new Thread(Run, StackBytes) { IsBackground = true, Name = $"fuse-{number}" };
    }

    internal RequestContext Context { get; }

    internal void Start() => _thread.Start();

    internal bool Join(TimeSpan timeout) => _thread.Join(timeout);

    public void Dispose() => Context.Dispose();

    private void Run()
    {
        try
        {
            var failures = 0;
            while (true)
            {
                var length = Context.Channel.Read(Context.RequestBuffer, RequestContext.RequestCapacity);
                if (length > 0)
                {
                    failures = 0;
                    Serve(length);
                    continue;
                }

                switch ((FuseErrno)(-length))
                {
                    case FuseErrno.None or FuseErrno.NoDevice or FuseErrno.NotConnected:
                        return;

                    // The request was withdrawn while it was being read, or a signal came.
                    case FuseErrno.NotFound or FuseErrno.Interrupted or FuseErrno.TryAgain:
                        break;

                    case var error when ++failures == 100:
                        Log.ReadingFailed(_session.Logger, _session.Options.MountPoint, error);

                        return;

                    default:
                        Thread.Sleep(10);
                        break;
                }
            }
        }
        finally
        {
            _session.WorkerEnded();
        }
    }

    private void Serve(int length)
    {
        var header = (InHeader*)Context.RequestBuffer;
        if (length < sizeof(InHeader) || header->Length != length || header->ExtensionUnits * 8 > length - sizeof(InHeader))
        {
            Malformed(length, length >= sizeof(InHeader) ? header : null);

            return;
        }

        var body = new ReadOnlySpan<byte>(header + 1, length - sizeof(InHeader) - (header->ExtensionUnits * 8));
        var head = new RequestHead(
            header->Unique, header->Opcode, header->Node, new FuseCaller(header->UserId, header->GroupId, header->ThreadId));
        Context.Count(head.Opcode < Counters.Opcodes ? (int)head.Opcode : Counters.Unknown);
        try
        {
            if (!Dispatch(head, body))
            {
                Malformed(length, header);
            }

            Context.End(null);
        }
        catch (Exception exception)
        {
            Context.End(exception);
        }
    }

    // A malformed request of a known operation is not answered with ENOSYS, which the kernel would take as an answer for all.
    private void Malformed(int length, InHeader* header)
    {
        Context.Count(Counters.Malformed);
        Log.Malformed(_session.Logger, length, header is null ? 0 : header->Opcode);
        if (header is null || header->Unique == 0 || IsOneWay((FuseOpcode)header->Opcode))
        {
            return;
        }

        Context.Begin(new RequestHead(header->Unique, header->Opcode, header->Node, default), ReplyForm.Empty, 0);
        Context.Fail(FuseErrno.InputOutput);
    }

    private static bool IsOneWay(FuseOpcode opcode) => opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt;

    private static bool TryRead<T>(ReadOnlySpan<byte> body, out T value)
        where T : unmanaged
    {
        if (body.Length < sizeof(T))
        {
            value = default;

            return false;
        }

        value = Unsafe.ReadUnaligned<T>(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(body));

        return true;
    }

    private static bool TryReadName(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> name)
    {
        var end = body.IndexOf((byte)0);
        name = end > 0 ? body[..end] : default;

        return end > 0;
    }
}

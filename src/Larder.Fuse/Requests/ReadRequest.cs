using Larder.Fuse.Serving;
using Microsoft.Win32.SafeHandles;

namespace Larder.Fuse.Requests;

/// <summary>READ: a range of a file.</summary>
public readonly ref struct ReadRequest
{
    private readonly RequestContext _context;

    internal ReadRequest(RequestContext context, ulong handle, long offset, int length)
    {
        _context = context;
        Handle = handle;
        Offset = offset;
        Length = length;
    }

    /// <summary>The node.</summary>
    public ulong Node => _context.Node;

    /// <summary>The handle that the open was answered with; 0 with <see cref="FuseMountOptions.NoOpen"/>.</summary>
    public ulong Handle { get; }

    /// <summary>Where the range begins, in bytes.</summary>
    public long Offset { get; }

    /// <summary>
    /// Length of the range, in bytes. Fewer bytes than that mean the end of the file to the kernel, so answer with all of them
    /// but at the end.
    /// </summary>
    public int Length { get; }

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>
    /// The thread's own buffer of <see cref="Length"/> bytes, on a page boundary; answer from it with
    /// <see cref="ReplyBuffer"/>. Its content is undefined. Valid until the request is answered or deferred.
    /// </summary>
    public Span<byte> Buffer => _context.Payload(Length);

    /// <summary>Answers with the first bytes of <see cref="Buffer"/>.</summary>
    /// <param name="length">How many.</param>
    public void ReplyBuffer(int length) => _context.ReplyPayload(length);

    /// <summary>Answers with bytes that lie elsewhere.</summary>
    /// <param name="data">At most <see cref="Length"/> bytes.</param>
    public void Reply(ReadOnlySpan<byte> data) => _context.ReplyData(data);

    /// <summary>Answers with a range of a file. Fewer bytes than asked for are EIO.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="offset">Where the range begins in it.</param>
    /// <param name="length">How many bytes, at most <see cref="Length"/>.</param>
    public void ReplyFrom(SafeFileHandle file, long offset, int length)
    {
        if (_context.ReadFile(file, Buffer[..length], offset))
        {
            ReplyBuffer(length);
        }
        else
        {
            Fail(FuseErrno.InputOutput);
        }
    }

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);

    /// <summary>Takes the request over, to be answered later.</summary>
    public DeferredReply Defer() => _context.Defer();
}

using Larder.Fuse.Serving;

namespace Larder.Fuse.Requests;

/// <summary>READLINK: what is the target of this symbolic link?</summary>
public readonly ref struct DataRequest
{
    private readonly RequestContext _context;

    internal DataRequest(RequestContext context) => _context = context;

    /// <summary>The node.</summary>
    public ulong Node => _context.Node;

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>Answers with bytes.</summary>
    /// <param name="data">The target, without a zero byte at its end.</param>
    public void Reply(ReadOnlySpan<byte> data) => _context.ReplyData(data);

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);

    /// <summary>Takes the request over, to be answered later.</summary>
    public DeferredReply Defer() => _context.Defer();
}

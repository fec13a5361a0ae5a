using Larder.Fuse.Serving;

namespace Larder.Fuse.Requests;

/// <summary>GETATTR: what are the attributes of this node?</summary>
public readonly ref struct AttributesRequest
{
    private readonly RequestContext _context;

    internal AttributesRequest(RequestContext context) => _context = context;

    /// <summary>The node.</summary>
    public ulong Node => _context.Node;

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>Answers with attributes.</summary>
    /// <param name="attributes">The attributes.</param>
    public void Reply(in FuseAttributes attributes) => _context.ReplyAttributes(attributes);

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);

    /// <summary>Takes the request over, to be answered later.</summary>
    public DeferredReply Defer() => _context.Defer();
}

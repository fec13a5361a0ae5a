using Larder.Fuse.Serving;

namespace Larder.Fuse.Requests;

/// <summary>LOOKUP: which node has this name in this directory?</summary>
public readonly ref struct LookupRequest
{
    private readonly RequestContext _context;

    internal LookupRequest(RequestContext context, ReadOnlySpan<byte> name)
    {
        _context = context;
        Name = name;
    }

    /// <summary>The directory.</summary>
    public ulong Parent => _context.Node;

    /// <summary>The name, without a zero byte at its end. Valid until the request is answered or deferred.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>Answers with a node, which the kernel then holds one more reference to.</summary>
    /// <param name="node">Its number, not 0.</param>
    /// <param name="attributes">Its attributes.</param>
    public void Reply(ulong node, in FuseAttributes attributes) => _context.ReplyEntry(node, attributes);

    /// <summary>Answers that there is no such name, which the kernel remembers for as long as the options say.</summary>
    public void ReplyMissing() => _context.ReplyMissing();

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);

    /// <summary>Takes the request over, to be answered later. Copy <see cref="Name"/> before.</summary>
    public DeferredReply Defer() => _context.Defer();
}

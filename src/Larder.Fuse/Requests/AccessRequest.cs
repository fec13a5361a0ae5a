using Larder.Fuse.Serving;

namespace Larder.Fuse.Requests;

/// <summary>ACCESS: may the caller do this?</summary>
public readonly ref struct AccessRequest
{
    private readonly RequestContext _context;

    internal AccessRequest(RequestContext context, uint mask)
    {
        _context = context;
        Mask = mask;
    }

    /// <summary>The node.</summary>
    public ulong Node => _context.Node;

    /// <summary>1 execute, 2 write, 4 read.</summary>
    public uint Mask { get; }

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>Answers that it may.</summary>
    public void Reply() => _context.ReplyEmpty();

    /// <summary>Answers that it may not, with <see cref="FuseErrno.AccessDenied"/>, or with another error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);
}

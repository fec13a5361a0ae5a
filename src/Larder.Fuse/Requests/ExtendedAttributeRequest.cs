using Larder.Fuse.Serving;

namespace Larder.Fuse.Requests;

/// <summary>GETXATTR or LISTXATTR.</summary>
public readonly ref struct ExtendedAttributeRequest
{
    private readonly RequestContext _context;

    internal ExtendedAttributeRequest(RequestContext context, ReadOnlySpan<byte> name, int size)
    {
        _context = context;
        Name = name;
        Size = size;
    }

    /// <summary>The node.</summary>
    public ulong Node => _context.Node;

    /// <summary>The attribute's name, with its namespace and without a zero byte; empty for a list.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The size of the caller's buffer; 0 asks for the length only.</summary>
    public int Size { get; }

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>Answers with the whole value or list, or its length, or ERANGE, as the caller's size demands.</summary>
    /// <param name="value">The whole value, or the list of names with a zero byte after each.</param>
    public void Reply(ReadOnlySpan<byte> value) => _context.ReplySized(value, Size);

    /// <summary>Answers with an error; a missing attribute is <see cref="FuseErrno.NoData"/>.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);

    /// <summary>Takes the request over, to be answered later. Copy <see cref="Name"/> before.</summary>
    public DeferredReply Defer() => _context.Defer();
}

using Larder.Fuse.Serving;

namespace Larder.Fuse.Requests;

/// <summary>READDIR or READDIRPLUS: entries of a directory from an offset on.</summary>
public readonly ref struct DirectoryRequest
{
    private readonly RequestContext _context;
    private readonly bool _isPlus;
    private readonly bool _takesAll;

    internal DirectoryRequest(RequestContext context, ulong handle, ulong offset, bool isPlus, bool takesAll)
    {
        _isPlus = isPlus;
        _takesAll = takesAll;
        _context = context;
        Handle = handle;
        Offset = offset;
    }

    /// <summary>The directory.</summary>
    public ulong Node => _context.Node;

    /// <summary>The handle that the open was answered with; 0 with <see cref="FuseMountOptions.NoOpenDirectory"/>.</summary>
    public ulong Handle { get; }

    /// <summary>0 for the beginning, otherwise what the last entry that the kernel took was added with as its next offset.</summary>
    public ulong Offset { get; }

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>
    /// Whether adding an entry gives the kernel one more reference to its node, which it forgets some day. Only file systems
    /// that count references need to know.
    /// </summary>
    /// <param name="node">The entry's node.</param>
    /// <param name="attributes">Its attributes.</param>
    public bool TakesReference(ulong node, in FuseAttributes attributes) =>
        _isPlus && node != 0
        && (_takesAll || (attributes.Mode & FuseAttributes.TypeMask) == FuseAttributes.Directory);

    /// <summary>Adds an entry to the answer, if there is room for it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="node">Its node; 0 for <c>.</c> and <c>..</c>, to which the kernel takes no reference.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="nextOffset">The offset to go on from after this entry, not 0.</param>
    /// <returns>False when the answer is full: reply then.</returns>
    public bool TryAdd(ReadOnlySpan<byte> name, ulong node, in FuseAttributes attributes, ulong nextOffset) =>
        _context.TryAddEntry(name, node, attributes, nextOffset, _isPlus, TakesReference(node, attributes));

    /// <summary>Answers with the entries that were added; none means the end.</summary>
    public void Reply() => _context.ReplyDirectory();

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);
}

using Larder.Fuse.Serving;
using Microsoft.Win32.SafeHandles;

namespace Larder.Fuse.Requests;

/// <summary>OPEN or OPENDIR.</summary>
public readonly ref struct OpenRequest
{
    private readonly RequestContext _context;

    internal OpenRequest(RequestContext context, uint flags)
    {
        _context = context;
        Flags = flags;
    }

    /// <summary>The node.</summary>
    public ulong Node => _context.Node;

    /// <summary>The flags of the call to <c>open</c>.</summary>
    public uint Flags { get; }

    /// <summary>Who asks.</summary>
    public FuseCaller Caller => _context.Caller;

    /// <summary>
    /// Whether <see cref="ReplyFile"/> has a chance for this node: false where the kernel or its rights refuse passthrough, and
    /// while the node is open without it, because the kernel does not mix both.
    /// </summary>
    public bool CanPassThrough => _context.Session.Backings.CanPassThrough(_context.Node);

    /// <summary>Opens without a backing file; reads come to the file system.</summary>
    /// <param name="handle">What reads and the release will carry.</param>
    /// <param name="flags">How the kernel treats its cache.</param>
    public void Reply(ulong handle, FuseOpenFlags flags) => _context.ReplyOpen(handle, flags);

    /// <summary>
    /// Opens with a backing file that the kernel still knows for this node, so that the file need not be opened again.
    /// </summary>
    /// <param name="handle">What the release will carry.</param>
    /// <returns>Whether it was answered; when not, the request is still open.</returns>
    public bool TryReplyKept(ulong handle) => _context.TryReplyKept(handle);

    /// <summary>
    /// Opens with a backing file: the kernel reads it by itself from offset 0, all of it. Where that is not possible the node is
    /// opened without, and reads come to the file system with <paramref name="handle"/>.
    /// </summary>
    /// <param name="file">The file, open for reading. It may be closed as soon as this returns.</param>
    /// <param name="handle">What the release, and reads if there are any, will carry.</param>
    /// <param name="otherwise">How the kernel treats its cache when it cannot read the file by itself.</param>
    /// <returns>Whether the kernel reads by itself.</returns>
    public bool ReplyFile(SafeFileHandle file, ulong handle, FuseOpenFlags otherwise = FuseOpenFlags.KeepCache) =>
        _context.ReplyFile(file, handle, otherwise);

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    public void Fail(FuseErrno error) => _context.Fail(error);

    /// <summary>Takes the request over, to be answered later.</summary>
    public DeferredReply Defer() => _context.Defer();
}

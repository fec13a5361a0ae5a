using Larder.Fuse.Requests;

namespace Larder.Fuse;

/// <summary>
/// A file system that answers the kernel's requests for reading. Nodes are numbers that the file system chooses; the root is
/// <see cref="RootNode"/>. Every method is called on one of the mount's threads, several at once, and must answer the request
/// it is given before it returns, or take it over with <c>Defer</c> and answer it later from anywhere. It must not wait for a
/// network or a lock that is held while one is waited for: what cannot be answered at once is deferred.
/// </summary>
/// <remarks>
/// What throws is answered with EIO and logged; so is what returns without an answer. A successor process that takes a mount
/// over sees node numbers and handles that its predecessor gave out, so both must mean the same to it.
/// </remarks>
public abstract class FuseFileSystem
{
    /// <summary>The node number of the root.</summary>
    public const ulong RootNode = 1;

    /// <summary>Says what was agreed on, before the first request.</summary>
    /// <param name="connection">What was agreed on.</param>
    public virtual void Start(FuseConnection connection)
    {
    }

    /// <summary>Finds a name in a directory.</summary>
    /// <param name="request">Parent, name and answer.</param>
    public abstract void Lookup(LookupRequest request);

    /// <summary>The kernel drops references to a node. Nothing is answered. Does nothing by default.</summary>
    /// <param name="node">The node.</param>
    /// <param name="count">How many answers that named it are forgotten.</param>
    public virtual void Forget(ulong node, ulong count)
    {
    }

    /// <summary>Reads the attributes of a node.</summary>
    /// <param name="request">Node and answer.</param>
    public abstract void GetAttributes(AttributesRequest request);

    /// <summary>Reads the target of a symbolic link.</summary>
    /// <param name="request">Node and answer.</param>
    public virtual void ReadLink(DataRequest request) => request.Fail(FuseErrno.Invalid);

    /// <summary>Opens a file for reading. By default the handle is 0 and cached pages are kept.</summary>
    /// <param name="request">Node, flags and answer.</param>
    public virtual void Open(OpenRequest request) => request.Reply(0, FuseOpenFlags.KeepCache);

    /// <summary>Reads from a file.</summary>
    /// <param name="request">Node, handle, range and answer.</param>
    public abstract void Read(ReadRequest request);

    /// <summary>The last descriptor of an open is closed. The kernel does not wait for it. Does nothing by default.</summary>
    /// <param name="node">The node.</param>
    /// <param name="handle">The handle that the open was answered with.</param>
    public virtual void Release(ulong node, ulong handle)
    {
    }

    /// <summary>Opens a directory; not called with <see cref="FuseMountOptions.NoOpenDirectory"/>.</summary>
    /// <param name="request">Node, flags and answer.</param>
    public virtual void OpenDirectory(OpenRequest request) =>
        request.Reply(0, FuseOpenFlags.KeepCache | FuseOpenFlags.CacheDirectory);

    /// <summary>Lists a directory from an offset on.</summary>
    /// <param name="request">Node, handle, offset and answer.</param>
    public abstract void ReadDirectory(DirectoryRequest request);

    /// <summary>The last descriptor of an opened directory is closed. Does nothing by default.</summary>
    /// <param name="node">The node.</param>
    /// <param name="handle">The handle that the open was answered with.</param>
    public virtual void ReleaseDirectory(ulong node, ulong handle)
    {
    }

    /// <summary>Tells the size of the file system. By default everything is 0 but the block size and the length of names.</summary>
    /// <param name="request">Node and answer.</param>
    public virtual void GetStatistics(StatisticsRequest request) => request.Reply(new FuseFileSystemStatistics());

    /// <summary>Reads one extended attribute. By default there is none.</summary>
    /// <param name="request">Node, name, the caller's size and answer.</param>
    public virtual void GetExtendedAttribute(ExtendedAttributeRequest request) => request.Fail(FuseErrno.NoData);

    /// <summary>Lists the names of extended attributes, each followed by a zero byte. By default there are none.</summary>
    /// <param name="request">Node, the caller's size and answer.</param>
    public virtual void ListExtendedAttributes(ExtendedAttributeRequest request) => request.Reply([]);

    /// <summary>Checks access; called only without <see cref="FuseMountOptions.DefaultPermissions"/>. Allows by default.</summary>
    /// <param name="request">Node, mask and answer.</param>
    public virtual void Access(AccessRequest request) => request.Reply();
}

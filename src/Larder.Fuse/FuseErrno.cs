namespace Larder.Fuse;

/// <summary>Error numbers of Linux that a file system answers with. Any other number may be cast to it.</summary>
public enum FuseErrno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>EPERM: the operation is not permitted.</summary>
    NotPermitted = 1,

    /// <summary>ENOENT: there is no such name.</summary>
    NotFound = 2,

    /// <summary>EINTR: the caller was interrupted.</summary>
    Interrupted = 4,

    /// <summary>EIO: the content cannot be had.</summary>
    InputOutput = 5,

    /// <summary>EAGAIN: not now.</summary>
    TryAgain = 11,

    /// <summary>ENOMEM: out of memory.</summary>
    OutOfMemory = 12,

    /// <summary>EACCES: access is denied.</summary>
    AccessDenied = 13,

    /// <summary>EBUSY: in use.</summary>
    Busy = 16,

    /// <summary>EEXIST: the name exists.</summary>
    Exists = 17,

    /// <summary>ENODEV: no such device; the connection has ended.</summary>
    NoDevice = 19,

    /// <summary>ENOTDIR: not a directory.</summary>
    NotDirectory = 20,

    /// <summary>EISDIR: a directory.</summary>
    IsDirectory = 21,

    /// <summary>EINVAL: an argument is not valid.</summary>
    Invalid = 22,

    /// <summary>ENOTTY: the ioctl is not known.</summary>
    NotTerminal = 25,

    /// <summary>ENOSPC: no space left.</summary>
    NoSpace = 28,

    /// <summary>EROFS: the file system is read-only.</summary>
    ReadOnly = 30,

    /// <summary>ERANGE: the caller's buffer is too small.</summary>
    Range = 34,

    /// <summary>ENAMETOOLONG: the name is too long.</summary>
    NameTooLong = 36,

    /// <summary>ENOSYS: not implemented. The kernel remembers it for the life of a connection.</summary>
    NotImplemented = 38,

    /// <summary>ELOOP: too many levels.</summary>
    Loop = 40,

    /// <summary>ENODATA: no such extended attribute.</summary>
    NoData = 61,

    /// <summary>EPROTO: the other side speaks another protocol.</summary>
    Protocol = 71,

    /// <summary>EOPNOTSUPP: not supported here.</summary>
    NotSupported = 95,

    /// <summary>ENOTCONN: the mount's server is gone.</summary>
    NotConnected = 107,

    /// <summary>ETIMEDOUT: it took too long.</summary>
    TimedOut = 110,

    /// <summary>ESTALE: the node is not known any more.</summary>
    Stale = 116,
}

namespace Larder.Cache;

/// <summary>What a <see cref="CacheException"/> is about.</summary>
public enum CacheErrorKind
{
    /// <summary>Options contradict each other or are out of range.</summary>
    Configuration,

    /// <summary>A directory, file or region cannot be opened, locked or reserved.</summary>
    Unavailable,

    /// <summary>Another process owns the directory.</summary>
    Locked,

    /// <summary>The medium failed while it was read or written.</summary>
    Io,

    /// <summary>There is no room.</summary>
    NoSpace,

    /// <summary>Bytes are not what their checksum says.</summary>
    Damaged,

    /// <summary>A file was written by a newer version.</summary>
    UnknownFormat,

    /// <summary>An internal structure was left half changed by an earlier failure; it refuses to serve.</summary>
    Poisoned,

    /// <summary>A fill failed; every waiter sees this.</summary>
    FillFailed,

    /// <summary>A remote tier did not answer in time or not as it should.</summary>
    Remote,
}

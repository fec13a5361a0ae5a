namespace Larder.Fuse;

/// <summary>What a <see cref="FuseException"/> is about.</summary>
public enum FuseErrorKind
{
    /// <summary>This machine has no FUSE: the device is missing or cannot be opened.</summary>
    Unavailable,

    /// <summary>The process may not do this.</summary>
    NotPermitted,

    /// <summary>The mount point is missing, not a directory, or taken by a mount that is alive.</summary>
    MountPoint,

    /// <summary>The kernel and this program do not speak a common protocol.</summary>
    Protocol,

    /// <summary>A call to the kernel failed.</summary>
    Kernel,

    /// <summary>The process that keeps descriptors did not answer, or not as expected.</summary>
    Keeper,

    /// <summary>It took too long.</summary>
    TimedOut,
}

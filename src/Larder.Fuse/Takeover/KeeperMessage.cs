namespace Larder.Fuse.Takeover;

/// <summary>
/// The first byte of a message between a keeper and a process that serves mounts. What follows is a mount point in UTF-8; an
/// answer to <see cref="List"/> has a zero byte after each.
/// </summary>
internal enum KeeperMessage : byte
{
    /// <summary>Keep these descriptors: the device, the state, clones of the device.</summary>
    Put = 1,

    /// <summary>Give copies of what is kept.</summary>
    Get = 2,

    /// <summary>Keep no more.</summary>
    Drop = 3,

    /// <summary>Which mounts are kept?</summary>
    List = 4,

    /// <summary>Done; with descriptors for <see cref="Get"/>.</summary>
    Done = 16,

    /// <summary>There is no such mount.</summary>
    Missing = 17,

    /// <summary>Not understood.</summary>
    Refused = 18,
}

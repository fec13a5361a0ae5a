namespace Larder.Fuse;

/// <summary>Who asks. A request that the kernel makes for itself, such as reading ahead, has the thread 0.</summary>
/// <param name="UserId">User for file system access.</param>
/// <param name="GroupId">Group for file system access.</param>
/// <param name="ThreadId">The asking thread, in the process namespace of the mount.</param>
public readonly record struct FuseCaller(uint UserId, uint GroupId, uint ThreadId);

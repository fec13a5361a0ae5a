namespace Larder.Fuse;

/// <summary>A mount as the kernel's table has it.</summary>
/// <param name="MountPoint">Where it is.</param>
/// <param name="Source">What is mounted, as whoever mounted it said.</param>
/// <param name="Type">The type, such as <c>fuse.larder</c>.</param>
public sealed record FuseMountInfo(string MountPoint, string Source, string Type);

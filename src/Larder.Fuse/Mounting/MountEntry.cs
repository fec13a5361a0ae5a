namespace Larder.Fuse.Mounting;

/// <summary>One mount.</summary>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="DeviceMajor">Major number of its device.</param>
/// <param name="DeviceMinor">Minor number of its device, which for FUSE is the number of the connection.</param>
/// <param name="Type">Type of the file system.</param>
/// <param name="Source">What is mounted.</param>
internal sealed record MountEntry(string MountPoint, int DeviceMajor, int DeviceMinor, string Type, string Source)
{
    internal bool IsFuse => Type == "fuse" || Type.StartsWith("fuse.", StringComparison.Ordinal);
}

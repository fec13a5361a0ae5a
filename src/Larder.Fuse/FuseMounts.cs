using Larder.Fuse.Mounting;
using Larder.Fuse.Native;

namespace Larder.Fuse;

/// <summary>The mounts of this machine, whoever serves them; read and ended without asking the processes that serve them.</summary>
public static class FuseMounts
{
    /// <summary>The mounts of a type, in the order in which they were made.</summary>
    /// <param name="subtype">The type after <c>fuse.</c>.</param>
    public static IReadOnlyList<FuseMountInfo> List(string subtype = "larder") =>
    [
        .. MountTable.Read()
            .Where(entry => entry.Type == $"fuse.{subtype}")
            .Select(static entry => new FuseMountInfo(entry.MountPoint, entry.Source, entry.Type)),
    ];

    /// <summary>The path as the kernel's table has it; the last part is not looked at, because a dead mount may be on it.</summary>
    /// <exception cref="FuseException">It is the root.</exception>
    public static string Resolve(string path) => MountPoint.Resolve(path);

    /// <summary>The topmost mount on a directory, of whatever type; null when there is none.</summary>
    public static FuseMountInfo? Find(string mountPoint) => MountTable.Find(mountPoint) is { } entry
        ? new FuseMountInfo(entry.MountPoint, entry.Source, entry.Type)
        : null;

    /// <summary>Ends the topmost mount on a directory.</summary>
    /// <param name="mountPoint">Where it is.</param>
    /// <param name="lazily">Take it out of the tree although it is in use; what is open stays usable.</param>
    /// <exception cref="FuseException">It is in use, or this process may not.</exception>
    public static void Unmount(string mountPoint, bool lazily = false)
    {
        if (Libc.Unmount(mountPoint, lazily ? Libc.UnmountDetach : 0) == 0)
        {
            return;
        }

        throw Libc.LastError switch
        {
            FuseErrno.Busy => new FuseException(
                FuseErrorKind.MountPoint, $"{mountPoint} is in use; leave it, or unmount it lazily.", FuseErrno.Busy),
            FuseErrno.NotPermitted => new FuseException(
                FuseErrorKind.NotPermitted, $"Unmounting {mountPoint} is not permitted: it needs CAP_SYS_ADMIN.", FuseErrno.NotPermitted),
            var error => new FuseException(FuseErrorKind.MountPoint, $"{mountPoint} cannot be unmounted ({error}).", error),
        };
    }

    /// <summary>Puts a writable view over a mount: changes go to a directory, and what is mounted stays as it is.</summary>
    /// <param name="lower">The mount, or any directory.</param>
    /// <param name="upper">A directory that takes the changes.</param>
    /// <param name="work">An empty directory on the same file system as <paramref name="upper"/>.</param>
    /// <param name="mountPoint">Where the view is mounted.</param>
    /// <exception cref="FuseException">The kernel or this process's rights do not allow it.</exception>
    public static void MountOverlay(string lower, string upper, string work, string mountPoint)
    {
        foreach (var path in (string[])[lower, upper, work])
        {
            if (path.AsSpan().ContainsAny(',', ':', '\\'))
            {
                throw new FuseException(FuseErrorKind.MountPoint, $"A writable view cannot use {path}: its path holds ',', ':' or '\\'.");
            }
        }

        if (Libc.Mount("larder", mountPoint, "overlay", 0, $"lowerdir={lower},upperdir={upper},workdir={work}") == 0)
        {
            return;
        }

        var error = Libc.LastError;
        throw new FuseException(
            error == FuseErrno.NotPermitted ? FuseErrorKind.NotPermitted : FuseErrorKind.MountPoint,
            error == FuseErrno.NotPermitted
                ? "A writable view is not permitted: it needs CAP_SYS_ADMIN (root, or a privileged container)."
                : $"A writable view cannot be mounted on {mountPoint} ({error}); {upper} must lie on a file system that overlays can write to, such as ext4.",
            error);
    }
}

using System.Globalization;
using Larder.Fuse.Native;
using Microsoft.Extensions.Logging;

namespace Larder.Fuse.Mounting;

/// <summary>Mounts on a directory, detaches from it, and cuts connections.</summary>
internal static class MountPoint
{
    internal const string Device = "/dev/fuse";

    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(2);

    /// <summary>The path as the mount table has it. The last component is not looked at: a mount on it may be dead.</summary>
    internal static string Resolve(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent = Path.GetDirectoryName(full);
        if (parent is null)
        {
            throw new FuseException(FuseErrorKind.MountPoint, "Nothing can be mounted on /.");
        }

        return Path.Combine(RealPath(parent), Path.GetFileName(full));
    }

    /// <summary>Opens the device; the caller owns the descriptor.</summary>
    internal static int OpenDevice()
    {
        var descriptor = Libc.Open(Device, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (descriptor >= 0)
        {
            return descriptor;
        }

        throw Libc.LastError switch
        {
            FuseErrno.NotFound or FuseErrno.NoDevice => new FuseException(
                FuseErrorKind.Unavailable,
                $"{Device} is missing: load the module (modprobe fuse), or give the container the device.",
                Libc.LastError),
            FuseErrno.NotPermitted or FuseErrno.AccessDenied => new FuseException(
                FuseErrorKind.NotPermitted,
                $"{Device} may not be opened: run as root, or give the container the device.",
                Libc.LastError),
            var error => new FuseException(FuseErrorKind.Unavailable, $"{Device} cannot be opened ({error}).", error),
        };
    }

    /// <summary>Makes the directory free: detaches what a dead process has left there.</summary>
    /// <exception cref="FuseException">It is missing, or a mount that is alive or does not answer is on it.</exception>
    internal static void Clear(string mountPoint, ILogger logger)
    {
        for (var attempt = 0; attempt < 16; attempt++)
        {
            if (MountTable.Find(mountPoint) is not { IsFuse: true } mount)
            {
                break;
            }

            switch (Probe(mountPoint))
            {
                case FuseErrno.NotConnected:
                    Log.StaleDetached(logger, mountPoint);
                    Detach(mountPoint);
                    break;
                case FuseErrno.TimedOut:
                    throw new FuseException(
                        FuseErrorKind.MountPoint,
                        $"{mountPoint} holds a mount of {mount.Source} that does not answer; end its process or unmount it first.",
                        FuseErrno.Busy);
                default:
                    throw new FuseException(
                        FuseErrorKind.MountPoint,
                        $"{mountPoint} holds a mount of {mount.Source} already; unmount it first.",
                        FuseErrno.Busy);
            }
        }

        if (!Directory.Exists(mountPoint))
        {
            throw new FuseException(
                FuseErrorKind.MountPoint, $"{mountPoint} is not a directory; make it first.", FuseErrno.NotFound);
        }
    }

    internal static void Mount(string mountPoint, int device, FuseMountOptions options)
    {
        var flags = (options.ReadOnly ? Libc.MountReadOnly : 0)
            | (options.NoSetUserId ? Libc.MountNoSetUserId : 0)
            | (options.NoDevices ? Libc.MountNoDevices : 0);
        var data = string.Create(
            CultureInfo.InvariantCulture,
            $"fd={device},rootmode=40000,user_id={Libc.UserId()},group_id={Libc.GroupId()},max_read={options.MaxReadBytes}")
            + (options.DefaultPermissions ? ",default_permissions" : string.Empty)
            + (options.AllowOther ? ",allow_other" : string.Empty);
        if (Libc.Mount(options.Source, mountPoint, $"fuse.{options.Subtype}", flags, data) == 0)
        {
            return;
        }

        throw Libc.LastError switch
        {
            FuseErrno.NotPermitted => new FuseException(
                FuseErrorKind.NotPermitted,
                $"Mounting on {mountPoint} is not permitted: it needs CAP_SYS_ADMIN (root, or a privileged container).",
                FuseErrno.NotPermitted),
            var error => new FuseException(FuseErrorKind.MountPoint, $"Mounting on {mountPoint} failed ({error}).", error),
        };
    }

    /// <summary>Takes the mount out of the tree; what is open stays usable.</summary>
    internal static bool Detach(string mountPoint) => Libc.Unmount(mountPoint, Libc.UnmountDetach) == 0;

    /// <summary>Cuts a connection: everybody who waits for it, and everybody who still uses it, gets an error.</summary>
    internal static bool Cut(int connection)
    {
        var abort = $"/sys/fs/fuse/connections/{connection.ToString(CultureInfo.InvariantCulture)}/abort";
        if (TryWrite(abort, "1"))
        {
            return true;
        }

        // The control file system is not mounted everywhere; for this moment it can be.
        var place = Directory.CreateTempSubdirectory("larder-fusectl-").FullName;
        try
        {
            if (Libc.Mount("fusectl", place, "fusectl", 0, string.Empty) != 0)
            {
                return false;
            }

            var done = TryWrite(Path.Combine(place, connection.ToString(CultureInfo.InvariantCulture), "abort"), "1");
            Detach(place);

            return done;
        }
        finally
        {
            Directory.Delete(place);
        }
    }

    /// <summary>The kernel ignores what INIT says above its default, so it is told here.</summary>
    internal static void SetReadAhead(MountEntry mount, int bytes, ILogger logger)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/sys/class/bdi/{mount.DeviceMajor}:{mount.DeviceMinor}/read_ahead_kb");
        if (bytes > 0 && !TryWrite(path, (bytes / 1024).ToString(CultureInfo.InvariantCulture)))
        {
            Log.ReadAheadUnchanged(logger, mount.MountPoint, $"{path} cannot be written");
        }
    }

    /// <summary>
    /// Whether the mount answers. Asked from a thread of its own that may be left behind, because a mount whose process hangs
    /// would hold it.
    /// </summary>
    internal static FuseErrno Probe(string mountPoint)
    {
        var answer = new TaskCompletionSource<FuseErrno>();
        var thread = new Thread(
            () => answer.SetResult(Libc.Access(mountPoint, 0) == 0 ? FuseErrno.None : Libc.LastError), 128 * 1024)
        {
            IsBackground = true,
            Name = "fuse-probe",
        };
        thread.Start();

        return answer.Task.Wait(ProbeTime) ? answer.Task.Result : FuseErrno.TimedOut;
    }

    private static string RealPath(string directory)
    {
        var full = Path.GetPathRoot(directory)!;
        foreach (var part in directory.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            full = Path.Combine(full, part);
            if (Directory.ResolveLinkTarget(full, returnFinalTarget: true) is { } target)
            {
                full = RealPath(target.FullName);
            }
        }

        return full;
    }

    private static bool TryWrite(string path, string text)
    {
        try
        {
            File.WriteAllText(path, text);

            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

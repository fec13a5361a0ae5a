using System.Globalization;
using System.Runtime.InteropServices;

namespace Larder.Tests.Disk;

/// <summary>A small file system of its own for one test; needs the right to mount, or the test is skipped.</summary>
internal sealed partial class DiskMount : IDisposable
{
    private const int ReadOnlyFlag = 1;
    private const int RemountFlag = 32;
    private const int BindFlag = 4096;
    private const int DetachFlag = 2;

    private DiskMount(string root) => Root = root;

    public string Root { get; }

    /// <summary>Bytes in use, unlinked open files included, at one instant.</summary>
    public long UsedBytes
    {
        get
        {
            var drive = new DriveInfo(Root);
            return drive.TotalSize - drive.TotalFreeSpace;
        }
    }

    // Skips the test where the right is missing; in CI that is a failure.
    private static void Require(bool mounted, string otherwise)
    {
        Assert.False(!mounted && Environment.GetEnvironmentVariable("CI") == "true", otherwise);
        Assert.SkipUnless(mounted, otherwise);
    }

    /// <summary>A file system in memory of this size.</summary>
    public static DiskMount Temporary(long bytes)
    {
        var root = Directory.CreateTempSubdirectory("larder-mount-").FullName;
        var result = Mount("larder-test", root, "tmpfs", 0, string.Create(CultureInfo.InvariantCulture, $"size={bytes}"));
        Require(result == 0, "This test mounts a small file system and needs the right to do so.");
        return new DiskMount(root);
    }

    /// <summary>A directory that is there but cannot be written, even by root.</summary>
    public static DiskMount ReadOnly(string directory)
    {
        var result = Mount(directory, directory, null, BindFlag, null);
        Require(result == 0, "This test binds a directory read-only and needs the right to mount.");
        Assert.Equal(0, Mount(null, directory, null, BindFlag | RemountFlag | ReadOnlyFlag, null));
        return new DiskMount(directory);
    }

    public void Dispose() => Unmount(Root, DetachFlag);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string? source, string target, string? type, nuint flags, string? data);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}

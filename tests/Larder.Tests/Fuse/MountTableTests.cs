using Larder.Fuse;
using Larder.Fuse.Mounting;

namespace Larder.Tests.Fuse;

public sealed class MountTableTests
{
    [Fact]
    public void Lines_are_read()
    {
        var entry = MountTable.Parse(@"36 35 0:57 / /mnt/a\040b\134c rw,noatime shared:1 master:2 - fuse.larder im\011age ro,user_id=0");

        Assert.Equal(new MountEntry("/mnt/a b\\c", 0, 57, "fuse.larder", "im\tage"), entry);
        Assert.True(entry!.IsFuse);
    }

    [Theory]
    [InlineData("")]
    [InlineData("36 35 0:57 / /mnt rw")]
    [InlineData("36 35 0-57 / /mnt rw - fuse x rw")]
    [InlineData("36 35 0:57 / /mnt rw - fuse")]
    public void Lines_that_are_something_else_are_passed_over(string line) => Assert.Null(MountTable.Parse(line));

    [Fact]
    public void This_machines_mounts_are_found()
    {
        Assert.NotEmpty(MountTable.Read());
        Assert.NotNull(MountTable.Find("/proc"));
        Assert.Null(MountTable.Find("/proc/self"));
    }

    [Fact]
    public void Paths_are_resolved_up_to_the_mount_point_itself()
    {
        var directory = Directory.CreateTempSubdirectory("larder-mount-test-").FullName;
        Directory.CreateDirectory(Path.Combine(directory, "real", "mnt"));
        Directory.CreateSymbolicLink(Path.Combine(directory, "link"), Path.Combine(directory, "real"));

        Assert.Equal(Path.Combine(directory, "real", "mnt"), MountPoint.Resolve(Path.Combine(directory, "link", "x", "..", "mnt/")));

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void Nothing_can_be_mounted_on_the_root() =>
        Assert.Equal(FuseErrorKind.MountPoint, Assert.Throws<FuseException>(() => MountPoint.Resolve("/")).Kind);

    [Theory]
    [InlineData("with space")]
    [InlineData("with,comma")]
    public void Sources_that_would_change_the_mounts_options_are_refused(string source) =>
        Assert.Throws<ArgumentException>(() => OptionsCheck.Check(new FuseMountOptions { MountPoint = "/tmp/x", Source = source }));

    [Fact]
    public void Sizes_out_of_range_are_refused()
    {
        var options = new FuseMountOptions { MountPoint = "/tmp/x" };

        Assert.Throws<ArgumentOutOfRangeException>(() => OptionsCheck.Check(options with { MaxReadBytes = 2 * 1024 * 1024 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => OptionsCheck.Check(options with { MaxReadBytes = 5000 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => OptionsCheck.Check(options with { Threads = 65 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => OptionsCheck.Check(options with { RequestDeadline = TimeSpan.Zero }));
    }
}

using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;

namespace Larder.EndToEnd.Images;

/// <summary>What is mounted equals what umoci unpacks, in everything that two judges can see.</summary>
public sealed class MountedTreeTests(UnpackedImages unpacked) : IClassFixture<UnpackedImages>
{
    [Theory]
    [InlineData("v1")]
    [InlineData("v2s2")]
    [InlineData("zstd")]
    [InlineData("tar")]
    [InlineData("gzmm")]
    [InlineData("multi")]
    public async Task A_real_image_equals_its_unpacked_tree(string name)
    {
        var judge = await unpacked.AppAsync();
        await using var mount = await MountedImage.MountAsync($"oci:{unpacked.Layout}:{name}");

        await judge.AssertEqualAsync(mount.Root);

        Assert.True(judge.Count > 5_000, $"{judge.Count} paths");
    }

    [Theory]
    [InlineData("odd")]
    [InlineData("odd-zstd")]
    public async Task Every_oddity_equals_its_unpacked_tree(string name)
    {
        var judge = await unpacked.OddAsync();
        await using var mount = await MountedImage.MountAsync($"oci:{unpacked.Layout}:{name}");

        await judge.AssertEqualAsync(mount.Root);
    }

    [Fact]
    public async Task Without_passthrough_it_is_the_same()
    {
        var judge = await unpacked.OddAsync();
        await using var mount = await MountedImage.MountAsync($"oci:{unpacked.Layout}:odd", null, "--no-passthrough");

        await judge.AssertEqualAsync(mount.Root);
    }

    [Fact]
    public async Task What_is_exported_is_the_same()
    {
        var judge = await unpacked.OddAsync();
        await using var mount = await MountedImage.MountAsync($"oci:{unpacked.Layout}:odd");
        using var directory = new TemporaryDirectory();

        (await mount.RunAsync("export", $"oci:{unpacked.Layout}:odd", directory["root"], "--cache-dir", mount.Cache)).Succeeded();

        await judge.AssertEqualAsync(directory["root"]);
    }

    [Fact]
    public async Task Programs_run_in_it()
    {
        await unpacked.AppAsync();
        await using var mount = await MountedImage.MountAsync($"oci:{unpacked.Layout}:v1");

        var python = await ProgramRun.OfAsync(new ProgramStart(
            "chroot", mount.Root, "/usr/bin/python3", "-c", "import hashlib, os, re; print(6 * 7, hashlib.sha256(open('/srv/data/random', 'rb').read()).hexdigest())"));
        var shell = await ProgramRun.OfAsync(new ProgramStart(
            "chroot", mount.Root, "/bin/sh", "-c", "dpkg -l | grep -c '^ii'; cat /etc/debian_version; perl -e 'print 6 * 7'"));

        Assert.StartsWith("42 ", python.Succeeded().Text, StringComparison.Ordinal);
        Assert.EndsWith("42", shell.Succeeded().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_writable_view_keeps_changes_in_its_directory_and_the_image_as_it_is()
    {
        await unpacked.OddAsync();
        using var changes = new TemporaryDirectory();
        await using (var mount = await MountedImage.MountAsync($"oci:{unpacked.Layout}:odd", null, "--writable", changes["w"]))
        {
            await File.WriteAllTextAsync(Path.Combine(mount.Root, "usr", "lib", "libc.so"), "changed");
            await File.WriteAllTextAsync(Path.Combine(mount.Root, "new"), "new");
            File.Delete(Path.Combine(mount.Root, "empty"));

            Assert.Equal("changed", await File.ReadAllTextAsync(Path.Combine(mount.Root, "lib", "libc.so")));
            Assert.False(File.Exists(Path.Combine(mount.Root, "empty")));
            (await mount.RunAsync("unmount", mount.Root)).Succeeded();
        }

        Assert.Equal("changed", await File.ReadAllTextAsync(changes["w/upper/usr/lib/libc.so"]));
        Assert.DoesNotContain(changes.Root, await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    }
}

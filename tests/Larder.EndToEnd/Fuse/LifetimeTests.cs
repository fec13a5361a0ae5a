using System.Globalization;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Fuse;

/// <summary>How mounts begin, wait and end.</summary>
public sealed class LifetimeTests
{
    private const string Never = "600000";

    [Fact]
    public async Task Readers_that_wait_are_answered_from_tasks()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(
            source, Path.Combine(directory.Root, "mnt"), "--no-passthrough", "--read-delay", "300", "--threads", "1");

        var readers = Enumerable.Range(0, 20).Select(index => ProgramRun.OfAsync(new ProgramStart(
            "cmp", Path.Combine(source, "many", $"{index:D2}", "07"), Path.Combine(mirror.MountPoint, "many", $"{index:D2}", "07"))));

        Assert.All(await Task.WhenAll(readers), run => run.Succeeded());
        Assert.Equal(0, await mirror.StopAsync());
        await mirror.WaitAsync(() => mirror.Log.Contains("ended:", StringComparison.Ordinal), "ended");
        Assert.DoesNotContain("Deferred = 0,", mirror.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_waits_can_be_killed()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(
            source, Path.Combine(directory.Root, "mnt"), "--no-passthrough", "--read-delay", Never, "--deadline", Never);
        using var reader = new ProgramStart("cat", Path.Combine(mirror.MountPoint, "large.bin")).Start();
        await mirror.WaitAsync(() => IsReading(reader.Id), "let the reader wait");

        reader.Kill();

        await reader.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
    }

    [Fact]
    public async Task A_reader_that_waits_too_long_gets_an_error()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(
            source, Path.Combine(directory.Root, "mnt"), "--no-passthrough", "--read-delay", Never, "--deadline", "500");

        var run = await ProgramRun.OfAsync(new ProgramStart("cat", Path.Combine(mirror.MountPoint, "many", "00", "05")));

        Assert.Contains("Input/output error", run.ExitedWith(1).Error, StringComparison.Ordinal);
        (await ProgramRun.OfAsync(new ProgramStart("ls", mirror.MountPoint))).Succeeded();
    }

    [Theory]
    [InlineData("--passthrough-from", "0")]
    [InlineData("--no-passthrough")]
    public async Task Open_files_outlive_the_mount_until_they_are_closed(params string[] options)
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(
            source, Path.Combine(directory.Root, "mnt"), [.. options, "--unmount-deadline", Never]);
        var wanted = await File.ReadAllBytesAsync(Path.Combine(source, "large.bin"));
        await using (var open = File.OpenRead(Path.Combine(mirror.MountPoint, "large.bin")))
        {
            await mirror.SignalAsync();
            await mirror.WaitAsync(() => !mirror.IsMounted(), "unmounted");

            var content = new byte[wanted.Length];
            await open.ReadExactlyAsync(content);
            Assert.Equal(wanted, content);
            Assert.False(mirror.HasExited);
        }

        Assert.Equal(0, await mirror.WaitForExitAsync());
    }

    [Fact]
    public async Task The_connection_is_cut_when_open_files_stay_too_long()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(
            source, Path.Combine(directory.Root, "mnt"), "--no-passthrough", "--unmount-deadline", "300");
        await using var open = File.OpenRead(Path.Combine(mirror.MountPoint, "large.bin"));

        Assert.Equal(0, await mirror.StopAsync());

        Assert.Contains("the connection is cut", mirror.Log, StringComparison.Ordinal);
        Assert.False(mirror.IsMounted());
        await Assert.ThrowsAnyAsync<IOException>(async () => await open.ReadExactlyAsync(new byte[SourceTree.LargeBytes]));
    }

    [Fact]
    public async Task What_a_killed_process_left_is_detached_at_the_next_start()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        var mountPoint = Path.Combine(directory.Root, "mnt");
        await using var killed = await MirrorProcess.StartAsync(source, mountPoint);
        killed.KillServing();
        await killed.WaitForExitAsync();
        Assert.Contains(
            "Transport endpoint is not connected",
            (await ProgramRun.OfAsync(new ProgramStart("ls", mountPoint))).Error,
            StringComparison.Ordinal);

        await using var next = await MirrorProcess.StartAsync(source, mountPoint);

        Assert.Contains("was left by a process that is gone", next.Log, StringComparison.Ordinal);
        Assert.Single(await File.ReadAllLinesAsync("/proc/self/mountinfo"), line => line.Contains($" {mountPoint} ", StringComparison.Ordinal));
        Assert.Equal(await SourceTree.DescribeAsync(source), await SourceTree.DescribeAsync(mountPoint));
    }

    [Fact]
    public async Task A_place_that_is_taken_or_missing_is_refused()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        var mountPoint = Path.Combine(directory.Root, "mnt");
        await using var mirror = await MirrorProcess.StartAsync(source, mountPoint);

        var taken = await MirrorProcess.RunAsync(source, mountPoint);
        var missing = await MirrorProcess.RunAsync(source, Path.Combine(directory.Root, "absent"));

        Assert.Contains("holds a mount of mirror already", taken.ExitedWith(1).Error, StringComparison.Ordinal);
        Assert.Contains("is not a directory", missing.ExitedWith(1).Error, StringComparison.Ordinal);
        (await ProgramRun.OfAsync(new ProgramStart("ls", mountPoint))).Succeeded();
    }

    [Fact]
    public async Task Unmounting_from_outside_ends_the_process()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), "--kept");

        (await ProgramRun.OfAsync(new ProgramStart("umount", mirror.MountPoint))).Succeeded();

        Assert.Equal(0, await mirror.WaitForExitAsync());
    }

    private static bool IsReading(int process)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/wchan")).Contains("fuse", StringComparison.Ordinal)
                || File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat")).Contains(" D ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}

using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Fuse;

/// <summary>The serving process is killed under load, and its users notice nothing.</summary>
public sealed class TakeoverTests
{
    private const string Forget =
        """
        import os, sys
        for folder, _, names in os.walk(sys.argv[1]):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        """;

    [Theory]
    [InlineData("--passthrough-from", "0")]
    [InlineData("--passthrough-from", "4000")]
    [InlineData("--no-passthrough")]
    [InlineData("--no-passthrough", "--read-delay", "20")]
    public async Task Killing_loses_no_read(params string[] options)
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), ["--kept", .. options]);
        using var loadEnds = new CancellationTokenSource();
        var wanted = await SourceTree.DescribeAsync(source);
        var loads = Enumerable.Range(0, 2).Select(async _ =>
        {
            var rounds = 0;
            do
            {
                // What the kernel has cached of the mount's files goes, so that every round asks for it.
                (await ProgramRun.OfAsync(new ProgramStart("python3", "-c", Forget, mirror.MountPoint))).Succeeded();
                Assert.Equal(wanted, await SourceTree.DescribeAsync(mirror.MountPoint));
                rounds++;
            }
            while (!loadEnds.IsCancellationRequested);

            return rounds;
        }).ToArray();

        for (var kill = 1; kill <= 4; kill++)
        {
            await Task.Delay(400, TestContext.Current.CancellationToken);
            mirror.KillServing();
            await mirror.WaitAsync(() => mirror.Servings > kill, "been taken over");
        }

        await loadEnds.CancelAsync();
        Assert.All(await Task.WhenAll(loads), static rounds => Assert.True(rounds > 0));
        Assert.Equal(0, await mirror.StopAsync());
        Assert.False(mirror.IsMounted());
    }

    [Theory]
    [InlineData("--passthrough-from", "0")]
    [InlineData("--no-passthrough")]
    public async Task Files_that_are_open_can_be_read_and_opened_again_after_a_take_over(params string[] options)
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), ["--kept", .. options]);
        var wanted = await File.ReadAllBytesAsync(Path.Combine(source, "large.bin"));
        var path = Path.Combine(mirror.MountPoint, "large.bin");
        await using (var open = File.OpenRead(path))
        {
            for (var kill = 1; kill <= 3; kill++)
            {
                mirror.KillServing();
                await mirror.WaitAsync(() => mirror.Servings > kill, "been taken over");

                open.Position = 0;
                var content = new byte[wanted.Length];
                await open.ReadExactlyAsync(content);
                Assert.Equal(wanted, content);
                Assert.Equal(wanted, await File.ReadAllBytesAsync(path)); // One node, one backing file: the kernel insists.
            }
        }

        Assert.Equal(wanted, await File.ReadAllBytesAsync(path));
        Assert.Equal(0, await mirror.StopAsync());
    }

    [Fact]
    public async Task A_process_that_ends_too_often_leaves_no_mount()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), "--kept");

        for (var kill = 1; kill <= 5; kill++)
        {
            mirror.KillServing();
            await mirror.WaitAsync(() => mirror.Servings > kill, "been taken over");
        }

        mirror.KillServing();

        Assert.Equal(137, await mirror.WaitForExitAsync());
        Assert.False(mirror.IsMounted());
    }
}

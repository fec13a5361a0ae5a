using System.Net;
using System.Net.Sockets;
using Larder.EndToEnd.Harness;
using Larder.EndToEnd.Images.Harness;
using Larder.Tests.Oci.Support;

namespace Larder.EndToEnd.Images;

/// <summary>Mounts that are killed, told to end, left behind, shared and used wrongly.</summary>
public sealed class MountLifeTests
{
    private const string Sums = "cd \"$1\" && find . -xdev -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";

    [Fact]
    public async Task A_process_that_is_killed_again_and_again_loses_no_read()
    {
        using var directory = new TemporaryDirectory();
        await using var mount = await MountedImage.MountAsync(await WriteManyAsync(directory["layout"]));
        var expected = (await ListAsync(mount)).Succeeded().Text;
        var readers = Enumerable.Range(0, 3).Select(async _ =>
        {
            var seen = new List<string>();
            for (var round = 0; round < 8; round++)
            {
                seen.Add((await ListAsync(mount)).Succeeded().Text);
            }

            return seen;
        }).ToArray();

        for (var kill = 0; kill < 4; kill++)
        {
            var victim = await mount.ProcessAsync();
            await MountedImage.SignalAsync("KILL", victim);
            await MountedImage.WaitAsync("a successor", () => SuccessorOf(mount, victim));
        }

        foreach (var reader in readers)
        {
            Assert.All(await reader, text => Assert.Equal(expected, text));
        }

        Assert.True((await mount.LookAsync()).GetProperty("takenOver").GetBoolean());
    }

    [Fact]
    public async Task A_file_that_is_open_goes_on_being_read_while_its_process_is_replaced()
    {
        using var directory = new TemporaryDirectory();
        await using var mount = await MountedImage.MountAsync(await WriteManyAsync(directory["layout"]), null, "--no-passthrough");
        var victim = await mount.ProcessAsync();
        await using var file = File.OpenRead(Path.Combine(mount.Root, "large"));
        var content = new byte[file.Length];
        await file.ReadExactlyAsync(content.AsMemory(0, 100_000));

        await MountedImage.SignalAsync("KILL", victim);
        await file.ReadExactlyAsync(content.AsMemory(100_000));

        Assert.Equal(Large(), content);
    }

    [Fact]
    public async Task Being_told_to_end_leaves_no_mount_and_no_process()
    {
        using var directory = new TemporaryDirectory();
        await using var mount = await MountedImage.MountAsync(await WriteManyAsync(directory["layout"]));
        var process = await mount.ProcessAsync();

        await MountedImage.SignalAsync("TERM", process);

        await MountedImage.WaitAsync("no mount", () => !mount.IsMounted());
        await MountedImage.WaitAsync("no process", () => !Directory.Exists($"/proc/{process}"));
        Assert.Equal("[]", (await mount.RunAsync("mounts", "--json")).Succeeded().Text.Trim());
    }

    [Fact]
    public async Task A_command_that_is_killed_before_its_mount_is_ready_leaves_no_mount_and_no_process()
    {
        MountedImage.Require();
        using var directory = new TemporaryDirectory();
        using var registry = new TcpListener(IPAddress.Loopback, 0);
        registry.Start();
        var reference = $"localhost:{((IPEndPoint)registry.LocalEndpoint).Port}/app:1";
        var start = new ProgramStart(
            "dotnet", BuiltTool.Assembly, "mount", reference, directory["mnt"], "--cache-dir", directory["cache"], "--plain-http");
        using var command = start.Start();

        using var asked = await registry.AcceptTcpClientAsync(TestContext.Current.CancellationToken); // Gets no answer.
        Assert.NotEmpty(ProcessesOf(directory["mnt"]));
        command.Kill();

        await MountedImage.WaitAsync("no process", () => ProcessesOf(directory["mnt"]).Length == 0);
        Assert.DoesNotContain(directory["mnt"], await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_keeper_leaves_is_removed_when_something_is_mounted_again()
    {
        using var directory = new TemporaryDirectory();
        var reference = await WriteManyAsync(directory["layout"]);
        await using var mount = await MountedImage.MountAsync(reference, directory["cache"]);
        var sockets = Assert.Single(mount.Sockets());
        var keeper = int.Parse(Path.GetExtension(sockets)[1..], System.Globalization.CultureInfo.InvariantCulture);

        await MountedImage.SignalAsync("KILL", keeper);
        Assert.True(File.Exists(Path.Combine(mount.Root, "large"))); // Who serves goes on.
        (await mount.RunAsync("unmount", mount.Root)).Succeeded();
        (await mount.RunAsync("mount", reference, mount.Root, "--cache-dir", mount.Cache)).Succeeded();

        Assert.NotEqual(sockets, Assert.Single(mount.Sockets()));
        (await mount.RunAsync("unmount", mount.Root)).Succeeded();
        await MountedImage.WaitAsync("no socket", () => mount.Sockets().Length == 0);
    }

    [Fact]
    public async Task Plain_umount_ends_the_processes_too()
    {
        using var directory = new TemporaryDirectory();
        await using var mount = await MountedImage.MountAsync(await WriteManyAsync(directory["layout"]));
        var process = await mount.ProcessAsync();

        (await ProgramRun.OfAsync(new ProgramStart("umount", mount.Root))).Succeeded();

        await MountedImage.WaitAsync("no process", () => !Directory.Exists($"/proc/{process}"));
    }

    [Fact]
    public async Task A_mount_that_is_in_use_is_unmounted_only_lazily_and_stays_readable_until_it_is_closed()
    {
        using var directory = new TemporaryDirectory();
        await using var mount = await MountedImage.MountAsync(await WriteManyAsync(directory["layout"]));
        await using (var file = File.OpenRead(Path.Combine(mount.Root, "large")))
        {
            var refused = await mount.RunAsync("unmount", mount.Root);
            Assert.Contains("in use", refused.ExitedWith(1).Error, StringComparison.Ordinal);

            (await ProgramRun.OfAsync(new ProgramStart("umount", "-l", mount.Root))).Succeeded();
            var content = new byte[file.Length];
            await file.ReadExactlyAsync(content);
            Assert.Equal(Large(), content);
        }

        await MountedImage.WaitAsync("no mount is left over", () => !mount.IsMounted());
    }

    [Fact]
    public async Task What_cannot_be_mounted_is_refused_in_words_and_leaves_nothing()
    {
        MountedImage.Require();
        using var directory = new TemporaryDirectory();
        await using var mount = await MountedImage.MountAsync(await WriteManyAsync(directory["layout"]));
        Directory.CreateDirectory(directory["other"]);

        var noImage = await mount.RunAsync("mount", $"oci:{directory["layout"]}:absent", directory["other"], "--cache-dir", mount.Cache);
        var noLayout = await mount.RunAsync("mount", $"oci:{directory["nowhere"]}:x", directory["other"], "--cache-dir", mount.Cache);
        var badName = await mount.RunAsync("mount", "UPPER:x", directory["other"]);
        var taken = await mount.RunAsync("mount", $"oci:{directory["layout"]}:many", mount.Root, "--cache-dir", mount.Cache);
        var notMounted = await mount.RunAsync("unmount", directory["other"]);
        var inside = await mount.RunAsync("mount", $"oci:{directory["layout"]}:many", directory["other"], "--writable", directory["other/changes"]);

        Assert.Contains("it has many", noImage.ExitedWith(3).Error, StringComparison.Ordinal);
        Assert.NotEqual(0, noLayout.ExitCode);
        Assert.Contains("upper-case", badName.ExitedWith(2).Error, StringComparison.Ordinal);
        Assert.Contains("already", taken.ExitedWith(1).Error, StringComparison.Ordinal);
        Assert.Contains("No image is mounted", notMounted.ExitedWith(3).Error, StringComparison.Ordinal);
        Assert.Contains("lies inside of the mount", inside.ExitedWith(2).Error, StringComparison.Ordinal);
        Assert.DoesNotContain(directory["other"], await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Layers_that_no_unpacker_could_write_are_refused_and_leave_nothing()
    {
        MountedImage.Require();
        using var directory = new TemporaryDirectory();
        (string Name, byte[] Layer)[] hostile =
        [
            ("link", new TarBuilder().HardLink("a", "gone").ToArray()),
            ("loop", new TarBuilder().Symlink("x", "y").Symlink("y", "x").File("x/a", "a").ToArray()),
            ("through", new TarBuilder().File("f", "f").File("f/a", "a").ToArray()),
            ("name", new TarBuilder().File(new string('n', 300), "a").ToArray()),
        ];
        foreach (var (name, layer) in hostile)
        {
            await TestImages.WriteAsync(directory["layout"], name, [layer]);
        }

        await TestImages.WriteAsync(directory["layout"], "good", [new TarBuilder().File("../../up", "inside").File("/absolute", "inside").ToArray()]);
        await using var mount = await MountedImage.MountAsync($"oci:{directory["layout"]}:good");
        Directory.CreateDirectory(directory["other"]);

        Assert.Equal("inside", await File.ReadAllTextAsync(Path.Combine(mount.Root, "up")));
        Assert.Equal("inside", await File.ReadAllTextAsync(Path.Combine(mount.Root, "absolute")));
        foreach (var (name, _) in hostile)
        {
            var run = await mount.RunAsync("mount", $"oci:{directory["layout"]}:{name}", directory["other"], "--cache-dir", mount.Cache);
            Assert.True(run.ExitCode is 1 or 4, $"{name}: {run}");
            Assert.DoesNotContain("defect", run.Error, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(directory["other"], await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_mounts_share_a_cache_and_the_second_needs_no_layer()
    {
        using var directory = new TemporaryDirectory();
        var reference = await WriteManyAsync(directory["layout"]);
        await using var first = await MountedImage.MountAsync(reference, directory["cache"]);
        var expected = (await ListAsync(first)).Succeeded().Text;
        foreach (var blob in Directory.EnumerateFiles(directory["layout/blobs/sha256"]).Where(static path => new FileInfo(path).Length > 10_000))
        {
            File.Delete(blob);
        }

        await using var second = await MountedImage.MountAsync(reference, directory["cache"]);

        Assert.Equal(expected, (await ListAsync(second)).Succeeded().Text);
    }

    [Fact]
    public async Task Commands_show_an_image_without_a_mount()
    {
        using var directory = new TemporaryDirectory();
        var reference = await WriteManyAsync(directory["layout"]);
        await using var mount = await MountedImage.MountAsync(reference, directory["cache"], "--record", "start");
        Assert.Equal(Large(), await File.ReadAllBytesAsync(Path.Combine(mount.Root, "large")));
        (await mount.RunAsync("unmount", mount.Root)).Succeeded();

        string[] cache = ["--cache-dir", directory["cache"]];
        var tree = await mount.RunAsync(["tree", reference, "/d7", "--json", .. cache]);
        var cat = await mount.RunAsync(["cat", reference, "link", .. cache]);
        var missing = await mount.RunAsync(["cat", reference, "nothing/here", .. cache]);
        var recorded = await mount.RunAsync(["prefetch", reference, "--recorded", "start", "--json", .. cache]);
        var all = await mount.RunAsync(["prefetch", reference, "--all", "--json", .. cache]);
        var unknown = await mount.RunAsync(["prefetch", reference, "--recorded", "other", .. cache]);

        Assert.Equal(51, tree.Succeeded().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(Large(), cat.Succeeded().Output);
        missing.ExitedWith(3);
        Assert.Contains("\"files\": 1,", recorded.Succeeded().Text, StringComparison.Ordinal);
        Assert.Contains("\"files\": 501,", all.Succeeded().Text, StringComparison.Ordinal);
        unknown.ExitedWith(3);
    }

    [Fact]
    public async Task A_directory_of_a_hundred_thousand_files_is_listed_whole()
    {
        using var directory = new TemporaryDirectory();
        var layer = new TarBuilder();
        for (var file = 0; file < 100_000; file++)
        {
            layer.File($"d/file-{file:D6}", string.Empty);
        }

        await TestImages.WriteAsync(directory["layout"], "wide", [layer.ToArray()]);
        await using var mount = await MountedImage.MountAsync($"oci:{directory["layout"]}:wide");

        var names = Directory.GetFiles(Path.Combine(mount.Root, "d"));

        Assert.Equal(100_000, names.Distinct().Count());
        Assert.Equal(100_001, (await mount.LookAsync()).GetProperty("nodes").GetInt32() - 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_image_that_the_cache_or_its_disk_is_too_small_for_is_read_right(bool diskIsSmall)
    {
        MountedImage.Require();
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(directory["disk"]);
        await using var disk = diskIsSmall ? await SmallDisk.MountAsync(directory["disk"], "8m") : null;
        var random = new Random(7);
        var files = Enumerable.Range(0, 20).ToDictionary(static file => $"f{file}", _ => new byte[1_000_000]);
        var layer = new TarBuilder();
        foreach (var (name, content) in files)
        {
            random.NextBytes(content);
            layer.File(name, content);
        }

        await TestImages.WriteAsync(directory["layout"], "large", [layer.ToArray()]);
        string[] capacity = diskIsSmall ? [] : ["--capacity", "8MiB"];
        await using var mount = await MountedImage.MountAsync($"oci:{directory["layout"]}:large", directory["disk/cache"], capacity);

        for (var round = 0; round < 2; round++)
        {
            foreach (var (name, content) in files)
            {
                Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(mount.Root, name)));
                Assert.InRange(Used(directory["disk/cache"]), 0, 8 * 1024 * 1024);
            }
        }
    }

    [Fact]
    public async Task A_million_files_are_mounted_and_found_in_bounded_memory()
    {
        using var directory = new TemporaryDirectory();
        var layer = new TarBuilder();
        for (var file = 0; file < 1_000_000; file++)
        {
            layer.Add(TarMember.Of($"d{file / 1000}/f{file % 1000}") with { Dialect = TarDialect.Ustar });
        }

        await TestImages.WriteAsync(directory["layout"], "many", [layer.ToArray()]);
        await using var mount = await MountedImage.MountAsync($"oci:{directory["layout"]}:many");

        Assert.Equal(1_001_001, (await mount.LookAsync()).GetProperty("nodes").GetInt32());
        Assert.True(File.Exists(Path.Combine(mount.Root, "d999", "f999")));
        Assert.Equal(1_000, Directory.GetFiles(Path.Combine(mount.Root, "d500")).Length);

        // What the tree takes is 150 MB; the rest is this runtime, and what merging leaves to be collected.
        var resident = (await File.ReadAllLinesAsync($"/proc/{await mount.ProcessAsync()}/status"))
            .First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        Assert.InRange(long.Parse(resident, System.Globalization.CultureInfo.InvariantCulture), 1, 1_500_000);
    }

    // By their command lines, which hold where they mount.
    private static string[] ProcessesOf(string mountPoint) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(process =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(process, "cmdline")).Contains(mountPoint, StringComparison.Ordinal);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }),
    ];

    // What is written aside may be renamed while it is looked at.
    private static long Used(string cache) => new DirectoryInfo(cache).EnumerateFiles("*", SearchOption.AllDirectories)
        .Sum(static file => file.Exists ? file.Length : 0);

    private static bool SuccessorOf(MountedImage mount, int victim)
    {
        var status = mount.LookAsync().GetAwaiter().GetResult();
        return status.GetProperty("processId").GetInt32() != victim;
    }

    private static Task<ProgramRun> ListAsync(MountedImage mount) =>
        ProgramRun.OfAsync(new ProgramStart("sh", "-c", Sums, "sh", mount.Root) { Timeout = TimeSpan.FromMinutes(5) });

    private static byte[] Large() => [.. Enumerable.Range(0, 5_000_000).Select(static i => (byte)((i * 31) ^ (i >> 11)))];

    private static async Task<string> WriteManyAsync(string layout)
    {
        MountedImage.Require();
        var layer = new TarBuilder().File("large", Large()).Symlink("link", "large");
        for (var file = 0; file < 500; file++)
        {
            layer.File($"d{file % 10}/file-{file}", new string((char)('a' + (file % 26)), file * 13));
        }

        await TestImages.WriteAsync(layout, "many", [layer.ToArray()]);
        return $"oci:{layout}:many";
    }
}

using System.Globalization;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Fuse;

/// <summary>A mounted directory, seen by ordinary programs.</summary>
public sealed class MountTests
{
    public static TheoryData<string[]> Ways { get; } =
        [new(Array.Empty<string>()), new(["--no-passthrough"]), new(["--no-open", "--threads", "1"]), new(["--no-plus", "--threads", "8", "--read-delay", "1"])];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_mounted_tree_equals_its_source(string[] options)
    {
        MirrorProcess.Require("rsync");
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), options);

        Assert.Equal(await SourceTree.DescribeAsync(source), await SourceTree.DescribeAsync(mirror.MountPoint));
        var differences = await ProgramRun.OfAsync(new ProgramStart(
            "rsync", "-naHAXc", "--numeric-ids", "--devices", "--specials", "-i", "--delete", source + "/", mirror.MountPoint + "/"));
        Assert.Equal(string.Empty, differences.Succeeded().Text);
        Assert.Equal(await SourceTree.DescribeAsync(source), await SourceTree.DescribeAsync(mirror.MountPoint)); // From caches.

        Assert.Equal(0, await mirror.StopAsync());
        Assert.False(mirror.IsMounted());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Several_processes_read_and_map_at_random(string[] options)
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), options);

        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => ProgramRun.OfAsync(new ProgramStart(
            "python3",
            "-c",
            """
            import mmap, os, random, sys
            source, mount, seed = sys.argv[1:]
            draw = random.Random(int(seed))
            want = open(f"{source}/large.bin", "rb").read()
            with open(f"{mount}/large.bin", "rb", buffering=0) as file:
                for _ in range(300):
                    at, length = draw.randrange(len(want)), draw.randrange(1, 300_000)
                    assert os.pread(file.fileno(), length, at) == want[at:at + length], (at, length)
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE) as mapped:
                    for _ in range(300):
                        at = draw.randrange(len(want) - 5000)
                        assert mapped[at:at + 5000] == want[at:at + 5000], at
            """,
            source,
            mirror.MountPoint,
            seed.ToString(CultureInfo.InvariantCulture)))));

        Assert.All(runs, run => run.Succeeded());
    }

    [Fact]
    public async Task Programs_run_and_scripts_find_their_way()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"));

        var list = await ProgramRun.OfAsync(new ProgramStart(Path.Combine(mirror.MountPoint, "bin", "ls"), "-A", mirror.MountPoint));
        var link = await ProgramRun.OfAsync(new ProgramStart(Path.Combine(mirror.MountPoint, "bin", "cat"), Path.Combine(mirror.MountPoint, "link")));
        var change = await ProgramRun.OfAsync(new ProgramStart("touch", Path.Combine(mirror.MountPoint, "new")));

        Assert.Equal(Directory.GetFileSystemEntries(source).Length, list.Succeeded().Text.Trim().Split('\n').Length);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(source, "many", "00", "00")), link.Succeeded().Output);
        Assert.Contains("Read-only file system", change.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Extended_attributes_are_whole_and_sizes_are_kept()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"));

        (await ProgramRun.OfAsync(new ProgramStart(
            "python3",
            "-c",
            """
            import ctypes, errno, os, sys
            os.chdir(sys.argv[1])
            assert sorted(os.listxattr("empty")) == ["user.color", "user.long"], os.listxattr("empty")
            assert os.getxattr("empty", "user.color") == b"gr\0een"
            assert os.getxattr("empty", "user.long") == b"v" * 2000
            assert os.getxattr("bin/cat", "security.capability")[:4] == bytes.fromhex("01000002")
            for name in ("user.absent", "security.absent"):
                try:
                    os.getxattr("empty", name)
                    raise SystemExit("there is an attribute that is not there")
                except OSError as error:
                    assert error.errno == errno.ENODATA, error
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.getxattr(b"empty", b"user.color", ctypes.create_string_buffer(3), 3) == -1
            assert ctypes.get_errno() == errno.ERANGE
            assert libc.getxattr(b"empty", b"user.color", None, 0) == 6
            assert os.listxattr("large.bin") == []
            """,
            mirror.MountPoint))).Succeeded();
    }

    [Fact]
    public async Task A_directory_of_a_hundred_thousand_entries_is_listed_whole()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = Path.Combine(directory.Root, "source");
        Directory.CreateDirectory(Path.Combine(source, "all"));
        for (var index = 0; index < 100_000; index++)
        {
            File.OpenHandle(Path.Combine(source, "all", $"entry-{index:D6}"), FileMode.CreateNew, FileAccess.Write).Dispose();
        }

        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"));
        var all = Path.Combine(mirror.MountPoint, "all");

        foreach (var command in new[] { "find \"$1\" -name 'entry-*' | sort -u | wc -l", "find \"$1\" -size 0 -name 'entry-*' | sort -u | wc -l" })
        {
            var count = await ProgramRun.OfAsync(new ProgramStart("bash", "-c", command, "count", all));
            Assert.Equal("100000", count.Succeeded().Text.Trim());
        }
    }

    [Fact]
    public async Task The_kernel_reads_backing_files_by_itself()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), "--passthrough-from", "1000000");
        Assert.SkipUnless(HasPassthrough(mirror.Log), "This kernel has no FUSE passthrough.");
        var large = Path.Combine(mirror.MountPoint, "large.bin");

        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(source, "large.bin")), await File.ReadAllBytesAsync(large));
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(source, "large.bin")), await File.ReadAllBytesAsync(large));
        Assert.Equal(0, await mirror.StopAsync());

        await mirror.WaitAsync(() => mirror.Log.Contains("ended:", StringComparison.Ordinal), "ended");
        Assert.Contains("PassthroughOpens = 2, Reads = 0,", mirror.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_descriptor_is_left_to_programs_that_are_started()
    {
        MirrorProcess.Require();
        using var directory = new TemporaryDirectory();
        var source = await SourceTree.MakeAsync(directory);
        await using var mirror = await MirrorProcess.StartAsync(source, Path.Combine(directory.Root, "mnt"), "--kept", "--threads", "4");

        var descriptors = new DirectoryInfo($"/proc/{mirror.ServingProcess}/fd").GetFiles()
            .Where(static file => file.LinkTarget is { } target
                && (target == "/dev/fuse" || target.Contains("memfd:larder", StringComparison.Ordinal) || target.StartsWith("socket:", StringComparison.Ordinal)))
            .ToArray();

        Assert.True(descriptors.Length >= 6, $"{descriptors.Length} descriptors"); // The device, three clones, the state, the keeper's line.
        Assert.All(descriptors, file =>
        {
            var flags = File.ReadLines($"/proc/{mirror.ServingProcess}/fdinfo/{file.Name}").Single(static line => line.StartsWith("flags:", StringComparison.Ordinal));
            Assert.NotEqual(0, Convert.ToInt32(flags[6..].Trim(), 8) & 0x80000);
        });
    }

    private static bool HasPassthrough(string log)
    {
        var at = log.IndexOf("features ", StringComparison.Ordinal) + 9;

        return (ulong.Parse(log.AsSpan(at, log.IndexOf(',', at) - at), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1UL << 37)) != 0;
    }
}

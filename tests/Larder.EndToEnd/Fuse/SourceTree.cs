using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Fuse;

/// <summary>A directory with a bit of everything that a root file system has.</summary>
internal static class SourceTree
{
    public const int LargeBytes = 24 * 1024 * 1024;

    public static async Task<string> MakeAsync(TemporaryDirectory directory)
    {
        var root = Path.Combine(directory.Root, "source");
        Directory.CreateDirectory(root);
        (await ProgramRun.OfAsync(new ProgramStart("python3", "-c", Script, root))).Succeeded();

        return root;
    }

    /// <summary>A hash over names, types, modes, owners, sizes, times, links, targets and contents.</summary>
    public static async Task<string> DescribeAsync(string root)
    {
        var run = await ProgramRun.OfAsync(new ProgramStart(
            "bash",
            "-o",
            "pipefail",
            "-c",
            """
            cd "$1" || exit 1
            find . -printf '%p %y %m %U %G %s %T@ %n %l\n' | grep -v ' d ' | LC_ALL=C sort
            find . -type d -printf '%p %y %m %U %G %T@\n' | LC_ALL=C sort
            find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
            """,
            "describe",
            root));

        return run.Succeeded().Text;
    }

    // Written by Python, which has names for all of it.
    private const string Script =
        """
        import os, random, shutil, stat, sys
        root = sys.argv[1]
        os.chdir(root)
        draw = random.Random(7)
        for directory in range(30):
            os.makedirs(f"many/{directory:02}")
            for file in range(40):
                with open(f"many/{directory:02}/{file:02}", "wb") as out:
                    out.write(draw.randbytes(draw.randrange(0, 9000)))
        with open("large.bin", "wb") as out:
            for _ in range(24):
                out.write(draw.randbytes(1 << 20))
        os.mkdir("bin")
        for program in ("ls", "cat"):
            shutil.copy(f"/bin/{program}", f"bin/{program}")
        open("empty", "w").close()
        with open("sparse", "wb") as out:
            out.truncate(3_000_000)
            out.seek(2_000_000)
            out.write(b"here")
        with open("n" * 255, "w") as out:
            out.write("long name")
        os.symlink("many/00/00", "link")
        os.symlink("x" * 4000, "long-link")
        os.link("many/00/01", "hard-link")
        os.mkfifo("pipe")
        os.mknod("null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        os.chmod("bin/ls", 0o4755)
        os.mkdir("sticky", 0o777)
        os.chmod("sticky", 0o3777)
        os.chown("empty", 3_000_000_000, 70_000)
        os.setxattr("empty", "user.color", b"gr\0een")
        os.setxattr("empty", "user.long", b"v" * 2000)
        os.setxattr("bin/cat", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
        os.utime("many/00/02", ns=(-5_000_000_001, -5_000_000_001))
        os.utime("many/00/03", ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
        """;
}

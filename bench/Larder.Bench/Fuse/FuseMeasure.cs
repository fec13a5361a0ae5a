using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Larder.Bench.Fuse;

/// <summary>
/// Reads a directory tree in the ways that a container's start does, and prints how long each took, as lines of a name and
/// seconds. The tree has a file <c>large.bin</c> and, for the import, a Python in <c>usr/bin</c>.
/// </summary>
internal static partial class FuseMeasure
{
    private const int BlockBytes = 4096;
    private const int ChunkBytes = 1024 * 1024;
    private const int RandomReads = 8192;
    private const int SmallFiles = 3000;
    private const int SmallFileBytes = 64 * 1024;
    private const int AdviseRandom = 1;
    private const int AdviseDontNeed = 4;

    private const string Imports =
        "import json, asyncio, http.client, xml.dom.minidom, unittest, email.mime.text, logging.config, decimal, argparse, ctypes";

    public static int Run(string[] arguments)
    {
        if (arguments is not [var root, .. var rest])
        {
            Console.Error.WriteLine("usage: Larder.Bench fuse-measure DIRECTORY [--drop] [--stat-only]");

            return 2;
        }

        if (rest.Contains("--stat-only"))
        {
            Report("stat-cold", Stat(root));

            return 0;
        }

        WarmUp();
        Measure(Path.GetFullPath(root), rest.Contains("--drop"), Report);

        return 0;
    }

    private static void Report(string name, double seconds) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {seconds:F9}"));

    // Asks for the size of everything, and prints nothing.
    private static double Stat(string root) => Program("find", root, "-size", "+1000000k");

    private static void WarmUp()
    {
        var directory = Directory.CreateTempSubdirectory("larder-bench-warm-").FullName;
        File.WriteAllBytes(Path.Combine(directory, "large.bin"), new byte[4 * ChunkBytes]);
        for (var index = 0; index < 50; index++)
        {
            File.WriteAllBytes(Path.Combine(directory, $"{index}"), new byte[100]);
        }

        for (var round = 0; round < 5; round++)
        {
            Measure(directory, drop: true, (_, _) => { });
        }

        Directory.Delete(directory, recursive: true);
    }

    private static void Measure(string root, bool drop, Action<string, double> report)
    {
        report("find-cold", Program("find", root));
        report("find-warm", Program("find", root));
        report("stat-again", Stat(root));
        report("stat-warm", Stat(root));

        var small = SmallFilesOf(root);
        report("small-cold", ReadAll(small));
        report("small-warm", ReadAll(small));

        using var large = File.OpenHandle(Path.Combine(root, "large.bin"));
        var length = RandomAccess.GetLength(large);
        report("sequential", ReadSequentially(large, length));
        report("sequential-2-jobs", ReadTwice(Path.Combine(root, "large.bin"), length, drop));

        Forget(large, length, drop);
        var offsets = Offsets(length);
        report("random-miss", ReadRandomly(large, offsets));
        report("random-hit", ReadRandomly(large, offsets));

        var python = Path.Combine(root, "usr", "bin", "python3");
        if (File.Exists(python))
        {
            report("import-cold", Program(python, "-B", "-I", "-c", Imports));
            report("import-warm", Program(python, "-B", "-I", "-c", Imports));
        }
    }

    private static double Program(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.StandardOutput.BaseStream.CopyTo(Stream.Null);
        process.WaitForExit();

        return process.ExitCode == 0
            ? clock.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }

    // Chosen by a stat, which a mount has cached by now, so that what follows is opens and reads only.
    private static string[] SmallFilesOf(string root) =>
    [
        .. new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(static file => file.LinkTarget is null && file.Length is > 0 and <= SmallFileBytes)
            .Select(static file => file.FullName)
            .Order(StringComparer.Ordinal)
            .Take(SmallFiles),
    ];

    private static double ReadAll(string[] files)
    {
        var buffer = new byte[SmallFileBytes];
        var clock = Stopwatch.StartNew();
        foreach (var path in files)
        {
            using var file = File.OpenHandle(path);
            RandomAccess.Read(file, buffer, 0);
        }

        return clock.Elapsed.TotalSeconds;
    }

    private static double ReadSequentially(SafeFileHandle file, long length)
    {
        var buffer = new byte[ChunkBytes];
        var clock = Stopwatch.StartNew();
        for (long offset = 0; offset < length;)
        {
            offset += RandomAccess.Read(file, buffer, offset);
        }

        return clock.Elapsed.TotalSeconds;
    }

    private static double ReadTwice(string path, long length, bool drop)
    {
        using var first = File.OpenHandle(path);
        using var second = File.OpenHandle(path);
        Forget(first, length, drop);
        var clock = Stopwatch.StartNew();
        Parallel.Invoke(() => ReadSequentially(first, length), () => ReadSequentially(second, length));

        return clock.Elapsed.TotalSeconds;
    }

    private static double ReadRandomly(SafeFileHandle file, long[] offsets)
    {
        var buffer = new byte[BlockBytes];
        var clock = Stopwatch.StartNew();
        foreach (var offset in offsets)
        {
            RandomAccess.Read(file, buffer, offset);
        }

        return clock.Elapsed.TotalSeconds;
    }

    private static long[] Offsets(long length)
    {
        var random = new Random(1);
        var blocks = Enumerable.Range(0, (int)(length / BlockBytes)).ToArray();
        random.Shuffle(blocks);

        return [.. blocks.Take(RandomReads).Select(static block => (long)block * BlockBytes)];
    }

    // A mount's own pages go, those of what lies below stay. The file itself, as the reference, keeps its pages.
    private static void Forget(SafeFileHandle file, long length, bool drop)
    {
        if (drop)
        {
            _ = Advise(file, 0, length, AdviseDontNeed);
        }

        _ = Advise(file, 0, length, AdviseRandom);
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise64")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}

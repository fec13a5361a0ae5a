using System.Diagnostics;

namespace Larder.Bench.HitRatio;

/// <summary>Finds the shared traces, and makes the ones that are too long to be stored in the common form.</summary>
internal static class TraceLibrary
{
    /// <summary>Every trace in the order of the reference tables.</summary>
    public static readonly string[] Names =
    [
        "lirs-loop", "lirs-glimpse", "lirs-cpp", "lirs-multi3", "lirs-2pools", "lirs-sprite", "arc-oltp", "arc-p3",
        "cloudphysics-w106", "cloudphysics-io", "cache2k-web07", "cache2k-web12", "cache2k-orm-busy",
        "cache2k-orm-night", "scarab-recs", "corda-vault", "adaptsize-web", "meta-cdn-synth", "meta-kv-synth",
        "oci-dal09-replay", "build-opens-cmake-c", "ci-cachelib-full", "ci-cachelib-incr", "ci-bitfaster-full",
        "ci-bitfaster-incr",
    ];

    /// <summary>The shared data: LARDER_SHARED, else ../shared beside the repository that holds the working directory.</summary>
    /// <returns>Null when it is not there.</returns>
    public static string? FindShared()
    {
        if (Environment.GetEnvironmentVariable("LARDER_SHARED") is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : null;
        }

        for (DirectoryInfo? at = new(Environment.CurrentDirectory); at is not null; at = at.Parent)
        {
            string shared = Path.Combine(at.FullName, "..", "shared");

            if (File.Exists(Path.Combine(at.FullName, "Larder.slnx")))
            {
                return Directory.Exists(shared) ? Path.GetFullPath(shared) : null;
            }
        }

        return null;
    }

    /// <summary>Loads one trace, decoding it first when only its raw form is shared.</summary>
    /// <remarks>The scratch directory receives what has to be decoded, and keeps it between runs.</remarks>
    public static Trace Load(string shared, string scratch, string name)
    {
        string traces = Path.Combine(shared, "traces");
        string ready = Path.Combine(traces, "norm", name + ".bin.gz");
        string made = Path.Combine(scratch, "norm", name + ".bin.gz");

        if (!File.Exists(ready) && !File.Exists(made))
        {
            Decode(traces, scratch, name);
        }

        return Trace.Read(name, File.Exists(ready) ? ready : made);
    }

    private static void Decode(string traces, string scratch, string name)
    {
        Directory.CreateDirectory(scratch);

        // The decoder reads and writes below one root, so the root is a scratch directory with links to the sources.
        foreach (string source in (string[])["raw", "derived"])
        {
            string link = Path.Combine(scratch, source);

            if (!Directory.Exists(link))
            {
                Directory.CreateSymbolicLink(link, Path.Combine(traces, source));
            }
        }

        Console.Error.WriteLine($"decoding {name} (once)");
        ProcessStartInfo start = new("python3", [Path.Combine(traces, "decode.py"), "norm", name]);
        start.Environment["TRACES"] = scratch;
        start.RedirectStandardOutput = true;
        using Process decoder = Process.Start(start) ?? throw new InvalidOperationException("python3 did not start.");
        decoder.StandardOutput.ReadToEnd();
        decoder.WaitForExit();

        if (decoder.ExitCode != 0)
        {
            throw new InvalidOperationException($"decode.py norm {name} failed with exit code {decoder.ExitCode}.");
        }
    }
}

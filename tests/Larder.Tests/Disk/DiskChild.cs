using System.Diagnostics;
using System.Globalization;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Disk;

/// <summary>
/// The work of a second process on a cache directory. The runtime calls it, as a startup hook, before the test
/// runner's main method.
/// </summary>
internal static class DiskChild
{
    private const string Variable = "LARDER_DISK_CHILD";

    private static readonly Lock Gate = new();

    /// <summary>Starts a child that waits for a line on its input before it does anything.</summary>
    public static Process Start(string role, string root, int seed, long capacityBytes)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add(typeof(DiskChild).Assembly.Location);
        }

        start.Environment[Variable] = string.Create(CultureInfo.InvariantCulture, $"{role}|{root}|{seed}|{capacityBytes}");
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(DiskChild).Assembly.Location;
        start.Environment["DOTNET_TieredPGO"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException("The child did not start.");
    }

    /// <summary>The payload of one version of a key: says which it is, and is as long as that makes it.</summary>
    public static byte[] Payload(int key, int version)
    {
        var bytes = DiskDirectory.Bytes((key * 1000) + version, 16 + (int)(((key * 7919L) + (version * 104_729L)) % 90_000));
        BitConverter.TryWriteBytes(bytes, key);
        BitConverter.TryWriteBytes(bytes.AsSpan(4), version);
        return bytes;
    }

    public static ArtifactKey KeyOf(int key) => DiskDirectory.Key(key % 3 == 0 ? DiskDirectory.Raw : DiskDirectory.Framed, key);

    /// <summary>Does the work that the environment asks for, and ends the process.</summary>
    public static void Run()
    {
        var arguments = Environment.GetEnvironmentVariable(Variable)!; // Set by Start, together with the hook.
        var parts = arguments.Split('|');
        if (parts[0] == "writer")
        {
            WarmUpAsync().GetAwaiter().GetResult();
        }

        if (Console.In.ReadLine() is null)
        {
            // Whoever started this process is gone.
            Environment.Exit(1);
        }

        RunAsync(parts[0], parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture), long.Parse(parts[3], CultureInfo.InvariantCulture))
            .GetAwaiter().GetResult();
        Environment.Exit(0);
    }

    private static async Task RunAsync(string role, string root, int seed, long capacityBytes)
    {
        var options = new DiskTierOptions
        {
            Directory = root,
            CapacityBytes = capacityBytes,
            Mode = role == "adder" ? DiskTierMode.Shared : DiskTierMode.Owner,
            ScrubInterval = TimeSpan.Zero,
        };
        await using var tier = await DiskTier.OpenAsync(
            options, DiskDirectory.OptionsOf, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        await (role == "adder" ? AddAsync(tier, seed) : WriteForeverAsync(tier, seed));
    }

    private static void Say(IEnumerable<string> lines)
    {
        lock (Gate)
        {
            foreach (var line in lines)
            {
                Console.Out.WriteLine(line);
            }

            Console.Out.Flush();
        }
    }

    // Has everything compiled, so that a child that lives for milliseconds writes in them.
    private static async Task WarmUpAsync()
    {
        using var scratch = new DiskDirectory();
        await using var tier = await scratch.OpenRecoveredAsync();
        for (var i = 0; i < 6; i++)
        {
            await DiskDirectory.PutAsync(tier, KeyOf(i % 3), Payload(i, i));
            await DiskDirectory.PutAsync(tier, DiskDirectory.Key(DiskDirectory.Framed, i), new byte[100_000]);
        }

        tier.WriteIndex();
        await tier.FlushAsync(CancellationToken.None);
    }

    // One hundred writers at a time put the same two hundred keys.
    private static async Task AddAsync(DiskTier tier, int seed)
    {
        var failures = 0;
        await Task.WhenAll(Enumerable.Range(0, 100).Select(writer => Task.Run(async () =>
        {
            var random = new Random((seed * 1000) + writer);
            for (var i = 0; i < 20; i++)
            {
                var key = random.Next(200);
                var outcome = await DiskDirectory.PutAsync(tier, KeyOf(key), Payload(key, 0));
                if (outcome is not (PutOutcome.Stored or PutOutcome.AlreadyPresent)
                    || await DiskDirectory.GetAsync(tier, KeyOf(key)) is not { } read
                    || !read.AsSpan().SequenceEqual(Payload(key, 0)))
                {
                    Interlocked.Increment(ref failures);
                }
            }
        })));
        Say([failures.ToString(CultureInfo.InvariantCulture)]);
    }

    // Puts, replaces and removes until it is killed, and says which versions are flushed: "key version" lines.
    private static async Task WriteForeverAsync(DiskTier tier, int seed)
    {
        Say(["ready"]);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            // Each writer has its own keys, so that versions of a key only rise.
            var random = new Random((seed * 10) + writer);
            var written = new List<(int Key, int Version)>();
            for (var version = seed * 10_000; ; version++)
            {
                var key = (random.Next(60) * 4) + writer;
                if (await DiskDirectory.PutAsync(tier, KeyOf(key), Payload(key, version)) == PutOutcome.Stored)
                {
                    written.Add((key, version));
                }

                if (random.Next(5) == 0)
                {
                    tier.WriteIndex();
                }

                if (random.Next(8) == 0 && (await tier.FlushAsync(CancellationToken.None)).Failed == 0)
                {
                    Say(written.Select(static entry => $"{entry.Key} {entry.Version}"));
                    written.Clear();
                }
            }
        })));
    }
}

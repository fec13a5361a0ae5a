using System.Diagnostics;
using System.Globalization;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Bench.Disk;

/// <summary>
/// How long a disk tier with many artifacts takes until it serves and until its index is complete, and what an entry
/// costs in memory.
/// </summary>
internal static class DiskStartBench
{
    private const int DefaultEntries = 200_000;
    private const int PayloadBytes = 512;
    private const int Rounds = 3;
    private static readonly ArtifactKind Kind = ArtifactKind.Parse("bench");

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is ["measure", var name, var directory])
        {
            await MeasureAsync(directory, name);
            return 0;
        }

        var entries = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : DefaultEntries;
        var root = arguments.Length > 1 ? arguments[1] : Path.Combine(Path.GetTempPath(), "larder-bench-disk-start");
        await FillAsync(root, entries);
        Say("| start | ready ms | first hit ms | index complete ms | entries | from index file | bytes an entry (counted) | bytes an entry (heap) |");
        Say("|---|---|---|---|---|---|---|---|");
        for (var round = 0; round < Rounds; round++)
        {
            await MeasureElsewhereAsync(root, "with index file");
        }

        for (var round = 0; round < Rounds; round++)
        {
            File.Delete(Path.Combine(root, ".index"));
            await MeasureElsewhereAsync(root, "without index file");
        }

        return 0;
    }

    private static async Task FillAsync(string root, int entries)
    {
        await using var tier = await OpenAsync(root);
        await tier.Recovered;
        if (tier.GetStatistics().Entries == entries)
        {
            return;
        }

        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, entries), async (number, cancellationToken) =>
        {
            var payload = new byte[PayloadBytes];
            BitConverter.TryWriteBytes(payload, number);
            await using var writer = tier.BeginWrite(Key(number), payload.Length);
            await writer.WriteAsync(payload, cancellationToken);
            var result = await writer.CommitAsync(ArtifactWriter.AsWritten, cancellationToken);
            result.Lease.Dispose();
        });
        Say($"{entries} artifacts put in {clock.Elapsed.TotalSeconds:F1} s");
    }

    // In a process of its own, as a start is: compilation included, and a heap that holds nothing else.
    private static async Task MeasureElsewhereAsync(string root, string name)
    {
        using var process = Process.Start(Environment.ProcessPath!, ["disk-start", "measure", name, root]);
        await process.WaitForExitAsync();
    }

    private static async Task MeasureAsync(string root, string name)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clock = Stopwatch.StartNew();
        await using var tier = await OpenAsync(root);
        var ready = clock.Elapsed;
        using (var lease = await tier.GetAsync(Key(77), CancellationToken.None))
        {
            if (!lease.IsHit)
            {
                throw new InvalidOperationException("The tier does not serve.");
            }
        }

        var firstHit = clock.Elapsed;
        await tier.Recovered;
        var complete = clock.Elapsed;
        var heap = GC.GetTotalMemory(forceFullCollection: true) - before;
        var entries = tier.GetStatistics().Entries;
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {ready.TotalMilliseconds:F1} | {firstHit.TotalMilliseconds:F1} | {complete.TotalMilliseconds:F0} | {entries} | {tier.Recovery.RestoredFromIndex} | {(double)tier.GetUse().IndexMemoryBytes / entries:F1} | {(double)heap / entries:F1} |"));
    }

    private static void Say(string line) => Console.WriteLine(line);

    private static ArtifactKey Key(int number) => new(Kind, Fingerprint.OfContent(BitConverter.GetBytes(number)));

    private static ValueTask<DiskTier> OpenAsync(string root) => DiskTier.OpenAsync(
        new DiskTierOptions { Directory = root, ScrubInterval = TimeSpan.Zero },
        static _ => new KindOptions(),
        TimeProvider.System,
        NullLogger.Instance,
        CancellationToken.None);
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

[Trait("Category", "Crash")]
public sealed class DiskCrashTests(ITestOutputHelper output)
{
    private const int Rounds = 201;
    private const int Keys = 240;
    private const int Ahead = 2;
    private const int RoundsOfDirectory = 30;
    private const long AmpleBytes = 512L * 1024 * 1024;

    [Fact]
    public async Task A_writer_killed_at_any_moment_loses_nothing_flushed_and_leaves_nothing_damaged()
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var flushed = new Dictionary<int, int>();
        long served = 0;
        long orphans = 0;
        var directories = new List<DiskDirectory>();
        var ready = new Queue<Process>();
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                // The next ones start up while this one works.
                for (var ahead = round + ready.Count; ahead <= Math.Min(round + Ahead, Rounds - 1); ahead++)
                {
                    if (ahead % RoundsOfDirectory == 0)
                    {
                        directories.Add(new DiskDirectory());
                    }

                    ready.Enqueue(DiskChild.Start("writer", directories[ahead / RoundsOfDirectory].Root, ahead + 1, CapacityOf(ahead)));
                }

                if (round % RoundsOfDirectory == 0)
                {
                    flushed.Clear();
                }

                using var child = ready.Dequeue();
                await KillAsync(child, random.Next(1, 100), flushed);
                var (found, removed) = await CheckAsync(
                    directories[round / RoundsOfDirectory], flushed, CapacityOf(round), $"seed {seed} round {round}");
                served += found;
                orphans += removed;
            }
        }
        finally
        {
            foreach (var child in ready)
            {
                child.Kill();
                child.Dispose();
            }

            directories.ForEach(static directory => directory.Dispose());
        }

        output.WriteLine($"{served} artifacts read back, {orphans} orphans removed");
        Assert.True(served > Rounds, "The writers hardly wrote anything.");
        Assert.True(orphans > 0, "No writer was killed in the middle of a put.");
    }

    // Every other directory is so small that evictions run all the time; there only soundness can be asked for.
    private static long CapacityOf(int round) => round / RoundsOfDirectory % 2 == 0 ? AmpleBytes : 6L * 1024 * 1024;

    // Lets a child work for some milliseconds, and learns what it has flushed.
    private static async Task KillAsync(Process child, int milliseconds, Dictionary<int, int> flushed)
    {
        var lines = new ConcurrentQueue<string>();
        await child.StandardInput.WriteLineAsync("go");
        await child.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal("ready", await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        var reader = CollectAsync(child.StandardOutput, lines);
        await Task.Delay(milliseconds, TestContext.Current.CancellationToken);
        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        await reader;
        foreach (var line in lines)
        {
            var parts = line.Split(' ');
            flushed[int.Parse(parts[0], CultureInfo.InvariantCulture)] = int.Parse(parts[1], CultureInfo.InvariantCulture);
        }
    }

    private static async Task CollectAsync(StreamReader reader, ConcurrentQueue<string> lines)
    {
        // The last line may be cut by the kill: only a line that ends counts.
        var text = await reader.ReadToEndAsync();
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            lines.Enqueue(line);
        }
    }

    private static async Task<(long Found, int Orphans)> CheckAsync(
        DiskDirectory directory, Dictionary<int, int> flushed, long capacityBytes, string where)
    {
        var isAmple = capacityBytes == AmpleBytes;
        await using var tier = await directory.OpenRecoveredAsync(
            options => options with { CapacityBytes = capacityBytes });
        long found = 0;
        for (var key = 0; key < Keys; key++)
        {
            var read = await GetAsync(tier, DiskChild.KeyOf(key));
            if (read is null)
            {
                Assert.False(isAmple && flushed.ContainsKey(key), $"{where}: key {key} was flushed and is lost");
                continue;
            }

            found++;
            var version = BitConverter.ToInt32(read, 4);
            Assert.True(DiskChild.Payload(key, version).AsSpan().SequenceEqual(read), $"{where}: key {key} is damaged");
            Assert.True(!flushed.TryGetValue(key, out var least) || version >= least, $"{where}: key {key} went back in time");
        }

        Assert.DoesNotContain(
            Directory.GetFiles(directory.Root + "/.tmp"), static name => !name.EndsWith(".alive", StringComparison.Ordinal));
        AssertBalanced(tier);
        Assert.True(DiskCapacityTests.DiskUse(directory.Root) <= tier.GetStatistics().CapacityBytes, where);
        Assert.Equal(0, tier.GetStatistics().Kinds.Sum(static kind => kind.Quarantined));
        return (found, tier.Recovery.OrphansRemoved);
    }
}

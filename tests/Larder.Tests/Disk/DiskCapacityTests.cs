using System.Collections.Concurrent;
using System.Diagnostics;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Disk;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

public sealed class DiskCapacityTests
{
    private const long MiB = 1024 * 1024;

    [Fact]
    public async Task What_lies_on_disk_never_exceeds_the_capacity_at_any_instant()
    {
        const long Capacity = 16 * MiB;
        using var mount = DiskMount.Temporary(64 * MiB);
        var directory = new DiskDirectory(mount.Root + "/cache");
        var reports = new ConcurrentQueue<EvictionReport>();
        await using var tier = await directory.OpenRecoveredAsync(
            options => options with { CapacityBytes = Capacity, Evicted = reports.Enqueue });
        using var done = new CancellationTokenSource();
        var watcher = Task.Run(() => Watch(tier, mount, Capacity, done.Token));

        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (writer, _) =>
        {
            var random = new Random(writer);
            for (var i = 0; i < 150; i++)
            {
                var key = Key(random.Next(2) == 0 ? Framed : Raw, random.Next(500));
                var length = random.Next(4) == 0 ? random.Next(1_000_000) : random.Next(20_000);
                await PutAsync(tier, key, Bytes(i, length), length: random.Next(2) == 0 ? length : -1);
                await GetAsync(tier, Key(Framed, random.Next(500)));
            }
        });
        await done.CancelAsync();
        var (most, mostBooked) = await watcher;

        Assert.True(most <= Capacity, $"the file system holds {most} of {Capacity}");
        Assert.True(mostBooked <= Capacity, $"booked {mostBooked} of {Capacity}");
        Assert.True(most > Capacity / 2, $"only {most} were ever used");
        Assert.NotEmpty(reports);
        var statistics = tier.GetStatistics();
        Assert.Equal(statistics.Kinds.Sum(static kind => kind.Evicted), reports.Sum(static report => report.Entries));
        Assert.Equal(statistics.Kinds.Sum(static kind => kind.EvictedBytes), reports.Sum(static report => report.Bytes));
        Assert.Equal(0, statistics.ReservedBytes);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task What_du_sees_stays_within_the_capacity()
    {
        const long Capacity = 16 * MiB;
        using var directory = DiskDirectory.OnDisk();
        await using var tier = await directory.OpenRecoveredAsync(static options => options with { CapacityBytes = Capacity });
        var random = new Random(5);

        for (var i = 0; i < 2000; i++)
        {
            var length = i % 50 == 0 ? random.Next(1_000_000) : random.Next(10_000);
            await PutAsync(tier, Key(i % 2 == 0 ? Framed : Raw, i), Bytes(i, length));
            if (i % 100 == 99)
            {
                tier.WriteIndex();
                Assert.True(DiskUse(directory.Root) <= Capacity);
            }
        }

        AssertBalanced(tier);
    }

    [Fact]
    public async Task Used_entries_outlive_unused_ones()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync(static options => options with { MaxEntries = 100 });
        for (var i = 0; i < 100; i++)
        {
            await PutAsync(tier, Key(Framed, i), Bytes(i, 100));
        }

        for (var i = 0; i < 1000; i++)
        {
            if (i % 10 == 0)
            {
                for (var used = 0; used < 50; used += 5)
                {
                    Assert.NotNull(await GetAsync(tier, Key(Framed, used)));
                }
            }

            await PutAsync(tier, Key(Framed, 1000 + i), Bytes(i, 100));
        }

        Assert.Equal(100, tier.GetStatistics().Entries);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Leased_entries_are_spared_and_eviction_leaves_leases_readable()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync(static options => options with { CapacityBytes = 4 * MiB });
        await PutAsync(tier, Key(Framed, 0), Bytes(0, 1_000_000));
        var lease = await tier.GetAsync(Key(Framed, 0), CancellationToken.None);

        for (var i = 1; i < 40; i++)
        {
            Assert.Equal(PutOutcome.Stored, await PutAsync(tier, Key(Framed, i), Bytes(i, 500_000)));
        }

        Assert.Equal(Bytes(0, 1_000_000), ReadAll(lease.Content));
        Assert.NotNull(await GetAsync(tier, Key(Framed, 0)));

        // By entries even a leased one goes; its bytes stay until the lease does.
        tier.Resize(4 * MiB, 0);
        await WaitUntilAsync(() => tier.GetStatistics().Entries == 0);
        Assert.Equal(Bytes(0, 1_000_000), ReadAll(lease.Content));
        var used = tier.GetUse().UsedBytes;
        Assert.True(used > 1_000_000);
        lease.Dispose();
        Assert.True(tier.GetUse().UsedBytes <= used - 1_000_000);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_put_that_only_leased_entries_leave_no_room_for_is_refused()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync(static options => options with { CapacityBytes = 4 * MiB });
        var leases = new List<ArtifactLease>();
        for (var i = 0; i < 3; i++)
        {
            await PutAsync(tier, Key(Framed, i), Bytes(i, 1_100_000));
            leases.Add(await tier.GetAsync(Key(Framed, i), CancellationToken.None));
            Assert.True(leases[i].IsHit);
        }

        Assert.Equal(PutOutcome.NoSpace, await PutAsync(tier, Key(Framed, 9), Bytes(9, 2_000_000)));

        Assert.Equal(0, tier.GetStatistics().ReservedBytes);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Bytes(i, 1_100_000), ReadAll(leases[i].Content));
            leases[i].Dispose();
        }

        Assert.Equal(PutOutcome.Stored, await PutAsync(tier, Key(Framed, 9), Bytes(9, 2_000_000)));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task What_is_too_large_or_switched_off_is_refused()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync(static options => options with { CapacityBytes = MiB });

        Assert.Equal(PutOutcome.TooLarge, await PutAsync(tier, Key(Framed, 1), Bytes(1, 2_000_000)));
        Assert.Equal(PutOutcome.TooLarge, await PutAsync(tier, Key(Framed, 1), Bytes(1, 2_000_000), length: -1));
        tier.Resize(0, -1);
        Assert.Equal(PutOutcome.Disabled, await PutAsync(tier, Key(Framed, 1), Bytes(1, 10)));
        Assert.Null(await GetAsync(tier, Key(Framed, 1)));

        AssertBalanced(tier);
    }

    [Fact]
    public async Task Lowering_the_capacity_keeps_the_hottest_and_says_why()
    {
        using var directory = new DiskDirectory();
        var reports = new ConcurrentQueue<EvictionReport>();
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Evicted = reports.Enqueue });
        for (var i = 0; i < 100; i++)
        {
            await PutAsync(tier, Key(Framed, i), Bytes(i, 10_000));
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.NotNull(await GetAsync(tier, Key(Framed, i)));
        }

        tier.Resize(64 * MiB, 30);
        await WaitUntilAsync(() => tier.GetStatistics().Entries == 30);

        for (var i = 0; i < 20; i++)
        {
            Assert.NotNull(await GetAsync(tier, Key(Framed, i)));
        }

        Assert.Equal(70, reports.Sum(static report => report.Entries));
        Assert.All(reports, static report => Assert.Equal(RemovalReason.Resized, report.Reason));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task All_entries_of_an_owner_go_and_no_others()
    {
        using var directory = new DiskDirectory();
        await using (var tier = await directory.OpenAsync())
        {
            for (var i = 0; i < 40; i++)
            {
                var owner = (i % 4) switch { 0 => "a", 1 => "b", 2 => null, _ => "ab" };
                await PutAsync(tier, Key(i % 8 < 4 ? Framed : Raw, i), Bytes(i, 100), ArtifactWriter.AsWritten with { Owner = owner });
            }
        }

        // From the index file, and from the trailers.
        foreach (var keepsIndex in (bool[])[true, false])
        {
            if (!keepsIndex)
            {
                File.Delete(directory.Root + "/.index");
            }

            await using var tier = await directory.OpenAsync();
            Assert.Equal(10, await tier.InvalidateOwnerAsync(keepsIndex ? "a" : "b", CancellationToken.None));
            Assert.Equal(0, await tier.InvalidateOwnerAsync(keepsIndex ? "a" : "b", CancellationToken.None));
            Assert.Equal(keepsIndex ? 30 : 20, tier.GetStatistics().Entries);
            AssertBalanced(tier);
        }
    }

    internal static async Task WaitUntilAsync(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "The condition did not come true in 20 seconds.");
            await Task.Delay(5);
        }
    }

    // Adds up blocks of files and directories as du does.
    internal static long DiskUse(string path)
    {
        var io = Larder.Cache.Disk.Io.DiskIo.Default;
        long bytes = io.Stat(path, out var own) == Larder.Cache.Disk.Io.Errno.None ? own.AllocatedBytes : 0;
        var names = new List<(string Name, bool IsDirectory)>();
        io.ReadDirectory(path, names, static (found, name, type) =>
        {
            found.Add((name.ToString(), type == Larder.Cache.Disk.Io.DirectoryEntryType.Directory));
            return true;
        });
        foreach (var (name, isDirectory) in names)
        {
            if (isDirectory)
            {
                bytes += DiskUse($"{path}/{name}");
            }
            else if (io.Stat($"{path}/{name}", out var stamp) == Larder.Cache.Disk.Io.Errno.None)
            {
                bytes += stamp.AllocatedBytes;
            }
        }

        return bytes;
    }

    private static (long Most, long MostBooked) Watch(DiskTier tier, DiskMount mount, long capacity, CancellationToken done)
    {
        long most = 0;
        long mostBooked = 0;
        while (!done.IsCancellationRequested && most <= capacity)
        {
            mostBooked = Math.Max(mostBooked, tier.GetUse().UsedBytes);
            most = Math.Max(most, mount.UsedBytes);
        }

        return (most, mostBooked);
    }
}

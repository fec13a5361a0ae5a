using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Disk.Io;
using Larder.Tests.Support;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

public sealed class DiskRecoveryTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Recency_survives_a_restart_and_a_kill(bool isClean)
    {
        using var directory = new DiskDirectory();
        var tier = await directory.OpenRecoveredAsync();
        for (var i = 0; i < 60; i++)
        {
            await PutAsync(tier, Key(i % 2 == 0 ? Framed : Raw, i), Bytes(i, 100));
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.NotNull(await GetAsync(tier, Key(i % 2 == 0 ? Framed : Raw, i)));
        }

        // A kill leaves the index file as it was last written; what came later is on disk only.
        tier.WriteIndex();
        var index = await File.ReadAllBytesAsync(directory.Root + "/.index", Cancel);
        await PutAsync(tier, Key(Framed, 100), Bytes(100, 100));
        await tier.DisposeAsync();
        if (!isClean)
        {
            await File.WriteAllBytesAsync(directory.Root + "/.index", index, Cancel);
        }

        await using var reopened = await directory.OpenRecoveredAsync(static options => options with { MaxEntries = 26 });
        await DiskCapacityTests.WaitUntilAsync(() => reopened.GetStatistics().Entries == 26);

        Assert.Equal(isClean ? 61 : 60, reopened.Recovery.RestoredFromIndex);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(await GetAsync(reopened, Key(i % 2 == 0 ? Framed : Raw, i)) is not null, $"used entry {i} was evicted");
        }

        Assert.NotNull(await GetAsync(reopened, Key(Framed, 100)));
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task Any_index_file_however_damaged_is_only_slower()
    {
        using var directory = new DiskDirectory();
        await using (var tier = await directory.OpenRecoveredAsync())
        {
            for (var i = 0; i < 10; i++)
            {
                await PutAsync(tier, Key(i % 2 == 0 ? Framed : Raw, i), Bytes(i, 100));
            }
        }

        var index = await File.ReadAllBytesAsync(directory.Root + "/.index", Cancel);
        var claim = await File.ReadAllBytesAsync(directory.Root + "/.claim", Cancel);
        for (var i = 0; i < index.Length; i += 7)
        {
            var damaged = (byte[])index.Clone();
            damaged[i] ^= 0x10;
            await File.WriteAllBytesAsync(directory.Root + "/.index", i % 2 == 0 ? damaged : index[..i], Cancel);
            await File.WriteAllBytesAsync(directory.Root + "/.claim", claim[..(i % 24)], Cancel);
            await using var tier = await directory.OpenRecoveredAsync();
            Assert.Equal(0, tier.Recovery.RestoredFromIndex);
            Assert.Equal(10, tier.GetStatistics().Entries);
            AssertBalanced(tier);
        }
    }

    [Fact]
    public async Task Stale_entries_of_the_index_file_vanish_and_new_ones_appear()
    {
        using var directory = new DiskDirectory();
        await using (var tier = await directory.OpenAsync())
        {
            for (var i = 0; i < 10; i++)
            {
                await PutAsync(tier, Key(Framed, i), Bytes(i, 100));
            }
        }

        File.Delete(directory.PathOf(Key(Framed, 3)));
        await using (var shared = await directory.OpenAsync(static options => options with { Mode = DiskTierMode.Shared }))
        {
            await PutAsync(shared, Key(Framed, 50), Bytes(50, 100));
        }

        await using var reopened = await directory.OpenRecoveredAsync();

        var statistics = Assert.Single(reopened.GetStatistics().Kinds);
        Assert.Equal((10, 10, 0), (statistics.Entries, statistics.Recovered, statistics.Removed));
        Assert.Null(await GetAsync(reopened, Key(Framed, 3)));
        Assert.NotNull(await GetAsync(reopened, Key(Framed, 50)));
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task It_serves_and_stores_while_it_recovers()
    {
        using var directory = new DiskDirectory();
        await using (var tier = await directory.OpenAsync())
        {
            for (var i = 0; i < 50; i++)
            {
                await PutAsync(tier, Key(Framed, i), Bytes(i, 100));
            }
        }

        File.Delete(directory.Root + "/.index");
        using var gate = new ManualResetEventSlim();
        var io = new FaultyDiskIo
        {
            Before = (operation, _) =>
            {
                if (operation == DiskOperation.ReadDirectory)
                {
                    gate.Wait();
                }

                return Errno.None;
            },
        };

        await using var reopened = await directory.OpenAsync(options => options with { Io = io });
        Assert.False(reopened.Recovered.IsCompleted);
        Assert.Equal(Bytes(7, 100), await GetAsync(reopened, Key(Framed, 7)));
        Assert.Equal(PutOutcome.Stored, await PutAsync(reopened, Key(Framed, 70), Bytes(70, 100)));
        Assert.True(await reopened.RemoveAsync(Key(Framed, 8), RemovalReason.Removed, CancellationToken.None));
        Assert.Null(await GetAsync(reopened, Key(Framed, 8)));
        Assert.False(reopened.Recovery.IsComplete);
        gate.Set();
        await reopened.Recovered;

        Assert.Equal(50, reopened.GetStatistics().Entries);
        Assert.True(reopened.Recovery.IsComplete);
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task The_budget_holds_before_recovery_knows_what_a_killed_run_left()
    {
        using var directory = new DiskDirectory();
        const long Capacity = 8 * 1024 * 1024;
        byte[] claim;
        await using (var tier = await directory.OpenRecoveredAsync(static options => options with { CapacityBytes = Capacity }))
        {
            for (var i = 0; i < 14; i++)
            {
                await PutAsync(tier, Key(Framed, i), Bytes(i, 500_000));
            }

            claim = await File.ReadAllBytesAsync(directory.Root + "/.claim", Cancel);
        }

        // As after a kill: no index file, the claim as it was.
        File.Delete(directory.Root + "/.index");
        await File.WriteAllBytesAsync(directory.Root + "/.claim", claim, Cancel);
        using var gate = new ManualResetEventSlim();
        var io = new FaultyDiskIo
        {
            Before = (operation, _) =>
            {
                if (operation == DiskOperation.ReadDirectory)
                {
                    gate.Wait();
                }

                return Errno.None;
            },
        };
        await using var reopened = await directory.OpenAsync(options => options with { CapacityBytes = Capacity, Io = io });
        var put = PutAsync(reopened, Key(Framed, 100), Bytes(100, 2_000_000));
        await Task.Delay(100, Cancel);
        Assert.False(put.IsCompleted);
        Assert.True(DiskCapacityTests.DiskUse(directory.Root) <= Capacity);
        gate.Set();

        Assert.Equal(PutOutcome.Stored, await put);
        await reopened.Recovered;
        Assert.True(DiskCapacityTests.DiskUse(directory.Root) <= Capacity);
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task Foreign_files_and_directories_are_tolerated_and_kept()
    {
        using var directory = new DiskDirectory();
        await using (var tier = await directory.OpenAsync())
        {
            await PutAsync(tier, Key(Framed, 1), Bytes(1, 100));
        }

        var entryDirectory = Path.GetDirectoryName(directory.PathOf(Key(Framed, 1)))!;
        string[] foreign =
        [
            directory.Root + "/README", directory.Root + "/framed/notes", entryDirectory + "/short",
            entryDirectory + "/" + new string('A', 64), directory.Root + "/framed/zz/x", directory.Root + "/UPPER/aa/x",
            directory.Root + "/.hidden/x", directory.PathOf(Key(Framed, 2)) + "/nested",
        ];
        foreach (var path in foreign)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, "foreign", Cancel);
        }

        File.CreateSymbolicLink(directory.Root + "/framed/linked", "/");
        File.CreateSymbolicLink(directory.Root + "/link-to-root", "/");
        File.Delete(directory.Root + "/.index");
        await using var reopened = await directory.OpenRecoveredAsync();

        Assert.Equal(1, reopened.GetStatistics().Entries);
        Assert.Equal(Bytes(1, 100), await GetAsync(reopened, Key(Framed, 1)));
        await reopened.RescanAsync(Cancel);
        Assert.All(foreign, static path => Assert.True(File.Exists(path), path));
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task Half_of_a_raw_entry_is_a_miss_and_its_rest_goes()
    {
        using var directory = new DiskDirectory();
        await using (var tier = await directory.OpenAsync())
        {
            await PutAsync(tier, Key(Raw, 1), Bytes(1, 100));
            await PutAsync(tier, Key(Raw, 2), Bytes(2, 100));
        }

        File.Delete(directory.Root + "/.index");
        File.Delete(directory.PathOf(Key(Raw, 1)));
        File.Delete(directory.PathOf(Key(Raw, 2)) + ".meta");
        await using (await directory.OpenRecoveredAsync())
        {
            // It may belong to another process's commit.
            Assert.True(File.Exists(directory.PathOf(Key(Raw, 1)) + ".meta"));
        }

        File.Delete(directory.Root + "/.index");
        var later = new FaultyDiskIo { ClockOffset = TimeSpan.FromMinutes(5) };
        await using var reopened = await directory.OpenRecoveredAsync(options => options with { Io = later });

        Assert.Null(await GetAsync(reopened, Key(Raw, 1)));
        Assert.Null(await GetAsync(reopened, Key(Raw, 2)));
        Assert.False(File.Exists(directory.PathOf(Key(Raw, 1)) + ".meta"));
        Assert.Equal(0, reopened.GetStatistics().Entries);
        Assert.Equal(PutOutcome.Stored, await PutAsync(reopened, Key(Raw, 2), Bytes(2, 100)));
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task A_wall_clock_that_jumps_changes_nothing_but_dates()
    {
        using var directory = new DiskDirectory();
        var clock = new JumpingClock();
        await using (var tier = await directory.OpenRecoveredAsync(static options => options with { MaxEntries = 20 }, clock))
        {
            foreach (var (jump, first) in ((double, int)[])[(0, 0), (-20_000, 20), (40_000, 40), (-1e6, 60)])
            {
                clock.Jump(TimeSpan.FromDays(jump));
                for (var i = first; i < first + 20; i++)
                {
                    Assert.Equal(PutOutcome.Stored, await PutAsync(tier, Key(Framed, i), Bytes(i, 100)));
                }

                Assert.Equal(Bytes(first + 19, 100), await GetAsync(tier, Key(Framed, first + 19)));
                Assert.Equal(20, tier.GetStatistics().Entries);
            }

            // The newest are there although the clock says that they are the oldest.
            Assert.NotNull(await GetAsync(tier, Key(Framed, 79)));
            AssertBalanced(tier);
        }

        clock.Jump(TimeSpan.FromDays(-300_000));
        await using var reopened = await directory.OpenRecoveredAsync(static options => options with { MaxEntries = 20 }, clock);
        Assert.Equal(20, reopened.GetStatistics().Entries);
        Assert.NotNull(await GetAsync(reopened, Key(Framed, 79)));
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task A_proof_expires_after_the_interval_of_the_options()
    {
        using var directory = new DiskDirectory();
        var clock = new ManualTimeProvider();
        var io = new FaultyDiskIo();
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io }, clock);
        await PutAsync(tier, Key(Framed, 1), Bytes(1, 100));
        await Task.Delay(50, Cancel);
        await GetAsync(tier, Key(Framed, 1));
        var before = io.Count;
        (await tier.GetAsync(Key(Framed, 1), CancellationToken.None)).Dispose();
        var hot = io.Count - before;
        clock.Advance(TimeSpan.FromMinutes(11));
        before = io.Count;
        (await tier.GetAsync(Key(Framed, 1), CancellationToken.None)).Dispose();

        Assert.Equal(1, hot);
        Assert.True(io.Count - before > 2);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // A wall clock that a person sets; the monotonic clock runs on.
    private sealed class JumpingClock : TimeProvider
    {
        private TimeSpan _offset;

        public override DateTimeOffset GetUtcNow()
        {
            var ticks = DateTimeOffset.UtcNow.Ticks + _offset.Ticks;
            return new DateTimeOffset(Math.Clamp(ticks, 0, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero);
        }

        public void Jump(TimeSpan by) => _offset += by;
    }
}

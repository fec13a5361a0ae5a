using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Disk;
using Larder.Cache.Disk.Io;
using Larder.Tests.Support;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

/// <summary>A medium that is full, read-only or failing costs the put, never an entry.</summary>
public sealed class DiskMediumTests
{
    private const long MiB = 1024 * 1024;

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task A_full_file_system_evicts_and_retries_and_never_serves_less(DiskForm form)
    {
        using var mount = DiskMount.Temporary(4 * MiB);
        var directory = new DiskDirectory(mount.Root + "/cache");
        await using var tier = await directory.OpenRecoveredAsync();
        var stored = 0;
        for (var i = 0; i < 60; i++)
        {
            var outcome = await PutAsync(tier, Key(KindOf(form), i), Bytes(i, 300_000), length: i % 2 == 0 ? 300_000 : -1);
            Assert.True(outcome is PutOutcome.Stored or PutOutcome.NoSpace, outcome.ToString());
            if (outcome == PutOutcome.Stored)
            {
                stored++;
                Assert.Equal(Bytes(i, 300_000), await GetAsync(tier, Key(KindOf(form), i)));
            }

            Assert.Single(Directory.GetFiles(directory.Root + "/.tmp"));
        }

        Assert.True(stored > 50, $"only {stored} of 60 were stored");
        Assert.Equal(PutOutcome.NoSpace, await PutAsync(tier, Key(KindOf(form), 100), Bytes(1, (int)(5 * MiB))));
        Assert.Single(Directory.GetFiles(directory.Root + "/.tmp"));
        Assert.Equal(0, tier.GetStatistics().ReservedBytes);
        Assert.Equal(PutOutcome.Stored, await PutAsync(tier, Key(KindOf(form), 101), Bytes(2, 1000)));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_read_only_directory_is_served_and_refuses_puts()
    {
        using var directory = new DiskDirectory();
        await using (var tier = await directory.OpenAsync())
        {
            await PutAsync(tier, Key(Framed, 1), Bytes(1, 1000));
            await PutAsync(tier, Key(Raw, 2), Bytes(2, 1000));
        }

        using var mount = DiskMount.ReadOnly(directory.Root);
        await using var reopened = await directory.OpenRecoveredAsync();

        Assert.True(reopened.IsReadOnly);
        Assert.Equal(Bytes(1, 1000), await GetAsync(reopened, Key(Framed, 1)));
        Assert.Equal(Bytes(2, 1000), await GetAsync(reopened, Key(Raw, 2)));
        Assert.Equal(PutOutcome.Unavailable, await PutAsync(reopened, Key(Framed, 3), Bytes(3, 1000)));
        Assert.True(reopened.GetStatistics().Errors > 0);
        Assert.Equal(2, reopened.GetStatistics().Entries);
        AssertBalanced(reopened);
    }

    [Fact]
    public async Task A_directory_that_can_be_written_again_is_written_again()
    {
        using var directory = new DiskDirectory();
        var clock = new ManualTimeProvider();
        var error = Errno.None;
        var io = new FaultyDiskIo { Before = (operation, _) => operation == DiskOperation.Create ? error : Errno.None };
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io }, clock);

        error = Errno.ReadOnly;
        Assert.Equal(PutOutcome.Unavailable, await PutAsync(tier, Key(Framed, 1), Bytes(1, 10)));
        Assert.True(tier.IsReadOnly);
        error = Errno.None;
        Assert.Equal(PutOutcome.Unavailable, await PutAsync(tier, Key(Framed, 1), Bytes(1, 10)));
        clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(PutOutcome.Stored, await PutAsync(tier, Key(Framed, 1), Bytes(1, 10)));

        Assert.False(tier.IsReadOnly);
        Assert.Equal(1, tier.GetStatistics().Errors);
        AssertBalanced(tier);
    }

    [Theory]
    [InlineData(DiskForm.Framed, 100)]
    [InlineData(DiskForm.Raw, 100)]
    [InlineData(DiskForm.Framed, 400_000)]
    [InlineData(DiskForm.Raw, 400_000)]
    public async Task Every_single_failing_operation_of_a_put_leaves_nothing_or_all(DiskForm form, int length)
    {
        foreach (var error in (Errno[])[Errno.Io, Errno.NoSpace, Errno.Access, Errno.TooManyOpen])
        {
            for (var failing = 0; ; failing++)
            {
                using var directory = new DiskDirectory();
                var step = -1;
                var io = new FaultyDiskIo();
                await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io });
                io.Before = (_, _) => step >= 0 && step++ == failing ? error : Errno.None;

                step = 0;
                var outcome = await PutAsync(tier, Key(KindOf(form), 1), Bytes(1, length));
                var wasReached = step > failing;
                step = -1;

                var read = await GetAsync(tier, Key(KindOf(form), 1));
                var where = $"{error} at operation {failing}: {outcome}";
                Assert.True(read is null == outcome is not PutOutcome.Stored, where);
                Assert.True(read is null || read.AsSpan().SequenceEqual(Bytes(1, length)), where);
                Assert.True(Directory.GetFiles(directory.Root + "/.tmp").Length <= 1 || error != Errno.NoSpace, where);
                Assert.Equal(0, tier.GetStatistics().ReservedBytes);
                AssertBalanced(tier);
                if (!wasReached)
                {
                    Assert.Equal(PutOutcome.Stored, outcome);
                    break;
                }
            }
        }
    }

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task A_replacement_stopped_at_any_operation_leaves_the_old_entry_or_the_new(DiskForm form)
    {
        for (var stop = 0; ; stop++)
        {
            using var directory = new DiskDirectory();
            var key = Key(KindOf(form), 1);
            var step = -1;
            var io = new FaultyDiskIo();
            await using (var tier = await directory.OpenRecoveredAsync(options => options with { Io = io }))
            {
                await PutAsync(tier, key, Bytes(1, 1000));

                // From here on nothing reaches the disk any more, as after a kill.
                io.Before = (operation, _) => step >= 0 && step++ >= stop && operation != DiskOperation.StatFile ? Errno.Io : Errno.None;
                step = 0;
                await PutAsync(tier, key, Bytes(2, 1500));
            }

            foreach (var hasIndex in (bool[])[true, false])
            {
                if (!hasIndex)
                {
                    File.Delete(directory.Root + "/.index");
                }

                await using var reopened = await directory.OpenRecoveredAsync();
                var read = await GetAsync(reopened, key);
                Assert.True(read is not null, $"stopped at {stop}: the entry is lost");
                Assert.Equal(Bytes(read.Length == 1000 ? 1 : 2, read.Length), read);
                Assert.Equal(0, reopened.GetStatistics().Kinds.Sum(static kind => kind.Quarantined));
                AssertBalanced(reopened);
            }

            if (step <= stop)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task Short_reads_and_writes_are_continued()
    {
        using var directory = new DiskDirectory();
        var io = new FaultyDiskIo { ShortTransferBytes = 1000 };
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io });
        foreach (var kind in (ArtifactKind[])[Framed, Raw])
        {
            Assert.Equal(PutOutcome.Stored, await PutAsync(tier, Key(kind, 1), Bytes(1, 200_000)));
            tier.CloseIdleFiles();
            Assert.Equal(Bytes(1, 200_000), await GetAsync(tier, Key(kind, 1)));
        }

        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_medium_that_fails_reads_throttles_and_keeps_the_entry()
    {
        using var directory = new DiskDirectory();
        var error = Errno.None;
        var io = new FaultyDiskIo { Before = (operation, _) => operation == DiskOperation.Read ? error : Errno.None };
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io });
        await PutAsync(tier, Key(Framed, 1), Bytes(1, 1000));
        tier.CloseIdleFiles();

        error = Errno.Io;
        using (var lease = await tier.GetAsync(Key(Framed, 1), CancellationToken.None))
        {
            Assert.Equal(LookupOutcome.Throttled, lease.Outcome);
        }

        error = Errno.None;
        Assert.Equal(Bytes(1, 1000), await GetAsync(tier, Key(Framed, 1)));
        Assert.True(tier.GetStatistics().Errors > 0);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Running_out_of_descriptors_closes_idle_files_and_goes_on()
    {
        using var directory = new DiskDirectory();
        var failures = 0;
        var io = new FaultyDiskIo
        {
            Before = (operation, path) =>
                operation == DiskOperation.OpenRead && failures > 0 && path.Contains("/framed/", StringComparison.Ordinal) && failures-- > 0
                    ? Errno.TooManyOpen
                    : Errno.None,
        };
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io });
        await PutAsync(tier, Key(Framed, 1), Bytes(1, 1000));
        tier.CloseIdleFiles();

        failures = 1;

        Assert.Equal(Bytes(1, 1000), await GetAsync(tier, Key(Framed, 1)));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Files_that_cannot_be_removed_stay_booked_and_are_retried()
    {
        using var directory = new DiskDirectory();
        var clock = new ManualTimeProvider();
        var error = Errno.None;
        var io = new FaultyDiskIo
        {
            Before = (operation, path) =>
                operation == DiskOperation.Unlink && path.Contains("/framed/", StringComparison.Ordinal) ? error : Errno.None,
        };
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io }, clock);
        for (var i = 0; i < 10; i++)
        {
            await PutAsync(tier, Key(Framed, i), Bytes(i, 100_000));
        }

        var before = tier.GetUse().UsedBytes;
        error = Errno.Io;
        tier.Resize(64 * MiB, 2);
        await DiskCapacityTests.WaitUntilAsync(() => tier.GetStatistics().Entries == 2);

        Assert.Equal(before, tier.GetUse().UsedBytes);
        var gone = Enumerable.Range(0, 10).Count(i => GetAsync(tier, Key(Framed, i)).GetAwaiter().GetResult() is null);
        Assert.Equal(8, gone);
        error = Errno.None;
        clock.Advance(TimeSpan.FromSeconds(2));
        await DiskCapacityTests.WaitUntilAsync(() => tier.GetUse().UsedBytes < before - 700_000);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_flush_syncs_files_and_their_directories_and_says_so()
    {
        using var directory = new DiskDirectory();
        var syncs = 0;
        var io = new FaultyDiskIo
        {
            Before = (operation, _) =>
            {
                Interlocked.Add(ref syncs, operation == DiskOperation.Sync ? 1 : 0);
                return Errno.None;
            },
        };
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io });
        await PutAsync(tier, Key(Framed, 1), Bytes(1, 10));
        await PutAsync(tier, Key(Raw, 2), Bytes(2, 10));

        Assert.Equal(new DurabilityReport(0, 2, 0), await tier.FlushAsync(CancellationToken.None));

        // Three files, two entry directories, two kind directories, the root.
        Assert.Equal(8, syncs);
        Assert.Equal(new DurabilityReport(0, 2, 0), await tier.FlushAsync(CancellationToken.None));
        Assert.Equal(8, syncs);
    }

    [Fact]
    public async Task A_put_during_a_flush_keeps_its_own_sync()
    {
        using var directory = new DiskDirectory();
        DiskTier? tier = null;
        var isFirst = true;
        var io = new FaultyDiskIo();
        await using (tier = await directory.OpenRecoveredAsync(options => options with { Io = io, FlushParallelism = 1 }))
        {
            await PutAsync(tier, Key(Framed, 1), Bytes(1, 10));
            io.Before = (operation, _) =>
            {
                if (operation == DiskOperation.Sync && isFirst)
                {
                    isFirst = false;
                    PutAsync(tier, Key(Framed, 1), Bytes(2, 20)).GetAwaiter().GetResult();
                    PutAsync(tier, Key(Framed, 2), Bytes(2, 20)).GetAwaiter().GetResult();
                }

                return Errno.None;
            };

            var first = await tier.FlushAsync(CancellationToken.None);
            var second = await tier.FlushAsync(CancellationToken.None);

            Assert.Equal(2, first.Pending);
            Assert.Equal(new DurabilityReport(0, first.Durable + 2, 0), second);
        }
    }

    [Fact]
    public async Task An_entry_whose_sync_failed_is_removed_and_reported()
    {
        using var directory = new DiskDirectory();
        var fails = true;
        var io = new FaultyDiskIo { Before = (operation, _) => operation == DiskOperation.Sync && fails ? Errno.Io : Errno.None };
        await using var tier = await directory.OpenRecoveredAsync(options => options with { Io = io });
        await PutAsync(tier, Key(Framed, 1), Bytes(1, 10));

        Assert.Equal(new DurabilityReport(0, 0, 1), await tier.FlushAsync(CancellationToken.None));

        fails = false;
        Assert.Null(await GetAsync(tier, Key(Framed, 1)));
        Assert.Equal(new DurabilityReport(0, 0, 1), await tier.FlushAsync(CancellationToken.None));
        AssertBalanced(tier);
    }
}

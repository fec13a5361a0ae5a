using System.Globalization;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

public sealed class DiskSharedTests
{
    [Fact]
    public async Task Two_processes_with_a_hundred_writers_each_put_the_same_keys()
    {
        using var directory = new DiskDirectory();
        await using var owner = await directory.OpenRecoveredAsync();
        using var first = DiskChild.Start("adder", directory.Root, 1, 64 * 1024 * 1024);
        using var second = DiskChild.Start("adder", directory.Root, 2, 64 * 1024 * 1024);

        await first.StandardInput.WriteLineAsync("go");
        await second.StandardInput.WriteLineAsync("go");
        var failures = await Task.WhenAll(
            first.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            second.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await first.WaitForExitAsync(TestContext.Current.CancellationToken);
        await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        await owner.RescanAsync(TestContext.Current.CancellationToken);

        Assert.All(failures, static text => Assert.Equal(0, int.Parse(text, CultureInfo.InvariantCulture)));
        Assert.InRange(owner.GetStatistics().Entries, 190, 200);
        foreach (var key in Enumerable.Range(0, 200))
        {
            var read = await GetAsync(owner, DiskChild.KeyOf(key));
            Assert.True(read is null || read.AsSpan().SequenceEqual(DiskChild.Payload(key, 0)));
        }

        Assert.Single(Directory.GetFiles(directory.Root + "/.tmp"));
        Assert.Equal(0, owner.GetStatistics().Kinds.Sum(static kind => kind.Quarantined));
        AssertBalanced(owner);
    }

    [Fact]
    public async Task What_another_process_adds_or_removes_is_noticed_by_lookup_and_by_rescan()
    {
        using var directory = new DiskDirectory();
        await using var owner = await directory.OpenRecoveredAsync();
        await using var other = await directory.OpenRecoveredAsync(static options => options with { Mode = DiskTierMode.Shared });

        await PutAsync(other, Key(Framed, 1), Bytes(1, 1000));
        await PutAsync(other, Key(Raw, 2), Bytes(2, 1000));
        await PutAsync(owner, Key(Framed, 3), Bytes(3, 1000));

        Assert.Equal(Bytes(1, 1000), await GetAsync(owner, Key(Framed, 1)));
        Assert.Equal(Bytes(3, 1000), await GetAsync(other, Key(Framed, 3)));
        Assert.Equal(2, owner.GetStatistics().Entries);
        await owner.RescanAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, owner.GetStatistics().Entries);

        Assert.True(await other.RemoveAsync(Key(Framed, 1), RemovalReason.Removed, CancellationToken.None));
        File.Delete(directory.PathOf(Key(Raw, 2)));
        Assert.Null(await GetAsync(owner, Key(Framed, 1)));
        await owner.RescanAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, owner.GetStatistics().Entries);
        AssertBalanced(owner);
        AssertBalanced(other);
    }

    [Fact]
    public async Task A_replacement_by_another_process_is_noticed_by_an_open_file()
    {
        using var directory = new DiskDirectory();
        await using var owner = await directory.OpenRecoveredAsync();
        await using var other = await directory.OpenRecoveredAsync(static options => options with { Mode = DiskTierMode.Shared });
        await PutAsync(owner, Key(Framed, 1), Bytes(1, 1000));
        using var old = await owner.GetAsync(Key(Framed, 1), CancellationToken.None);

        Assert.Equal(PutOutcome.Stored, await PutAsync(other, Key(Framed, 1), Bytes(2, 50_000)));

        Assert.Equal(Bytes(2, 50_000), await GetAsync(owner, Key(Framed, 1)));
        Assert.Equal(Bytes(1, 1000), ReadAll(old.Content));
        Assert.Equal(1, owner.GetStatistics().Entries);
        AssertBalanced(owner);
        AssertBalanced(other);
    }

    [Fact]
    public async Task A_sharing_process_never_evicts_nor_moves_damaged_files()
    {
        using var directory = new DiskDirectory();
        await using var other = await directory.OpenRecoveredAsync(
            static options => options with { Mode = DiskTierMode.Shared, MaxEntries = 5 });
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(PutOutcome.Stored, await PutAsync(other, Key(Framed, i), Bytes(i, 1000)));
        }

        await File.AppendAllTextAsync(directory.PathOf(Key(Framed, 0)), "x", TestContext.Current.CancellationToken);

        Assert.Null(await GetAsync(other, Key(Framed, 0)));
        Assert.True(File.Exists(directory.PathOf(Key(Framed, 0))));
        for (var i = 1; i < 20; i++)
        {
            Assert.Equal(Bytes(i, 1000), await GetAsync(other, Key(Framed, i)));
        }

        Assert.True(other.GetStatistics().Entries <= 5);
        AssertBalanced(other);
    }

    [Fact]
    public async Task Unfinished_files_of_the_living_stay_and_those_of_the_dead_go()
    {
        using var directory = new DiskDirectory();
        await using var other = await directory.OpenAsync(static options => options with { Mode = DiskTierMode.Shared });
        await using var writer = other.BeginWrite(Key(Framed, 1));
        await writer.WriteAsync(Bytes(1, 100_000), CancellationToken.None);
        var unfinished = Assert.Single(
            Directory.GetFiles(directory.Root + "/.tmp"), static name => !name.EndsWith(".alive", StringComparison.Ordinal));
        var dead = $"{directory.Root}/.tmp/123-0123456789abcdef";
        foreach (var name in (string[])[dead + ".alive", dead + "-1", dead + "-22", directory.Root + "/.tmp/notes.txt"])
        {
            await File.WriteAllTextAsync(name, "x", TestContext.Current.CancellationToken);
        }

        await using var owner = await directory.OpenRecoveredAsync();

        Assert.True(File.Exists(unfinished));
        Assert.True(File.Exists(directory.Root + "/.tmp/notes.txt"));
        Assert.Empty(Directory.GetFiles(directory.Root + "/.tmp", "123-*"));
        Assert.Equal(2, owner.Recovery.OrphansRemoved);
        var result = await writer.CommitAsync(ArtifactWriter.AsWritten, CancellationToken.None);
        result.Lease.Dispose();
        Assert.Equal(PutOutcome.Stored, result.Outcome);
        Assert.Equal(Bytes(1, 100_000), await GetAsync(owner, Key(Framed, 1)));
    }
}

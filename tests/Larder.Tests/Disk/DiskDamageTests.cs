using System.Runtime.InteropServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

/// <summary>Whatever happens to the files, what is served is what was put.</summary>
public sealed partial class DiskDamageTests
{
    [Theory]
    [InlineData(DiskForm.Framed, "", true)]
    [InlineData(DiskForm.Framed, "", false)]
    [InlineData(DiskForm.Raw, "", true)]
    [InlineData(DiskForm.Raw, "", false)]
    [InlineData(DiskForm.Raw, ".meta", false)]
    public async Task A_flipped_bit_at_any_offset_is_a_miss(DiskForm form, string suffix, bool isOpen)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync(Small);
        var key = Key(KindOf(form), 1);
        var payload = Bytes(1, 300);
        await PutAsync(tier, key, payload, ArtifactWriter.AsWritten with { Owner = "o", Recipe = new byte[] { 1, 2, 3 } });
        var path = directory.PathOf(key);
        var files = Directory.GetFiles(Path.GetDirectoryName(path)!).ToDictionary(static name => name, File.ReadAllBytes);
        var target = path + suffix;

        for (var bit = 0; bit < files[target].Length * 8; bit += 1 + (bit % 3))
        {
            Restore(files);
            if (isOpen)
            {
                Assert.Equal(payload, await GetAsync(tier, key));
            }

            using (var file = File.OpenHandle(target, FileMode.Open, FileAccess.ReadWrite))
            {
                RandomAccess.Write(file, [(byte)(files[target][bit / 8] ^ (1 << (bit % 8)))], bit / 8);
            }

            if (!isOpen)
            {
                tier.CloseIdleFiles();
            }

            Assert.True(await GetAsync(tier, key) is null, $"bit {bit} of {target} was served");
        }

        Restore(files);
        Assert.Equal(payload, await GetAsync(tier, key));
        Assert.True(tier.GetStatistics().Kinds[0].Quarantined > files[target].Length);
        AssertBalanced(tier);
    }

    [Theory]
    [InlineData(DiskForm.Framed, "")]
    [InlineData(DiskForm.Raw, "")]
    [InlineData(DiskForm.Raw, ".meta")]
    public async Task A_file_cut_at_any_length_or_made_longer_is_a_miss(DiskForm form, string suffix)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync(Small);
        var key = Key(KindOf(form), 1);
        var payload = Bytes(1, 300);
        await PutAsync(tier, key, payload);
        var path = directory.PathOf(key);
        var files = Directory.GetFiles(Path.GetDirectoryName(path)!).ToDictionary(static name => name, File.ReadAllBytes);
        var target = path + suffix;

        for (var length = 0; length <= files[target].Length + 40; length++)
        {
            Restore(files);
            tier.CloseIdleFiles();
            using (var file = File.OpenHandle(target, FileMode.Open, FileAccess.ReadWrite))
            {
                RandomAccess.SetLength(file, length);
            }

            var found = await GetAsync(tier, key);

            Assert.True(length == files[target].Length ? found is not null : found is null, $"length {length} of {target}");
        }

        AssertBalanced(tier);
    }

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task Damage_in_a_large_open_file_is_noticed_at_the_next_lookup(DiskForm form)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var key = Key(KindOf(form), 1);
        var payload = Bytes(1, 5_000_000);
        await PutAsync(tier, key, payload);
        await Task.Delay(50, Cancel);
        Assert.Equal(payload, await GetAsync(tier, key));

        using (var file = File.OpenHandle(directory.PathOf(key), FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, [(byte)~payload[4_321_000]], 4_321_000);
        }

        Assert.Null(await GetAsync(tier, key));
        Assert.Equal(0, tier.GetStatistics().Entries);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_file_of_another_version_kind_or_key_is_a_miss()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var key = Key(Framed, 1);
        await PutAsync(tier, key, Bytes(1, 300));
        var original = await File.ReadAllBytesAsync(directory.PathOf(key), Cancel);
        var newer = (byte[])original.Clone();
        newer[^1] = (byte)'2';

        foreach (var (at, bytes) in ((ArtifactKey, byte[])[])
            [(key, newer), (Key(Framed, 2), original), (new ArtifactKey(Content, key.Fingerprint), original)])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(directory.PathOf(at))!);
            await File.WriteAllBytesAsync(directory.PathOf(at), bytes, Cancel);
            Assert.Null(await GetAsync(tier, at));
            Assert.False(File.Exists(directory.PathOf(at)));
        }

        Assert.Equal(3, Directory.GetFiles(directory.Root + "/.quarantine").Length);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_symbolic_link_is_never_followed_and_goes()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var key = Key(Framed, 1);
        await PutAsync(tier, key, Bytes(1, 300));
        var path = directory.PathOf(key);
        var elsewhere = directory.Root + "/elsewhere";
        File.Move(path, elsewhere);
        File.CreateSymbolicLink(path, elsewhere);

        Assert.Null(await GetAsync(tier, key));

        Assert.True(File.Exists(elsewhere));
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.Equal(PutOutcome.Stored, await PutAsync(tier, key, Bytes(1, 300)));
        Assert.Equal(Bytes(1, 300), await GetAsync(tier, key));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Foreign_things_in_an_entrys_place_are_left_alone()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var atDirectory = Key(Framed, 1);
        var atPipe = Key(Framed, 2);
        Directory.CreateDirectory(directory.PathOf(atDirectory));
        Directory.CreateDirectory(Path.GetDirectoryName(directory.PathOf(atPipe))!);
        Assert.Equal(0, MakePipe(directory.PathOf(atPipe), 0x1B6));

        Assert.Null(await GetAsync(tier, atDirectory));
        Assert.Null(await GetAsync(tier, atPipe));
        Assert.NotEqual(PutOutcome.Stored, await PutAsync(tier, atDirectory, Bytes(1, 300)));

        Assert.True(Directory.Exists(directory.PathOf(atDirectory)));
        Assert.True(File.Exists(directory.PathOf(atPipe)));
        Assert.Equal(0, tier.GetStatistics().ReservedBytes);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task The_quarantine_keeps_to_its_limits_over_restarts()
    {
        using var directory = new DiskDirectory();
        for (var run = 0; run < 3; run++)
        {
            await using var tier = await directory.OpenRecoveredAsync(
                static options => options with { QuarantineEntries = 5, QuarantineBytes = 1024 * 1024 });
            for (var i = 0; i < 10; i++)
            {
                await PutAsync(tier, Key(Framed, i), Bytes(i, 300));
                await File.AppendAllTextAsync(directory.PathOf(Key(Framed, i)), "x", Cancel);
                Assert.Null(await GetAsync(tier, Key(Framed, i)));
                Assert.True(Directory.GetFiles(directory.Root + "/.quarantine").Length <= 5);
            }

            Assert.Equal(5, Directory.GetFiles(directory.Root + "/.quarantine").Length);
            AssertBalanced(tier);
        }
    }

    [Fact]
    public async Task Scrubbing_finds_damage_that_nobody_reads()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync(static options => options with { ScrubBytesPerSecond = 0 });
        for (var i = 0; i < 20; i++)
        {
            await PutAsync(tier, Key(i % 2 == 0 ? Framed : Raw, i), Bytes(i, 100_000));
        }

        await File.WriteAllBytesAsync(directory.PathOf(Key(Framed, 4)), Bytes(99, 100), Cancel);
        await File.WriteAllBytesAsync(directory.PathOf(Key(Raw, 7)), Bytes(99, 100_000), Cancel);
        var steps = new List<ScrubProgress>();

        var report = await tier.ScrubAsync(new Collector(steps), CancellationToken.None);

        Assert.Equal((20, 2, 0), (report.Entries, report.Damaged, report.Unreadable));
        Assert.Equal(1_800_000, report.Bytes);
        Assert.Equal(20, steps.Count);
        Assert.Equal(18, tier.GetStatistics().Entries);
        Assert.Null(await GetAsync(tier, Key(Raw, 7)));
        AssertBalanced(tier);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static DiskTierOptions Small(DiskTierOptions options) => options with { QuarantineEntries = 2 };

    private static void Restore(Dictionary<string, byte[]> files)
    {
        foreach (var (name, bytes) in files)
        {
            File.Delete(name);
            File.WriteAllBytes(name, bytes);
        }
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);

    private sealed class Collector(List<ScrubProgress> steps) : IProgress<ScrubProgress>
    {
        public void Report(ScrubProgress value) => steps.Add(value);
    }
}

using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using static Larder.Tests.Disk.DiskDirectory;

namespace Larder.Tests.Disk;

public sealed class DiskTierTests
{
    public static TheoryData<DiskForm, int> FormsAndLengths()
    {
        var data = new TheoryData<DiskForm, int>();
        foreach (var form in Enum.GetValues<DiskForm>())
        {
            foreach (var length in (int[])[0, 1, 4096, 65_535, 65_536, 65_537, 131_072, 1_000_003, 3 * 1024 * 1024])
            {
                data.Add(form, length);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(FormsAndLengths))]
    public async Task What_was_put_is_read_back_with_its_metadata_now_and_after_a_restart(DiskForm form, int length)
    {
        using var directory = new DiskDirectory();
        var key = Key(KindOf(form), length);
        var payload = Bytes(length, length);
        var description = ArtifactWriter.AsWritten with
        {
            CreatedAt = new DateTimeOffset(2024, 2, 3, 4, 5, 6, TimeSpan.Zero),
            Cost = TimeSpan.FromMilliseconds(1234.5),
            Owner = "tenant-ä",
            Recipe = new byte[] { 1, 2, 3 },
            Attributes = ImmutableSortedDictionary<string, string>.Empty.Add("a", "1").Add("media", "text/plain; ü"),
        };
        await using (var tier = await directory.OpenAsync())
        {
            Assert.Equal(PutOutcome.Stored, await PutAsync(tier, key, payload, description));
            await AssertReadableAsync(tier);
            AssertBalanced(tier);
        }

        await using (var reopened = await directory.OpenAsync())
        {
            await AssertReadableAsync(reopened);
            await reopened.Recovered;
            await AssertReadableAsync(reopened);
            AssertBalanced(reopened);
        }

        async Task AssertReadableAsync(DiskTier tier)
        {
            using var lease = await tier.GetAsync(key, CancellationToken.None);
            Assert.True(lease.IsHit);
            Assert.Equal(TierKind.Disk, lease.Source);
            Assert.Equal(payload, ReadAll(lease.Content));
            Assert.Equal(Fingerprint.OfContent(payload), lease.Metadata.Digest);
            Assert.Equal(description.CreatedAt, lease.Metadata.CreatedAt);
            Assert.Equal(description.Cost, lease.Metadata.Cost);
            Assert.Equal(description.Owner, lease.Metadata.Owner);
            Assert.Equal(description.Recipe.ToArray(), lease.Metadata.Recipe.ToArray());
            Assert.Equal(description.Attributes, lease.Metadata.Attributes);
            var whole = new byte[length];
            Assert.Equal(length, RandomAccess.Read(lease.Content.File!, whole, 0));
            Assert.Equal(payload, whole);
        }
    }

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task Ranges_are_read_from_any_offset(DiskForm form)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenAsync();
        var key = Key(KindOf(form), 1);
        var payload = Bytes(1, 200_000);
        await PutAsync(tier, key, payload);

        using var lease = await tier.GetAsync(key, CancellationToken.None);

        foreach (var (offset, length) in ((int, int)[])[(0, 10), (65_530, 12), (199_990, 10), (100_000, 100_000)])
        {
            var range = new byte[length];
            Assert.Equal(length, lease.Content.Read(offset, range));
            Assert.Equal(payload[offset..(offset + length)], range);
        }

        Assert.Equal(0, lease.Content.Read(200_000, new byte[10]));
        Assert.Equal(5, lease.Content.Read(199_995, new byte[10]));
        Assert.Throws<ArgumentOutOfRangeException>(() => lease.Content.Read(200_001, new byte[1]));
    }

    [Theory]
    [InlineData(DiskForm.Framed, 1000)]
    [InlineData(DiskForm.Raw, 1000)]
    [InlineData(DiskForm.Framed, 300_000)]
    [InlineData(DiskForm.Raw, 300_000)]
    public async Task Bytes_of_unknown_length_come_in_any_pieces(DiskForm form, int length)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenAsync();
        var key = Key(KindOf(form), 1);
        var payload = Bytes(1, length);
        var random = new Random(7);

        await using (var writer = tier.BeginWrite(key))
        {
            for (var offset = 0; offset < length;)
            {
                var count = Math.Min(random.Next(1, 100_000), length - offset);
                Assert.Equal(PutOutcome.Stored, await writer.WriteAsync(payload.AsMemory(offset, count), CancellationToken.None));
                offset += count;
            }

            var result = await writer.CommitAsync(ArtifactWriter.AsWritten, CancellationToken.None);
            using var lease = result.Lease;
            Assert.Equal(PutOutcome.Stored, result.Outcome);
            Assert.Equal(payload, ReadAll(lease.Content));
        }

        Assert.Equal(payload, await GetAsync(tier, key));
        Assert.Equal(0, tier.GetStatistics().ReservedBytes);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_writer_that_is_not_committed_leaves_nothing()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenAsync();

        await using (var writer = tier.BeginWrite(Key(Framed, 1), 1_000_000))
        {
            await writer.WriteAsync(Bytes(1, 500_000), CancellationToken.None);
            Assert.True(tier.GetStatistics().ReservedBytes >= 1_000_000);
        }

        Assert.Equal(0, tier.GetStatistics().ReservedBytes);
        Assert.DoesNotContain(
            Directory.GetFiles(directory.Root + "/.tmp"), static name => !name.EndsWith(".alive", StringComparison.Ordinal));
        Assert.Null(await GetAsync(tier, Key(Framed, 1)));
        AssertBalanced(tier);
    }

    [Fact]
    public async Task Wrong_lengths_and_digests_are_refused()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenAsync();
        var payload = Bytes(1, 1000);

        Assert.Equal(PutOutcome.DigestMismatch, await PutAsync(tier, Key(Framed, 1), payload, length: 999));
        Assert.Equal(PutOutcome.DigestMismatch, await PutAsync(tier, Key(Framed, 1), payload, length: 1001));
        Assert.Equal(PutOutcome.DigestMismatch, await PutAsync(tier, Key(Framed, 1), payload, ArtifactWriter.AsWritten with { Length = 1 }));
        Assert.Equal(
            PutOutcome.DigestMismatch,
            await PutAsync(tier, Key(Framed, 1), payload, ArtifactWriter.AsWritten with { Digest = Fingerprint.OfNothing }));
        Assert.Equal(PutOutcome.DigestMismatch, await PutAsync(tier, Key(Content, 1), payload));
        Assert.Equal(
            PutOutcome.Stored, await PutAsync(tier, new ArtifactKey(Content, Fingerprint.OfContent(payload)), payload));

        Assert.Equal(1, tier.GetStatistics().Entries);
        AssertBalanced(tier);
    }

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task The_same_content_is_already_present_and_other_content_replaces_it(DiskForm form)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenAsync();
        var key = Key(KindOf(form), 1);
        await PutAsync(tier, key, Bytes(1, 5000));
        using var old = await tier.GetAsync(key, CancellationToken.None);

        var again = await PutAsync(tier, key, Bytes(1, 5000));
        var other = await PutAsync(tier, key, Bytes(2, 90_000));

        Assert.Equal(PutOutcome.AlreadyPresent, again);
        Assert.Equal(PutOutcome.Stored, other);
        Assert.Equal(Bytes(2, 90_000), await GetAsync(tier, key));
        Assert.Equal(Bytes(1, 5000), ReadAll(old.Content));
        var kind = Assert.Single(tier.GetStatistics().Kinds);
        Assert.Equal((3, 1, 1, 1), (kind.Puts, kind.Entries, kind.Replaced, kind.Refused));
        AssertBalanced(tier);
    }

    [Theory]
    [InlineData(DiskForm.Framed)]
    [InlineData(DiskForm.Raw)]
    public async Task Removal_leaves_leases_readable_and_no_files(DiskForm form)
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var key = Key(KindOf(form), 1);
        await PutAsync(tier, key, Bytes(1, 5000));
        var used = tier.GetUse().UsedBytes;
        var lease = await tier.GetAsync(key, CancellationToken.None);

        Assert.True(await tier.ContainsAsync(key, CancellationToken.None));
        Assert.True(await tier.RemoveAsync(key, RemovalReason.Removed, CancellationToken.None));
        Assert.False(await tier.RemoveAsync(key, RemovalReason.Removed, CancellationToken.None));

        Assert.False(await tier.ContainsAsync(key, CancellationToken.None));
        Assert.Null(await GetAsync(tier, key));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(directory.PathOf(key))!));
        Assert.Equal(Bytes(1, 5000), ReadAll(lease.Content));
        Assert.Equal(used, tier.GetUse().UsedBytes);
        lease.Dispose();
        Assert.True(tier.GetUse().UsedBytes < used);
        AssertBalanced(tier);
    }

    [Fact]
    public async Task A_hit_on_an_open_file_allocates_nothing_and_completes_at_once()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenRecoveredAsync();
        var key = Key(Framed, 1);
        await PutAsync(tier, key, Bytes(1, 4096));
        await Task.Delay(50, TestContext.Current.CancellationToken);
        await GetAsync(tier, key);

        Assert.Equal(0, await MeasureHitsAsync(tier, key, 20_000) / 20_000);
    }

    [Fact]
    public async Task A_second_owner_is_told_who_has_the_directory()
    {
        using var directory = new DiskDirectory();
        await using var tier = await directory.OpenAsync();

        var exception = await Assert.ThrowsAsync<CacheException>(async () => await directory.OpenAsync());

        Assert.Equal(CacheErrorKind.Locked, exception.Kind);
        Assert.Contains($"process {Environment.ProcessId}", exception.Message, StringComparison.Ordinal);
        Assert.Contains(directory.Root, exception.Message, StringComparison.Ordinal);
    }

    private static async Task<long> MeasureHitsAsync(DiskTier tier, ArtifactKey key, int count)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < count; i++)
        {
            var lookup = tier.GetAsync(key, CancellationToken.None);
            Assert.True(lookup.IsCompletedSuccessfully);
            using var lease = await lookup;
            Assert.True(lease.IsHit);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}

using Larder.Oci;
using Larder.Oci.Indexes;
using Larder.Oci.Layers;
using Larder.Oci.References;
using Larder.Tests.Oci.Compression;
using Larder.Tests.Oci.Support;
using Larder.Tests.Tiering;

namespace Larder.Tests.Oci.Layers;

public sealed class LayerStoreTests
{
    [Theory]
    [InlineData(LayerForm.Gzip)]
    [InlineData(LayerForm.GzipMembers)]
    [InlineData(LayerForm.Zstd)]
    [InlineData(LayerForm.Plain)]
    public async Task Files_of_a_layer_are_read_back_whatever_its_form(LayerForm form)
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, files) = LayerFixture.Mixed(1);
        var origin = fixture.Source.Add(archive, TestImages.BlobOf(archive, form));

        var index = await store.GetIndexAsync(origin);

        Assert.Equal(files.Count + 1, index.Count);
        Assert.Equal(archive.Length, index.ArchiveLength);
        await LayerFixture.AssertHoldsAsync(store, origin, index, files);
        Assert.Equal(1, fixture.Source.Requests);
        Assert.True(await store.IsFullyLocalAsync(index));

        // What is gone is fetched again, by ranges.
        await LayerFixture.EvictAsync(cache, index);
        await LayerFixture.AssertHoldsAsync(store, origin, index, files);
        Assert.DoesNotContain(null, fixture.Source.Ranges.Skip(1));
        Assert.Equal(1, store.GetStatus(index.DiffId)!.Imports);
        Assert.InRange(store.GetStatus(index.DiffId)!.RangeFetches, 1, index.Objects.Length);
        cache.Disk!.CheckIntegrity();
    }

    [Fact]
    public async Task The_same_archive_in_other_forms_is_one_layer()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync();
        var (archive, files) = LayerFixture.Mixed(2);
        var index = await store.GetIndexAsync(fixture.Source.Add(archive, BlobForms.Gzip(archive)));
        var asZstd = fixture.Source.Add(archive, BlobForms.ZstdStored(archive));

        var again = await store.GetIndexAsync(asZstd);

        Assert.Equal(1, fixture.Source.Requests);
        Assert.Equal(index.Objects.ToArray(), again.Objects.ToArray());
        await LayerFixture.AssertHoldsAsync(store, asZstd, again, files);
        Assert.Equal(1, fixture.Source.Requests);
    }

    [Fact]
    public async Task Large_files_are_shared_between_layers_and_names()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var large = InflaterTests.Random(3, 500_000);
        var first = new TarBuilder().File("a", large).ToArray();
        var second = new TarBuilder().File("b", "small").File("moved", large).File("copy", large).ToArray();
        await store.GetIndexAsync(fixture.Source.Add(first, first));

        var index = await store.GetIndexAsync(fixture.Source.Add(second, BlobForms.Gzip(second)));

        Assert.Equal(3, index.Objects.Length);
        Assert.Equal(index.Objects[1].Digest, index.Objects[2].Digest);
        Assert.Single(cache.Disk!.List(LayerKinds.File));
    }

    [Fact]
    public async Task A_hundred_readers_of_a_cold_layer_cause_one_download()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync();
        var (archive, files) = LayerFixture.Mixed(4);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));

        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => Task.Run(async () =>
        {
            var index = await store.GetIndexAsync(origin);
            var (path, content) = files.ElementAt(number % files.Count);
            Assert.Equal(content, await LayerFixture.ReadAsync(store, origin, index, path));
        })));

        Assert.Equal(1, fixture.Source.Requests);
        Assert.Equal(1, store.GetStatuses().Single().Imports);
    }

    [Fact]
    public async Task A_reader_waits_for_its_object_and_not_for_the_layer()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync(LayerFixture.Options with { MaxSkippedBytes = 0 });
        var (archive, files) = LayerFixture.Mixed(5);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var index = await store.GetIndexAsync(origin);
        await LayerFixture.EvictAsync(cache, index);
        await DropPointsAsync(cache);
        var half = new TaskCompletionSource();
        fixture.Source.BeforeRead = given => given < origin.Layer.Blob.Size / 2 ? Task.CompletedTask : half.Task;

        var early = await LayerFixture.ReadAsync(store, origin, index, "d/file1");
        var late = LayerFixture.ReadAsync(store, origin, index, "d/file59");

        Assert.Equal(files["d/file1"], early);
        Assert.False(late.IsCompleted);
        Assert.Equal(LayerActivity.Importing, store.GetStatus(index.DiffId)!.Activity);
        half.SetResult();
        Assert.Equal(files["d/file59"], await late);
        Assert.Equal(2, store.GetStatus(index.DiffId)!.Imports);
    }

    [Fact]
    public async Task One_who_gives_up_leaves_the_others_alone()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, files) = LayerFixture.Mixed(6);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var index = await store.GetIndexAsync(origin);
        await LayerFixture.EvictAsync(cache, index);
        await DropPointsAsync(cache);
        var gate = new TaskCompletionSource();
        fixture.Source.BeforeRead = _ => gate.Task;
        using var impatient = new CancellationTokenSource();

        var first = LayerFixture.ReadAsync(store, origin, index, "d/file5", impatient.Token);
        var second = LayerFixture.ReadAsync(store, origin, index, "d/file5");
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();

        Assert.Equal(files["d/file5"], await second);
        Assert.Equal(0, store.GetStatus(index.DiffId)!.Waiting);
    }

    [Fact]
    public async Task A_download_that_breaks_off_is_taken_up_where_it_was()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync();
        var (archive, files) = LayerFixture.Mixed(7);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var failures = 0;
        fixture.Source.BeforeRead = given => given > 100_000 * (failures + 1) && failures < 5
            ? throw new IOException($"The connection was reset, {++failures}.")
            : Task.CompletedTask;

        var index = await store.GetIndexAsync(origin);

        await LayerFixture.AssertHoldsAsync(store, origin, index, files);
        Assert.Equal(5, failures);
        Assert.Equal(origin.Layer.Blob.Size, fixture.Source.Bytes);
        Assert.Equal(5, store.GetStatus(index.DiffId)!.Resumes);
    }

    [Fact]
    public async Task A_configuration_that_lies_about_a_layer_is_refused()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, _) = LayerFixture.Mixed(8, files: 6);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive), OciDigest.Of("something else"u8));

        var exception = await Assert.ThrowsAsync<OciException>(() => store.GetIndexAsync(origin).AsTask());

        Assert.Equal(OciErrorKind.DigestMismatch, exception.Kind);
        Assert.Contains(OciDigest.Of(archive).ToString(), exception.Message, StringComparison.Ordinal);
        Assert.Empty(cache.Disk!.List(LayerKinds.Index));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.9)]
    public async Task A_blob_with_a_flipped_bit_is_refused(double where)
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, _) = LayerFixture.Mixed(9, files: 12);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        fixture.Source.Damage(origin, (int)(origin.Layer.Blob.Size * where));

        var exception = await Assert.ThrowsAsync<OciException>(() => store.GetIndexAsync(origin).AsTask());

        Assert.True(exception.Kind is OciErrorKind.InvalidLayer or OciErrorKind.DigestMismatch, exception.Message);
        Assert.Empty(cache.Disk!.List(LayerKinds.Index));
        Assert.Empty(cache.Disk!.List(LayerKinds.Points));
        Assert.NotNull(store.GetStatuses().Single().LastError);
    }

    [Fact]
    public async Task A_range_of_a_damaged_blob_is_never_served()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, _) = LayerFixture.Mixed(10, files: 12);
        var origin = fixture.Source.Add(archive, archive);
        var index = await store.GetIndexAsync(origin);
        await LayerFixture.EvictAsync(cache, index);
        var item = index.Objects[^1];
        fixture.Source.Damage(origin, (int)item.ArchiveOffset + 7);

        var exception = await Assert.ThrowsAsync<OciException>(() =>
            store.OpenObjectAsync(origin, index, index.Objects.Length - 1).AsTask());

        Assert.Equal(OciErrorKind.DigestMismatch, exception.Kind);
        Assert.False(await cache.ContainsAsync(LayerFixture.KeyOf(item)));
    }

    [Fact]
    public async Task A_damaged_object_on_disk_is_fetched_again()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, files) = LayerFixture.Mixed(11, files: 12);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var index = await store.GetIndexAsync(origin);
        cache.Disk!.CloseIdleFiles();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(fixture.Folder, "cache", "image-file"), "*", SearchOption.AllDirectories)
            .Where(static file => !file.EndsWith(".meta", StringComparison.Ordinal)))
        {
            using var stream = File.OpenWrite(file);
            stream.Position = 1_000;
            stream.WriteByte(0x5A);
            stream.WriteByte(0x5B);
        }

        await LayerFixture.AssertHoldsAsync(store, origin, index, files);

        Assert.InRange(store.GetStatus(index.DiffId)!.RangeFetches, 1, 100);
    }

    [Fact]
    public async Task A_second_node_asks_the_remote_tier_and_nobody_else()
    {
        await using var fixture = new LayerFixture();
        var remote = new FaultyRemoteStore();
        var (firstCache, first) = await fixture.OpenAsync(remote: remote, name: "first");
        var (archive, files) = LayerFixture.Mixed(12);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        await first.GetIndexAsync(origin);
        await firstCache.FlushAsync();
        var (_, second) = await fixture.OpenAsync(remote: remote, name: "second");

        var index = await second.GetIndexAsync(origin);
        await LayerFixture.AssertHoldsAsync(second, origin, index, files);

        Assert.Equal(1, fixture.Source.Requests);
        Assert.Equal(index.Objects.Length, second.GetStatus(index.DiffId)!.RemoteHits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_comes_from_elsewhere_is_opened_as_a_file_at_once(bool fromRemote)
    {
        await using var fixture = new LayerFixture();
        var remote = fromRemote ? new FaultyRemoteStore() : null;
        var (firstCache, first) = await fixture.OpenAsync(remote: remote, name: "first");
        var (archive, _) = LayerFixture.Mixed(17, files: 12);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var index = await first.GetIndexAsync(origin);
        await firstCache.FlushAsync();
        var (_, reader) = fromRemote ? await fixture.OpenAsync(remote: remote, name: "second") : (firstCache, first);
        if (!fromRemote)
        {
            await LayerFixture.EvictAsync(firstCache, index);
        }

        for (var number = 0; number < index.Objects.Length; number++)
        {
            using var lease = await reader.OpenObjectAsync(origin, index, number);

            Assert.True(lease.IsInFile, $"Object {number} is in memory.");
            Assert.Equal(index.Objects[number].Kind == LayerObjectKind.File, lease.IsWholeFile);
        }

        Assert.Equal(fromRemote ? index.Objects.Length : 0, reader.GetStatus(index.DiffId)!.RemoteHits);
    }

    [Fact]
    public async Task A_layer_larger_than_the_disk_is_read_by_ranges_within_the_capacity()
    {
        const long Capacity = 3_000_000;
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync(capacityBytes: Capacity);
        var (archive, files) = LayerFixture.Mixed(13, files: 90);
        Assert.True(archive.Length > 2 * Capacity);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var index = await store.GetIndexAsync(origin);

        await LayerFixture.AssertHoldsAsync(store, origin, index, files);

        Assert.InRange(cache.Disk!.GetUse().UsedBytes, 0, Capacity);
        cache.Disk.CheckIntegrity();
    }

    [Fact]
    public async Task A_file_larger_than_the_disk_tier_is_a_clear_error_and_not_a_download_without_end()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync(
            LayerFixture.Options with { FailureTtl = TimeSpan.FromMinutes(1) }, capacityBytes: 1_000_000);
        var archive = new TarBuilder().File("huge", InflaterTests.Random(14, 2_000_000)).ToArray();
        var origin = fixture.Source.Add(archive, archive);

        var first = await Assert.ThrowsAsync<OciException>(() => store.GetIndexAsync(origin).AsTask());
        var second = await Assert.ThrowsAsync<OciException>(() => store.GetIndexAsync(origin).AsTask());

        Assert.Equal(OciErrorKind.Storage, first.Kind);
        Assert.Contains("raise the capacity", first.Message, StringComparison.Ordinal);
        Assert.Equal(first.Message, second.Message);
        Assert.Equal(1, fixture.Source.Requests);
    }

    [Fact]
    public async Task Eviction_waits_for_open_leases()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, files) = LayerFixture.Mixed(15);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var index = await store.GetIndexAsync(origin);
        var number = index.Objects.ToArray().ToList().FindIndex(static item => item.Kind == LayerObjectKind.File);
        using var lease = await store.OpenObjectAsync(origin, index, number);
        var before = new byte[lease.Length];
        lease.Read(0, before);

        await LayerFixture.EvictAsync(cache, index);

        var after = new byte[lease.Length];
        Assert.Equal(after.Length, lease.Read(0, after));
        Assert.Equal(before, after);
        Assert.True(lease.IsWholeFile);
        Assert.False(store.TryOpenObject(index.Objects[number], out _));
        await LayerFixture.AssertHoldsAsync(store, origin, index, files);
    }

    [Fact]
    public async Task Sparse_files_keep_their_holes()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync();
        var start = InflaterTests.Random(16, 70_000);
        var middle = "in the middle"u8.ToArray();
        int[] forms = [0, 1, 10];
        foreach (var minor in forms)
        {
            var archive = new TarBuilder()
                .Sparse(TarMember.Of("dir/large"), minor, 1_000_000, (0, start), (500_000, middle))
                .Sparse(TarMember.Of("small"), minor, 30_000, (20_000, middle))
                .Sparse(TarMember.Of("hole"), minor, 5_000)
                .ToArray();
            var origin = fixture.Source.Add(archive, archive);

            var index = await store.GetIndexAsync(origin);

            var expected = new byte[1_000_000];
            start.CopyTo(expected, 0);
            middle.CopyTo(expected, 500_000);
            Assert.Equal(expected, await LayerFixture.ReadAsync(store, origin, index, "dir/large"));
            var small = await LayerFixture.ReadAsync(store, origin, index, "small");
            Assert.Equal([.. new byte[20_000], .. middle, .. new byte[10_000 - middle.Length]], small);
            Assert.Equal(new byte[5_000], await LayerFixture.ReadAsync(store, origin, index, "hole"));
        }
    }

    [Fact]
    public async Task A_bomb_is_stopped_at_its_ratio()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync(LayerFixture.Options with { MaxRatio = 100, MaxRatioFreeBytes = 5_000_000 });
        var archive = new TarBuilder().File("zeros", new byte[20_000_000]).ToArray();

        var exception = await Assert.ThrowsAsync<OciException>(
            () => store.GetIndexAsync(fixture.Source.Add(archive, BlobForms.Gzip(archive))).AsTask());

        Assert.Equal(OciErrorKind.LimitExceeded, exception.Kind);
        var limited = LayerFixture.Options with { MaxArchiveBytes = 10_000_000 };
        var (_, other) = await fixture.OpenAsync(limited, name: "other");
        exception = await Assert.ThrowsAsync<OciException>(() => other.GetIndexAsync(fixture.Source.Add(archive, archive)).AsTask());
        Assert.Equal(OciErrorKind.LimitExceeded, exception.Kind);
    }

    [Fact]
    public async Task Layers_that_readers_wait_for_go_first()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync(LayerFixture.Options with { ParallelImports = 1 });
        var gate = new TaskCompletionSource();
        var origins = Enumerable.Range(0, 4).Select(seed =>
        {
            var (archive, _) = LayerFixture.Mixed(20 + seed, files: 12);
            return fixture.Source.Add(archive, BlobForms.Gzip(archive));
        }).ToArray();
        var known = await store.GetIndexAsync(origins[3]);
        await LayerFixture.EvictAsync(cache, known);
        await DropPointsAsync(cache);
        fixture.Source.BeforeRead = _ => gate.Task;
        var waiting = origins[..3].Select(origin => store.GetIndexAsync(origin).AsTask()).ToArray();

        await WaitUntilAsync(() => store.GetStatuses().Count(static status => status.Activity == LayerActivity.Queued) == 2
            && store.GetStatuses().Count(static status => status.Activity == LayerActivity.Importing) == 1);

        // Two run: the first, and the one that is hurried into the extra place.
        var reading = store.OpenObjectAsync(origins[3], known, 0).AsTask();

        await WaitUntilAsync(() => store.GetStatus(known.DiffId)!.Activity == LayerActivity.Importing);
        Assert.Equal(2, store.GetStatuses().Count(static status => status.Activity == LayerActivity.Queued));
        gate.SetResult();
        (await reading).Dispose();
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task Closing_stops_what_runs()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var (archive, _) = LayerFixture.Mixed(30, files: 12);
        var origin = fixture.Source.Add(archive, archive);
        var began = new TaskCompletionSource();
        fixture.Source.BeforeRead = _ =>
        {
            began.TrySetResult();
            return Task.Delay(Timeout.Infinite);
        };
        var waiting = store.GetIndexAsync(origin).AsTask();
        await began.Task;

        await store.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, cache.Disk!.GetStatistics().ReservedBytes);
    }

    private static async Task DropPointsAsync(Larder.Cache.TieredCache cache)
    {
        foreach (var entry in cache.Disk!.List(LayerKinds.Points).ToArray())
        {
            await cache.RemoveAsync(entry.Key);
        }
    }

    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        for (var left = 600; !holds(); left--)
        {
            Assert.True(left > 0, "It did not come to pass in 60 seconds.");
            await Task.Delay(100);
        }
    }
}

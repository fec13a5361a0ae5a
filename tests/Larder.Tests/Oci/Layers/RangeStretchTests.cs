using Larder.Cache;
using Larder.Oci.Indexes;
using Larder.Oci.Layers;
using Larder.Tests.Oci.Compression;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Layers;

public sealed class RangeStretchTests
{
    private static LayerStoreOptions Options { get; } = LayerFixture.Options with
    {
        PackBytes = 128 * 1024,
        PointSpacingBytes = 1024 * 1024,
    };

    [Fact]
    public async Task Readers_of_one_stretch_share_one_reading()
    {
        await using var fixture = new LayerFixture();
        var (store, _, origin, index) = await EvictedAsync(fixture);
        var gate = new TaskCompletionSource();
        fixture.Source.BeforeRead = _ => gate.Task;
        var before = fixture.Source.Bytes;

        var readers = Enumerable.Range(0, 2 * index.Objects.Length)
            .Select(number => Task.Run(() => OpenAsync(store, origin, index, number % index.Objects.Length)))
            .ToArray();
        await WaitUntilAsync(() => store.GetStatus(index.DiffId)!.RangeFetches == index.Objects.Length);
        gate.SetResult();
        await Task.WhenAll(readers);

        Assert.InRange(fixture.Source.Bytes - before, 1, origin.Layer.Blob.Size * 3 / 2);
    }

    [Fact]
    public async Task What_lies_on_the_way_is_stored_and_nothing_behind_it_is_fetched()
    {
        await using var fixture = new LayerFixture();
        var (store, cache, origin, index) = await EvictedAsync(fixture);
        var wanted = index.Objects.ToArray().Count(static item => item.ArchiveOffset + item.ArchiveLength < 900_000) - 1;
        Assert.InRange(wanted, 3, index.Objects.Length - 10);
        var requests = fixture.Source.Requests;
        var bytes = fixture.Source.Bytes;

        await OpenAsync(store, origin, index, wanted);
        Assert.InRange(fixture.Source.Bytes - bytes, 1, 1_500_000);
        for (var number = 0; number < wanted; number++)
        {
            Assert.True(await cache.ContainsAsync(LayerFixture.KeyOf(index.Objects[number])), $"Object {number} was passed and is not here.");
            await OpenAsync(store, origin, index, number);
        }

        Assert.Equal(requests + 1, fixture.Source.Requests);
        Assert.False(await cache.ContainsAsync(LayerFixture.KeyOf(index.Objects[^1])));
        cache.Disk!.CheckIntegrity();
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_others_of_the_stretch_alone_and_the_last_one_ends_it()
    {
        await using var fixture = new LayerFixture();
        var (store, cache, origin, index) = await EvictedAsync(fixture);
        var gate = new TaskCompletionSource();
        fixture.Source.BeforeRead = _ => gate.Task;
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var given = OpenAsync(store, origin, index, 0, first.Token);
        var alsoGiven = OpenAsync(store, origin, index, 2, second.Token);
        await WaitUntilAsync(() => store.GetStatus(index.DiffId)!.RangeFetches == 2);

        await first.CancelAsync();
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => alsoGiven);
        using var third = new CancellationTokenSource();
        var cancelled = OpenAsync(store, origin, index, 1, third.Token);
        var patient = OpenAsync(store, origin, index, 3);
        await WaitUntilAsync(() => store.GetStatus(index.DiffId)!.RangeFetches == 4);
        await third.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        gate.SetResult();
        await patient;

        Assert.True(await cache.ContainsAsync(LayerFixture.KeyOf(index.Objects[3])));
        await OpenAsync(store, origin, index, 1);
        await WaitUntilAsync(() => cache.Disk!.GetStatistics().ReservedBytes == 0);
    }

    private static async Task<(LayerStore Store, TieredCache Cache, LayerOrigin Origin, LayerIndex Index)> EvictedAsync(LayerFixture fixture)
    {
        var (cache, store) = await fixture.OpenAsync(Options);
        var tar = new TarBuilder();
        for (var file = 0; file < 160; file++)
        {
            tar.File($"file{file}", InflaterTests.Random(file, 40_000));
        }

        var archive = tar.ToArray();
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        var index = await store.GetIndexAsync(origin);
        await LayerFixture.EvictAsync(cache, index);
        return (store, cache, origin, index);
    }

    // The digest of what is opened was compared when it was stored.
    private static async Task OpenAsync(
        LayerStore store, LayerOrigin origin, LayerIndex index, int number, CancellationToken cancellationToken = default)
    {
        using var lease = await store.OpenObjectAsync(origin, index, number, cancellationToken);
        Assert.Equal(index.Objects[number].Length, lease.Length);
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

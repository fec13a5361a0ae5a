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
        RestTime = TimeSpan.FromMinutes(1),
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Readers_one_after_the_other_go_on_where_the_last_one_ended(bool inMembers)
    {
        await using var fixture = new LayerFixture();
        var (store, _, origin, index) = await EvictedAsync(fixture, inMembers: inMembers);
        var numbers = Enumerable.Range(0, index.Objects.Length).OrderBy(number => index.Objects[number].ArchiveOffset);
        var before = fixture.Source.Bytes;

        foreach (var number in numbers)
        {
            await OpenAsync(store, origin, index, number);
        }

        Assert.InRange(fixture.Source.Bytes - before, 1, origin.Layer.Blob.Size);
    }

    [Fact]
    public async Task What_a_resting_reading_has_passed_is_read_again_and_what_is_far_behind_it_begins_elsewhere()
    {
        await using var fixture = new LayerFixture();
        var (store, cache, origin, index) = await EvictedAsync(fixture, inMembers: true);
        var numbers = Enumerable.Range(0, index.Objects.Length).OrderBy(number => index.Objects[number].ArchiveOffset).ToArray();
        var middle = numbers[numbers.Length / 2];
        await OpenAsync(store, origin, index, middle);
        var requests = fixture.Source.Requests;

        await OpenAsync(store, origin, index, numbers[^1]);
        Assert.Equal(requests + 1, fixture.Source.Requests);
        Assert.False(await cache.ContainsAsync(LayerFixture.KeyOf(index.Objects[numbers[(numbers.Length / 2) + 3]])));
        await cache.RemoveAsync(LayerFixture.KeyOf(index.Objects[middle]));
        await OpenAsync(store, origin, index, middle);
        await OpenAsync(store, origin, index, numbers[0]);
        cache.Disk!.CheckIntegrity();
    }

    [Fact]
    public async Task No_more_readings_rest_than_are_allowed_and_none_when_the_store_is_closed()
    {
        await using var fixture = new LayerFixture();
        var (store, _, origin, index) = await EvictedAsync(fixture, Options with { RestingReadings = 1 }, inMembers: true);
        var numbers = Enumerable.Range(0, index.Objects.Length).OrderBy(number => index.Objects[number].ArchiveOffset).ToArray();

        await OpenAsync(store, origin, index, numbers[0]);
        await WaitUntilAsync(() => fixture.Source.OpenStreams == 1);
        await OpenAsync(store, origin, index, numbers[^1]);
        await WaitUntilAsync(() => fixture.Source.OpenStreams == 1);
        await store.DisposeAsync();

        Assert.Equal(0, fixture.Source.OpenStreams);
    }

    [Fact]
    public async Task A_reading_rests_for_so_long_and_no_longer()
    {
        await using var fixture = new LayerFixture();
        var (store, _, origin, index) = await EvictedAsync(fixture, Options with { RestTime = TimeSpan.FromMilliseconds(20) });

        await OpenAsync(store, origin, index, 0);

        await WaitUntilAsync(() => fixture.Source.OpenStreams == 0);
    }

    private static async Task<(LayerStore Store, TieredCache Cache, LayerOrigin Origin, LayerIndex Index)> EvictedAsync(
        LayerFixture fixture, LayerStoreOptions? options = null, bool inMembers = false)
    {
        var (cache, store) = await fixture.OpenAsync(options ?? Options);
        var tar = new TarBuilder();
        for (var file = 0; file < 160; file++)
        {
            tar.File($"file{file}", InflaterTests.Random(file, 40_000));
        }

        var archive = tar.ToArray();
        var origin = fixture.Source.Add(archive, inMembers ? BlobForms.GzipMembers(archive, 1 << 20) : BlobForms.Gzip(archive));
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

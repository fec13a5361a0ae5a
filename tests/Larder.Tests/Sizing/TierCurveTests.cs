using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Memory;
using Larder.Cache.Sizing;
using Larder.Tests.Memory;

namespace Larder.Tests.Sizing;

/// <summary>What the tiers tell of their own lookups.</summary>
public sealed class TierCurveTests : IDisposable
{
    private static readonly ArtifactKind Other = ArtifactKind.Parse("other-kind");
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-sizing-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Curves_predict_the_hits_of_a_larger_tier()
    {
        // A loop over 60 entries of about 2.3 KB, in a tier that holds 20 of them: LRU would not hit once.
        var order = Enumerable.Range(0, 1200).Select(turn => turn % 60).ToArray();
        await using var small = await OpenAsync(20 * 2400);
        await RunAsync(small, order);
        await using var large = await OpenAsync(70 * 2400);
        await RunAsync(large, order);

        var memory = small.GetCurves()[0];
        var hits = large.Memory!.GetStatistics().Kinds.Single();

        Assert.Equal(TierKind.Memory, memory.Tier);
        Assert.Equal(20 * 2400, memory.CapacityBytes);
        Assert.Equal(1200, memory.Total.References, 1e-6);
        Assert.Equal(0, memory.Total.HitRatioAt(40 * 2048), 1e-6);
        Assert.Equal(hits.Hits / (double)hits.Lookups, memory.Total.HitRatioAt(70 * 2400), 1e-6);
        Assert.Equal(0.95, memory.Total.BestHitRatio, 1e-6);
        Assert.Equal(60, memory.Total.WorkingSetEntries, 1e-6);
        Assert.Equal(60 * 2400, memory.Total.WorkingSetBytes, 60 * 100.0);
        Assert.Equal(0.95, memory.Entries.HitRatioAt(64), 1e-6);
        Assert.Equal(0, memory.Entries.HitRatioAt(50), 1e-6);
    }

    [Fact]
    public async Task The_disk_tier_sees_what_memory_does_not_answer_once_each()
    {
        var order = Enumerable.Range(0, 600).Select(turn => turn % 60).ToArray();
        await using var cache = await OpenAsync(20 * 2400, disk: true);
        await RunAsync(cache, order);

        var disk = cache.GetCurves()[1];
        var memoryHits = cache.Memory!.GetStatistics().Kinds.Single().Hits;

        Assert.Equal(TierKind.Disk, disk.Tier);
        Assert.Equal(600 - memoryHits, disk.Total.References, 1e-6);
        Assert.Equal(60, disk.Total.WorkingSetEntries, 1e-6);
        Assert.Equal(60 * 4608, disk.Total.WorkingSetBytes, 1e-6);
        Assert.Equal(1 - (60 / (600.0 - memoryHits)), disk.Total.BestHitRatio, 1e-6);
    }

    [Fact]
    public async Task Kinds_are_told_apart_and_share_the_capacity()
    {
        await using var cache = await OpenAsync(1024 * 1024);
        for (var turn = 0; turn < 3; turn++)
        {
            for (var number = 0; number < 30; number++)
            {
                await FillAsync(cache, TierKit.Key(number));
                await FillAsync(cache, TierKit.Key(1000 + (turn * 30) + number, Other));
            }
        }

        var curves = cache.GetCurves()[0];
        Assert.Equal(["handler", "other-kind"], curves.Kinds.Select(kind => kind.Kind));
        var handler = curves.Kinds[0].Curve;
        Assert.Equal(90, handler.References, 1e-6);
        Assert.Equal(2 / 3.0, handler.BestHitRatio, 1e-6);
        Assert.Equal(30, handler.WorkingSetEntries, 1e-6);

        // Thirty of each come between two uses.
        Assert.Equal(0, handler.HitRatioAt(45 * 2400), 1e-6);
        Assert.Equal(0, curves.Kinds[1].Curve.BestHitRatio);
        Assert.Equal(1 / 3.0, curves.Total.BestHitRatio, 1e-6);
    }

    [Fact]
    public async Task What_was_removed_would_be_in_no_tier()
    {
        await using var cache = await OpenAsync(1024 * 1024, disk: true);
        for (var number = 0; number < 10; number++)
        {
            await FillAsync(cache, TierKit.Key(number));
        }

        for (var number = 0; number < 10; number++)
        {
            await cache.RemoveAsync(TierKit.Key(number), TestContext.Current.CancellationToken);
        }

        foreach (var tier in cache.GetCurves())
        {
            Assert.Equal(0, tier.Total.WorkingSetEntries);
        }

        await FillAsync(cache, TierKit.Key(1));
        Assert.Equal(0, cache.GetCurves()[0].Total.BestHitRatio);
    }

    [Fact]
    public async Task A_cache_that_does_not_watch_has_no_curves()
    {
        await using var cache = await TieredCache.OpenAsync(
            new CacheOptions { Memory = new MemoryTierOptions { CapacityBytes = 100_000 } }, cancellationToken: TestContext.Current.CancellationToken);
        await FillAsync(cache, TierKit.Key(1));

        Assert.Empty(cache.GetCurves());
    }

    [Fact]
    public async Task Curves_can_begin_anew()
    {
        await using var cache = await OpenAsync(1024 * 1024, disk: true);
        for (var turn = 0; turn < 100; turn++)
        {
            await FillAsync(cache, TierKit.Key(turn % 10));
        }

        cache.ResetCurves();

        Assert.All(cache.GetCurves(), tier => Assert.Equal(0, tier.Total.References));
        await FillAsync(cache, TierKit.Key(1));
        await FillAsync(cache, TierKit.Key(1));
        Assert.Equal(1, cache.GetCurves()[0].Total.BestHitRatio);
    }

    [Fact]
    public async Task Wrong_options_are_refused_with_a_sentence()
    {
        var exception = await Assert.ThrowsAsync<CacheException>(async () =>
            await TieredCache.OpenAsync(new CacheOptions { Sizing = new SizingOptions { MaxSamples = 1 } }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Contains("MaxSamples must be at least 64", exception.Message, StringComparison.Ordinal);
    }

    private ValueTask<TieredCache> OpenAsync(long memoryBytes, bool disk = false) => TieredCache.OpenAsync(new CacheOptions
    {
        Memory = new MemoryTierOptions { CapacityBytes = memoryBytes, ShardCount = 1 },
        MemoryPressure = null,
        Disk = disk ? new DiskTierOptions { Directory = _directory } : null,
        Sizing = new SizingOptions { MaxReferencesPerSecond = 0 },
    });

    private static async Task RunAsync(TieredCache cache, int[] order)
    {
        foreach (var number in order)
        {
            await FillAsync(cache, TierKit.Key(number));
        }
    }

    private static async Task FillAsync(TieredCache cache, ArtifactKey key)
    {
        using var lease = await cache.GetOrFillAsync(
            key,
            0,
            static async (_, target, token) =>
            {
                await target.WriteAsync(new byte[2000], token);
                return ArtifactWriter.AsWritten;
            },
            TestContext.Current.CancellationToken);
        Assert.True(lease.IsHit);
    }
}

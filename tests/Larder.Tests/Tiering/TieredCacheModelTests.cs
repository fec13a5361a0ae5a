using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Tiering;

/// <summary>
/// Random operations on few keys, so that they collide, over two or three tiers that are far too small for them,
/// against an oracle that knows what was put.
/// </summary>
public sealed class TieredCacheModelTests : IAsyncDisposable
{
    private const int Keys = 8;
    private readonly TieredCacheFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Local_tiers_answer_with_the_newest_artifact_or_not_at_all(int seed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var newest = new byte[]?[Keys];
        var cache = await _fixture.OpenTinyAsync(withRemote: false);
        for (var step = 0; step < 1_500; step++)
        {
            var index = random.Next(Keys);
            var key = TieredCacheTests.KeyOf($"key-{index}");
            switch (random.Next(20))
            {
                case < 6:
                    var bytes = Draw(random);
                    var outcome = await cache.PutAsync(key, bytes);
                    newest[index] = outcome is PutOutcome.Stored or PutOutcome.AlreadyPresent ? bytes : null;
                    break;
                case < 14:
                    using (var lease = await cache.GetAsync(key))
                    {
                        AssertAllowed(lease, newest[index] is { } expected ? [expected] : [], step);
                    }

                    break;
                case < 16:
                    using (var lease = await cache.GetOrFillAsync(key, Draw(random), Fill))
                    {
                        newest[index] = lease.Source == TierKind.Fill ? Read(lease) : newest[index];
                        AssertAllowed(lease, [newest[index]!], step);
                    }

                    break;
                case 16:
                    await cache.RemoveAsync(key);
                    newest[index] = null;
                    break;
                case 17:
                    cache.Memory!.Trim(random.Next(10_000));
                    break;
                case 18 when random.Next(10) == 0:
                    AssertBalanced(cache);
                    await cache.DisposeAsync();
                    cache = await _fixture.OpenTinyAsync(withRemote: false);
                    break;
                default:
                    await cache.FlushAsync();
                    break;
            }
        }

        AssertBalanced(cache);
        await cache.DisposeAsync();
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public async Task Three_tiers_never_answer_with_anything_that_was_not_put(int seed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var put = Enumerable.Range(0, Keys).Select(_ => new List<byte[]>()).ToArray();
        var cache = await _fixture.OpenTinyAsync(withRemote: true);
        for (var step = 0; step < 800; step++)
        {
            var index = random.Next(Keys);
            var key = TieredCacheTests.KeyOf($"key-{index}");
            switch (random.Next(20))
            {
                case < 6:
                    var bytes = Draw(random);
                    put[index].Add(bytes);
                    await cache.PutAsync(key, bytes);
                    break;
                case < 15:
                    using (var lease = await cache.GetAsync(key))
                    {
                        AssertAllowed(lease, put[index], step);
                    }

                    break;
                case < 17:
                    var made = Draw(random);
                    put[index].Add(made);
                    using (var lease = await cache.GetOrFillAsync(key, made, Fill))
                    {
                        Assert.True(lease.IsHit);
                        AssertAllowed(lease, put[index], step);
                    }

                    break;
                case 17:
                    // What is still queued could bring the artifact back after its removal.
                    await cache.FlushAsync();
                    await cache.RemoveEverywhereAsync(key);
                    put[index].Clear();
                    break;
                case 18:
                    _fixture.Remote.FailNext(random.Next(3));
                    break;
                default:
                    await cache.FlushAsync();
                    break;
            }
        }

        AssertBalanced(cache);
        await cache.DisposeAsync();
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public async Task Many_threads_never_read_another_keys_bytes_and_the_figures_balance(int seed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var cache = await _fixture.OpenTinyAsync(withRemote: true);

        await Parallel.ForAsync(0, 4, async (worker, token) =>
        {
            var random = new Random((seed * 100) + worker);
            for (var step = 0; step < 400; step++)
            {
                var index = random.Next(Keys);
                var key = TieredCacheTests.KeyOf($"key-{index}");
                switch (random.Next(12))
                {
                    case < 3:
                        await cache.PutAsync(key, Marked(index, random), cancellationToken: token);
                        break;
                    case < 8:
                        using (var lease = await cache.GetAsync(key, token))
                        {
                            AssertMarked(lease, index);
                        }

                        break;
                    case < 10:
                        using (var lease = await cache.GetOrFillAsync(key, Marked(index, random), Fill, token))
                        {
                            Assert.True(lease.IsHit);
                            AssertMarked(lease, index);
                        }

                        break;
                    case 10:
                        await (random.Next(2) == 0 ? cache.RemoveAsync(key, token) : cache.RemoveEverywhereAsync(key, token));
                        break;
                    default:
                        cache.Memory!.Trim(random.Next(5_000));
                        break;
                }
            }
        });

        await cache.FlushAsync();
        AssertBalanced(cache);
    }

    private static byte[] Draw(Random random)
    {
        var bytes = new byte[random.Next(8) == 0 ? random.Next(20_000, 60_000) : random.Next(3_000)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Marked(int index, Random random)
    {
        var bytes = new byte[random.Next(8) == 0 ? random.Next(20_000, 60_000) : random.Next(1, 3_000)];
        Array.Fill(bytes, (byte)index);
        return bytes;
    }

    private static async ValueTask<ArtifactMetadata> Fill(byte[] bytes, ArtifactWriter target, CancellationToken token)
    {
        await target.WriteAsync(bytes, token);
        return ArtifactWriter.AsWritten;
    }

    private static byte[] Read(ArtifactLease lease)
    {
        var bytes = new byte[lease.Metadata.Length];
        for (int read = 0, count; read < bytes.Length; read += count)
        {
            count = lease.Content.Read(read, bytes.AsSpan(read));
            Assert.True(count > 0, "the content ended early");
        }

        return bytes;
    }

    private static void AssertAllowed(ArtifactLease lease, IReadOnlyList<byte[]> allowed, int step)
    {
        if (!lease.IsHit)
        {
            return;
        }

        var bytes = Read(lease);
        Assert.Equal(Fingerprint.OfContent(bytes), lease.Metadata.Digest);
        Assert.True(
            allowed.Any(candidate => candidate.AsSpan().SequenceEqual(bytes)),
            $"step {step}: {lease.Source} answered with {bytes.Length} bytes that were not put or are not the newest");
    }

    private static void AssertMarked(ArtifactLease lease, int index)
    {
        if (lease.IsHit)
        {
            Assert.DoesNotContain(Read(lease), value => value != index);
        }
    }

    private static void AssertBalanced(TieredCache cache)
    {
        var statistics = cache.GetStatistics();
        foreach (var kind in statistics.Kinds)
        {
            TieredCacheTests.AssertBalanced(kind);
        }

        foreach (var tier in statistics.Tiers)
        {
            foreach (var kind in tier.Kinds)
            {
                Assert.Equal(kind.Lookups, kind.Hits + kind.Misses + kind.Throttled);
                if (tier.Tier != TierKind.Remote)
                {
                    AssertBalanced(tier, kind);
                }
            }
        }
    }

    private static void AssertBalanced(TierStatistics tier, KindStatistics kind) => Assert.True(
        kind.Puts + kind.Recovered == kind.Entries + kind.Evicted + kind.Removed + kind.Replaced + kind.Refused,
        $"{tier.Tier}: {kind}");
}

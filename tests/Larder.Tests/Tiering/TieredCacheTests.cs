using System.Text;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Tiering;

public sealed class TieredCacheTests : IAsyncDisposable
{
    private static readonly ArtifactKind Kind = ArtifactKind.Parse("test");
    private readonly TieredCacheFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(3_000_000)]
    public async Task A_put_is_read_back_from_the_tier_that_suits_its_length(int length)
    {
        await using var cache = await _fixture.OpenAsync();
        var key = KeyOf("a");
        var payload = Payload(length);

        var outcome = await cache.PutAsync(key, payload);
        using var lease = await cache.GetAsync(key);

        Assert.Equal(PutOutcome.Stored, outcome);
        Assert.Equal(length <= 1024 * 1024 ? TierKind.Memory : TierKind.Disk, lease.Source);
        AssertHolds(lease, payload);
    }

    [Fact]
    public async Task A_disk_hit_is_promoted_into_memory_after_a_restart()
    {
        var key = KeyOf("a");
        var payload = Payload(5_000);
        await using (var before = await _fixture.OpenAsync())
        {
            await before.PutAsync(key, payload);
            await before.FlushAsync();
        }

        await using var after = await _fixture.OpenAsync();
        using var first = await after.GetAsync(key);
        using var second = await after.GetAsync(key);

        Assert.Equal(TierKind.Disk, first.Source);
        Assert.Equal(TierKind.Memory, second.Source);
        AssertHolds(first, payload);
        AssertHolds(second, payload);
        Assert.Equal(1, after.GetStatistics().Kinds.Single().Promotions);
    }

    [Fact]
    public async Task One_fill_serves_every_caller()
    {
        await using var cache = await _fixture.OpenAsync();
        var fills = 0;
        var payload = Payload(10_000);

        var leases = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => cache.GetOrFillAsync(
            KeyOf("a"),
            payload,
            async (bytes, target, token) =>
            {
                Interlocked.Increment(ref fills);
                await Task.Delay(20, token);
                await target.WriteAsync(bytes, token);
                return ArtifactWriter.AsWritten;
            }).AsTask()));

        Assert.Equal(1, fills);
        Assert.All(leases, lease => AssertHolds(lease, payload));
        Array.ForEach(leases, lease => lease.Dispose());
        var statistics = cache.GetStatistics().Kinds.Single();
        Assert.Equal(64, statistics.Lookups);
        Assert.Equal(1, statistics.Fills);
        AssertBalanced(statistics);
    }

    [Fact]
    public async Task A_failed_fill_commits_nothing_and_the_next_caller_tries_again()
    {
        await using var cache = await _fixture.OpenAsync();
        var key = KeyOf("a");

        await Assert.ThrowsAsync<InvalidDataException>(async () => await cache.GetOrFillAsync(key, 0, async (_, target, token) =>
        {
            await target.WriteAsync(Payload(2_000_000), token);
            throw new InvalidDataException("broken handler");
        }));
        var missing = await cache.GetAsync(key);
        using var made = await cache.GetOrFillAsync(key, 0, FillWith(Payload(3)));

        Assert.False(missing.IsHit);
        Assert.Equal(TierKind.Fill, made.Source);
    }

    [Fact]
    public async Task A_deterministic_failure_answers_later_callers_for_a_while()
    {
        await using var cache = await _fixture.OpenAsync();
        var key = KeyOf("a");
        var fills = 0;

        for (var i = 0; i < 3; i++)
        {
            var failure = await Assert.ThrowsAsync<CacheException>(async () => await cache.GetOrFillAsync<int>(key, 0, (_, _, _) =>
            {
                fills++;
                throw new CacheException(CacheErrorKind.FillFailed, "line 3: unexpected token") { IsDeterministic = true };
            }));
            Assert.Equal("line 3: unexpected token", failure.Message);
        }

        Assert.Equal(1, fills);
        _fixture.Time.Advance(TimeSpan.FromSeconds(6));
        using var made = await cache.GetOrFillAsync(key, 0, FillWith(Payload(3)));
        Assert.True(made.IsHit);
        AssertBalanced(cache.GetStatistics().Kinds.Single());
    }

    [Fact]
    public async Task Content_addressed_bytes_must_have_their_digest()
    {
        await using var cache = await _fixture.OpenAsync();
        var payload = Payload(777);
        var right = new ArtifactKey(TieredCacheFixture.ContentKind, Fingerprint.OfContent(payload));
        var wrong = new ArtifactKey(TieredCacheFixture.ContentKind, Fingerprint.OfContent("other"u8));
        var large = Payload(2_000_000);
        var wrongLarge = wrong with { Fingerprint = Fingerprint.OfContent("large"u8) };

        Assert.Equal(PutOutcome.Stored, await cache.PutAsync(right, payload));
        Assert.Equal(PutOutcome.DigestMismatch, await cache.PutAsync(wrong, payload));
        Assert.Equal(PutOutcome.DigestMismatch, await cache.PutAsync(wrongLarge, large));

        Assert.False(await cache.ContainsAsync(wrong));
        Assert.False(await cache.ContainsAsync(wrongLarge));
        Assert.True(await cache.ContainsAsync(right));
    }

    [Fact]
    public async Task A_put_that_is_too_large_is_refused_and_takes_the_older_artifact_away()
    {
        await using var cache = await _fixture.OpenAsync(kind => kind with { MaxEntryBytes = 1000 });
        var key = KeyOf("a");

        Assert.Equal(PutOutcome.Stored, await cache.PutAsync(key, Payload(1000)));
        Assert.Equal(PutOutcome.TooLarge, await cache.PutAsync(key, Payload(1001)));

        Assert.False((await cache.GetAsync(key)).IsHit);
    }

    [Fact]
    public async Task Removal_wins_over_a_fill_in_flight()
    {
        await using var cache = await _fixture.OpenAsync();
        var key = KeyOf("a");
        var started = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var filling = cache.GetOrFillAsync(key, 0, async (_, target, token) =>
        {
            started.SetResult();
            await gate.Task;
            await target.WriteAsync(Payload(10), token);
            return ArtifactWriter.AsWritten;
        }).AsTask();
        await started.Task;

        await cache.RemoveAsync(key);
        gate.SetResult();
        var lease = await filling;

        Assert.True(lease.IsHit);
        lease.Dispose();
        Assert.False((await cache.GetAsync(key)).IsHit);
    }

    [Fact]
    public async Task Invalidating_an_owner_removes_its_artifacts_from_every_local_tier_and_no_others()
    {
        await using var cache = await _fixture.OpenAsync();
        var mine = ArtifactWriter.AsWritten with { Owner = "tenant-1" };
        var theirs = ArtifactWriter.AsWritten with { Owner = "tenant-2" };
        await cache.PutAsync(KeyOf("a"), Payload(10), mine);
        await cache.PutAsync(KeyOf("b"), Payload(2_000_000), mine);
        await cache.PutAsync(KeyOf("c"), Payload(10), theirs);

        var removed = await cache.InvalidateOwnerAsync("tenant-1");

        Assert.Equal(3, removed);
        Assert.False((await cache.GetAsync(KeyOf("a"))).IsHit);
        Assert.False((await cache.GetAsync(KeyOf("b"))).IsHit);
        using var kept = await cache.GetAsync(KeyOf("c"));
        Assert.True(kept.IsHit);
    }

    [Fact]
    public async Task A_memory_hit_allocates_nothing()
    {
        await using var cache = await _fixture.OpenAsync();
        var key = KeyOf("a");
        await cache.PutAsync(key, Payload(100));
        for (var i = 0; i < 1_000; i++)
        {
            Read();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            Read();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Read()
        {
            var lookup = cache.GetAsync(key);
            Assert.True(lookup.IsCompletedSuccessfully);
            var lease = lookup.Result;
            if (lease.Source != TierKind.Memory)
            {
                Assert.Fail($"answered by {lease.Source}");
            }

            lease.Dispose();
        }
    }

    [Fact]
    public async Task Kinds_from_outside_stay_bounded()
    {
        await using var cache = await _fixture.OpenAsync();
        var outcomes = new List<PutOutcome>();
        for (var i = 0; i < 300; i++)
        {
            outcomes.Add(await cache.PutAsync(new ArtifactKey(ArtifactKind.Parse($"kind-{i}"), Fingerprint.OfNothing), Payload(1)));
        }

        Assert.Equal(256, outcomes.Count(outcome => outcome == PutOutcome.Stored));
        Assert.Equal(44, outcomes.Count(outcome => outcome == PutOutcome.Disabled));
    }

    [Fact]
    public async Task Batches_answer_in_order()
    {
        await using var cache = await _fixture.OpenAsync();
        await cache.PutAsync(KeyOf("a"), Payload(1));
        await cache.PutAsync(KeyOf("c"), Payload(3));

        var leases = await cache.GetManyAsync([KeyOf("a"), KeyOf("b"), KeyOf("c")]);
        var present = await cache.PrefetchAsync([KeyOf("a"), KeyOf("b")]);

        Assert.Equal([true, false, true], leases.Select(lease => lease.IsHit));
        Assert.Equal(3, leases[2].Metadata.Length);
        Array.ForEach(leases, lease => lease.Dispose());
        Assert.Equal(1, present);
    }

    internal static ArtifactKey KeyOf(string name) => new(Kind, Fingerprint.OfContent(Encoding.UTF8.GetBytes(name)));

    internal static byte[] Payload(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    internal static void AssertBalanced(Larder.Cache.Diagnostics.CacheKindStatistics figures) => Assert.Equal(
        figures.Lookups,
        figures.MemoryHits + figures.DiskHits + figures.RemoteHits + figures.FillHits + figures.Misses + figures.Throttled + figures.Failures);

    private static ArtifactFill<int> FillWith(byte[] payload) => async (_, target, token) =>
    {
        await target.WriteAsync(payload, token);
        return ArtifactWriter.AsWritten;
    };

    private static void AssertHolds(ArtifactLease lease, byte[] expected)
    {
        Assert.Equal(expected.Length, lease.Metadata.Length);
        Assert.Equal(Fingerprint.OfContent(expected), lease.Metadata.Digest);
        var actual = new byte[expected.Length + 1];
        var read = 0;
        for (int count; (count = lease.Content.Read(read, actual.AsSpan(read))) > 0;)
        {
            read += count;
        }

        Assert.Equal(expected, actual[..read]);
    }
}

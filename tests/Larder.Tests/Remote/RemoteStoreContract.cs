using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Remote;

namespace Larder.Tests.Remote;

/// <summary>What every remote store keeps, whatever is behind it. Each engine derives a class that opens one.</summary>
public abstract class RemoteStoreContract : IAsyncDisposable
{
    private IRemoteStore? _store;

    protected IRemoteStore Store => _store ??= Open();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public virtual async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_was_put_is_got_with_its_metadata()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(100_000);
        var metadata = TestArtifacts.Describe(payload);

        Assert.Equal(PutOutcome.Stored, await PutAsync(key, payload));

        await using var artifact = await Store.GetAsync(key, null, Token);
        Assert.NotNull(artifact);
        TestArtifacts.AssertSame(metadata, artifact.Metadata);
        Assert.Equal(new ByteRange(0, payload.Length), artifact.Range);
        Assert.Equal(payload, await ReadAsync(artifact));
    }

    [Fact]
    public async Task What_is_not_there_is_a_value()
    {
        var key = NewKey();

        Assert.Null(await Store.GetAsync(key, null, Token));
        Assert.Null(await Store.GetAsync(key, new ByteRange(3, 4), Token));
        Assert.False(await Store.ContainsAsync(key, Token));
        Assert.False(await Store.RemoveAsync(key, Token));
    }

    [Fact]
    public async Task An_empty_payload_is_an_artifact()
    {
        var key = NewKey();

        Assert.Equal(PutOutcome.Stored, await PutAsync(key, []));

        await using var artifact = await Store.GetAsync(key, null, Token);
        Assert.Equal(0, artifact!.Metadata.Length);
        Assert.Equal(Fingerprint.OfNothing, artifact.Metadata.Digest);
        Assert.Empty(await ReadAsync(artifact));
        Assert.True(await Store.ContainsAsync(key, Token));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 100_000)]
    [InlineData(99_999, 1)]
    [InlineData(10, 5_000)]
    [InlineData(8_000, 1_000)]
    [InlineData(65_536, 20_000)]
    public async Task Parts_are_the_bytes_that_were_asked_for(int offset, int length)
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(100_000);
        await PutAsync(key, payload);

        await using var artifact = await Store.GetAsync(key, new ByteRange(offset, length), Token);

        Assert.Equal(payload.Length, artifact!.Metadata.Length);
        Assert.Equal(new ByteRange(offset, length), artifact.Range);
        Assert.Equal(payload.AsSpan(offset, length).ToArray(), await ReadAsync(artifact));
    }

    [Fact]
    public async Task A_part_past_the_end_is_refused()
    {
        var key = NewKey();
        await PutAsync(key, TestArtifacts.Payload(10));

        await Assert.ThrowsAsync<CacheException>(async () => await Store.GetAsync(key, new ByteRange(5, 6), Token));
    }

    [Fact]
    public async Task Removal_is_seen_and_repeating_it_is_harmless()
    {
        var key = NewKey();
        await PutAsync(key, TestArtifacts.Payload(10));
        Assert.True(await Store.ContainsAsync(key, Token));

        Assert.True(await Store.RemoveAsync(key, Token));

        Assert.False(await Store.ContainsAsync(key, Token));
        Assert.Null(await Store.GetAsync(key, null, Token));
        Assert.False(await Store.RemoveAsync(key, Token));
    }

    [Fact]
    public async Task Putting_again_leaves_the_artifact_readable()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(5_000);
        await PutAsync(key, payload);

        var again = await PutAsync(key, payload);

        Assert.True(again is PutOutcome.Stored or PutOutcome.AlreadyPresent, $"{again}");
        await using var artifact = await Store.GetAsync(key, null, Token);
        Assert.Equal(payload, await ReadAsync(artifact!));
    }

    [Fact]
    public async Task Sixty_four_mebibytes_pass_without_being_held_in_memory()
    {
        const int Length = 64 * 1024 * 1024;
        var key = NewKey();
        var pattern = TestArtifacts.Payload(1 << 20);
        var metadata = await DescribeAsync(new PatternStream(pattern, Length));
        var before = GC.GetTotalAllocatedBytes(precise: true);

        await using (var content = new PatternStream(pattern, Length))
        {
            Assert.Equal(PutOutcome.Stored, await Store.PutAsync(key, metadata, content, Token));
        }

        await using var artifact = await Store.GetAsync(key, null, Token);
        Assert.Equal(metadata.Digest, await Fingerprint.OfContentAsync(artifact!.Content, Token));
        if (!IsInProcess)
        {
            Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 16 * 1024 * 1024);
        }

        await Store.RemoveAsync(key, Token);
    }

    [Fact]
    public async Task A_put_that_breaks_off_leaves_nothing_behind()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(4 * 1024 * 1024);
        using var giveUp = new CancellationTokenSource();
        await using var content = new BreakingStream(payload, 1024 * 1024, giveUp);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.PutAsync(key, TestArtifacts.Describe(payload), content, giveUp.Token));

        await Task.Delay(100, Token);
        Assert.Null(await Store.GetAsync(key, null, Token));
        Assert.Equal(PutOutcome.Stored, await PutAsync(key, payload));
    }

    [Fact]
    public async Task A_put_whose_content_is_shorter_than_described_fails_and_stores_nothing()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(100_000);
        await using var content = new MemoryStream(payload, 0, 50_000);

        var failure = await Assert.ThrowsAsync<CacheException>(
            async () => await Store.PutAsync(key, TestArtifacts.Describe(payload), content, Token));

        Assert.Equal(CacheErrorKind.Damaged, failure.Kind);
        Assert.Null(await Store.GetAsync(key, null, Token));
    }

    [Fact]
    public async Task Many_at_a_time_do_not_mix()
    {
        var keys = Enumerable.Range(0, 64).Select(_ => NewKey()).ToArray();

        await Parallel.ForEachAsync(keys.Index(), Token, async (pair, token) =>
            Assert.Equal(PutOutcome.Stored, await PutAsync(pair.Item, TestArtifacts.Payload(1_000 + pair.Index, pair.Index))));

        await Parallel.ForEachAsync(keys.Index(), Token, async (pair, token) =>
        {
            await using var artifact = await Store.GetAsync(pair.Item, null, token);
            Assert.Equal(TestArtifacts.Payload(1_000 + pair.Index, pair.Index), await ReadAsync(artifact!));
        });
    }

    [Fact]
    public async Task Through_the_tier_an_artifact_goes_up_and_comes_back_verified()
    {
        var key = NewKey();
        var payload = TestArtifacts.Payload(300_000);
        var content = new LeasedContent(payload);
        await using var tier = new RemoteTier(new RemoteTierOptions { Store = Open() });

        Assert.True(tier.TryEnqueue(key, content.Lease()));
        Assert.Equal(1, (await tier.FlushAsync(Token)).Durable);
        await using var writer = new MemoryWriter(key);
        using var lease = await tier.FetchAsync(key, writer, Token);

        Assert.True(lease.IsHit);
        Assert.Equal(TierKind.Remote, lease.Source);
        TestArtifacts.AssertSame(content.Metadata, lease.Metadata);
    }

    /// <summary>Whether the server runs in this process, so that its memory counts too.</summary>
    protected virtual bool IsInProcess => false;

    protected abstract IRemoteStore Open();

    protected static async Task<byte[]> ReadAsync(RemoteArtifact artifact)
    {
        using var bytes = new MemoryStream();
        await artifact.Content.CopyToAsync(bytes, Token);
        return bytes.ToArray();
    }

    protected async Task<PutOutcome> PutAsync(ArtifactKey key, byte[] payload)
    {
        await using var content = new MemoryStream(payload);
        return await Store.PutAsync(key, TestArtifacts.Describe(payload), content, Token);
    }

    protected static ArtifactKey NewKey() => TestArtifacts.KeyOf(Guid.NewGuid().ToString());

    private static async Task<ArtifactMetadata> DescribeAsync(PatternStream content)
    {
        await using (content)
        {
            var length = content.Length;
            return new ArtifactMetadata { Length = length, Digest = await Fingerprint.OfContentAsync(content, Token) };
        }
    }
}

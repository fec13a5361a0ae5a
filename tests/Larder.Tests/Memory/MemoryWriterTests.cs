using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Memory;

public sealed class MemoryWriterTests
{
    private const int Mebibyte = 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<bool, bool> Forms => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task What_is_written_in_pieces_is_visible_at_once_after_the_commit(bool arena, bool known)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var payload = TierKit.Payload(1, 0, 300_000);
        await using var writer = tier.BeginWrite(TierKit.Key(1), known ? payload.Length : -1);

        foreach (var piece in payload.Chunk(7777))
        {
            Assert.Equal(PutOutcome.Stored, await writer.WriteAsync(piece, Token));
            Assert.False(tier.Contains(TierKit.Key(1)));
        }

        Assert.True(tier.GetStatistics().ReservedBytes >= payload.Length);
        var (outcome, lease) = await writer.CommitAsync(ArtifactWriter.AsWritten, Token);

        Assert.Equal(PutOutcome.Stored, outcome);
        Assert.Equal(payload, TierKit.Read(lease));
        Assert.Equal(Fingerprint.OfContent(payload), lease.Metadata.Digest);
        lease.Dispose();
        Assert.True(tier.Contains(TierKit.Key(1)));
        Assert.Equal(payload.Length, writer.BytesWritten);
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task An_aborted_write_leaves_nothing_behind(bool arena, bool known)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        await using (var writer = tier.BeginWrite(TierKit.Key(1), known ? 200_000 : -1))
        {
            await writer.WriteAsync(new byte[150_000], Token);
        }

        Assert.False(tier.Contains(TierKit.Key(1)));
        Assert.Equal(0, tier.Arena?.GetStatistics().LiveBlocks ?? 0);
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_write_that_outgrows_the_tier_is_refused_and_lets_go(bool arena, bool known)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        tier.Put(TierKit.Key(1), new byte[1000], ArtifactWriter.AsWritten);
        await using var writer = tier.BeginWrite(TierKit.Key(1), known ? 3 * Mebibyte : -1);

        var outcome = PutOutcome.Stored;
        for (var piece = 0; piece < 300; piece++)
        {
            outcome = await writer.WriteAsync(new byte[10_000], Token);
        }

        Assert.Equal(PutOutcome.TooLarge, outcome);
        Assert.Equal(0, tier.GetStatistics().ReservedBytes);
        var result = await writer.CommitAsync(ArtifactWriter.AsWritten, Token);
        Assert.Equal(PutOutcome.TooLarge, result.Outcome);
        Assert.False(result.Lease.IsHit);
        Assert.False(tier.Contains(TierKit.Key(1)));
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Bytes_that_are_not_what_was_said_are_refused(bool arena, bool known)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        await using var writer = tier.BeginWrite(TierKit.Key(1), known ? 1000 : -1);
        await writer.WriteAsync(new byte[1000], Token);

        var result = await writer.CommitAsync(new ArtifactMetadata { Length = 1000, Digest = Fingerprint.OfNothing }, Token);

        Assert.Equal(PutOutcome.DigestMismatch, result.Outcome);
        Assert.False(tier.Contains(TierKit.Key(1)));
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [InlineData(false, 999)]
    [InlineData(false, 1001)]
    [InlineData(true, 999)]
    [InlineData(true, 1001)]
    public async Task A_length_that_was_announced_wrongly_is_refused(bool arena, int written)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        await using var writer = tier.BeginWrite(TierKit.Key(1), 1000);

        await writer.WriteAsync(new byte[written], Token);
        var result = await writer.CommitAsync(ArtifactWriter.AsWritten, Token);

        Assert.Equal(PutOutcome.DigestMismatch, result.Outcome);
        TierKit.CheckBooks(tier);
    }

    [Fact]
    public async Task Writers_together_never_book_more_than_the_capacity()
    {
        using var tier = TierKit.Create(Mebibyte);
        var writers = Enumerable.Range(0, 20).Select(number => tier.BeginWrite(TierKit.Key(number))).ToList();

        foreach (var _ in Enumerable.Range(0, 5))
        {
            foreach (var writer in writers)
            {
                await writer.WriteAsync(new byte[50_000], Token);
                var statistics = tier.GetStatistics();
                Assert.True(statistics.Bytes + statistics.ReservedBytes <= Mebibyte);
            }
        }

        var outcomes = new List<PutOutcome>();
        foreach (var writer in writers)
        {
            var result = await writer.CommitAsync(ArtifactWriter.AsWritten, Token);
            result.Lease.Dispose();
            outcomes.Add(result.Outcome);
            await writer.DisposeAsync();
        }

        Assert.Contains(PutOutcome.Stored, outcomes);
        Assert.Contains(PutOutcome.NoSpace, outcomes);
        TierKit.CheckBooks(tier);
    }

    [Fact]
    public async Task A_finished_writer_takes_nothing_more()
    {
        using var tier = TierKit.Create(Mebibyte);
        var writer = tier.BeginWrite(TierKit.Key(1));
        await writer.WriteAsync(new byte[10], Token);
        (await writer.CommitAsync(ArtifactWriter.AsWritten, Token)).Lease.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await writer.WriteAsync(new byte[1], Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await writer.CommitAsync(ArtifactWriter.AsWritten, Token));

        await writer.DisposeAsync();
        await writer.DisposeAsync();
        Assert.True(tier.Contains(TierKit.Key(1)));
    }
}

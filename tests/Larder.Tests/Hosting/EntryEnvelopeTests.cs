using System.Collections.Immutable;
using Larder.Cache.Hosting;
using Larder.Tests.Remote;

namespace Larder.Tests.Hosting;

public sealed class EntryEnvelopeTests
{
    private static readonly EntryEnvelope Full = new(1_000, 20, 500, ["a", "ü", new string('t', EntryEnvelope.MaxTagBytes)]);

    [Fact]
    public void It_comes_back_as_it_was_and_says_where_the_value_begins()
    {
        byte[] bytes = [.. Full.Encode(), 1, 2, 3];

        var read = EntryEnvelope.Read(new LeasedContent(bytes), out var length)!;

        Assert.Equal((Full.ExpiresAt, Full.SlidingTicks, Full.TouchedAt), (read.ExpiresAt, read.SlidingTicks, read.TouchedAt));
        Assert.Equal(Full.Tags.AsEnumerable(), read.Tags);
        Assert.Equal(bytes.Length - 3, length);
    }

    [Fact]
    public void The_fixed_part_is_the_documented_one()
    {
        var bytes = new EntryEnvelope(1, 2, 3, []).Encode();

        Assert.Equal(
            "4c450100" + "20000000" + "0100000000000000" + "0200000000000000" + "0300000000000000",
            Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void What_is_cut_or_foreign_is_none()
    {
        var bytes = Full.Encode();

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(EntryEnvelope.Read(new LeasedContent(bytes[..length]), out _));
        }

        Assert.Null(EntryEnvelope.Read(new LeasedContent(new byte[100]), out _));
    }

    [Fact]
    public void Damage_never_throws()
    {
        var bytes = new EntryEnvelope(1, 2, 3, ["tag", "other"]).Encode();

        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                EntryEnvelope.Read(new LeasedContent([.. bytes]), out _);
                bytes[i] ^= (byte)(1 << bit);
            }
        }

        Assert.NotNull(EntryEnvelope.Read(new LeasedContent(bytes), out _));
    }

    [Theory]
    [InlineData(999, 0, 0, false)]
    [InlineData(1_000, 0, 0, true)]
    [InlineData(519, 20, 0, false)]
    [InlineData(520, 20, 0, true)]
    [InlineData(520, 20, 501, false)]
    [InlineData(1_000, 20, 999, true)]
    public void It_ends_at_its_time_or_when_it_was_not_used_for_long_enough(long now, long sliding, long usedAt, bool ended) =>
        Assert.Equal(ended, new EntryEnvelope(1_000, sliding, 500, ImmutableArray<string>.Empty).HasEnded(now, usedAt));
}

using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Policy;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Memory;

/// <summary>What holds on arrays and in an arena alike.</summary>
public sealed class ArtifactMemoryTierTests
{
    private const int Mebibyte = 1024 * 1024;

    public static TheoryData<bool> Media => [false, true];

    [Theory]
    [MemberData(nameof(Media))]
    public void What_was_put_is_found_with_its_metadata(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var payload = TierKit.Payload(1, 0, 5000);

        var outcome = tier.Put(TierKit.Key(1), payload, ArtifactWriter.AsWritten with { Owner = "tenant" });

        Assert.Equal(PutOutcome.Stored, outcome);
        using var lease = tier.Get(TierKit.Key(1));
        Assert.Equal(TierKind.Memory, lease.Source);
        Assert.Equal(payload, TierKit.Read(lease));
        Assert.Equal(5000, lease.Metadata.Length);
        Assert.Equal(Fingerprint.OfContent(payload), lease.Metadata.Digest);
        Assert.Equal("tenant", lease.Metadata.Owner);
        Assert.NotEqual(default, lease.Metadata.CreatedAt);
        Assert.True(tier.Contains(TierKit.Key(1)));
        Assert.False(tier.Contains(TierKit.Key(2)));
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void An_empty_artifact_is_an_artifact(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);

        Assert.Equal(PutOutcome.Stored, tier.Put(TierKit.Key(1), default, ArtifactWriter.AsWritten));

        using var lease = tier.Get(TierKit.Key(1));
        Assert.True(lease.IsHit);
        Assert.Empty(TierKit.Read(lease));
        Assert.Equal(0, lease.Content.Read(0, new byte[1]));
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void Content_can_be_read_in_pieces(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var payload = TierKit.Payload(1, 0, 1000);
        tier.Put(TierKit.Key(1), payload, ArtifactWriter.AsWritten);
        using var lease = tier.Get(TierKit.Key(1));
        var piece = new byte[300];

        Assert.Equal(300, lease.Content.Read(600, piece));
        Assert.Equal(payload[600..900], piece);
        Assert.Equal(100, lease.Content.Read(900, piece));
        Assert.Equal(0, lease.Content.Read(1000, piece));
        Assert.Throws<ArgumentOutOfRangeException>(() => tier.Get(TierKit.Key(1)).Content.Read(1001, new byte[1]));
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void A_lease_keeps_bytes_alive_after_eviction_removal_and_replacement(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var payloads = Enumerable.Range(0, 3).Select(number => TierKit.Payload(number, 0, 100_000)).ToList();
        for (var number = 0; number < 3; number++)
        {
            tier.Put(TierKit.Key(number), payloads[number], ArtifactWriter.AsWritten);
        }

        var leases = Enumerable.Range(0, 3).Select(number => tier.Get(TierKit.Key(number))).ToList();
        tier.Remove(TierKit.Key(0), RemovalReason.Removed);
        tier.Put(TierKit.Key(1), TierKit.Payload(1, 1, 100_000), ArtifactWriter.AsWritten);
        tier.Trim(Mebibyte);
        for (var number = 10; number < 30; number++)
        {
            tier.Put(TierKit.Key(number), TierKit.Payload(number, 0, 90_000), ArtifactWriter.AsWritten);
        }

        for (var number = 0; number < 3; number++)
        {
            Assert.Equal(payloads[number], TierKit.Read(leases[number]));
            leases[number].Dispose();
        }

        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void An_oversize_put_is_refused_and_takes_the_older_value_away(bool arena)
    {
        var removed = new List<RemovalReason>();
        using var tier = TierKit.Create(Mebibyte, arena);
        tier.Put(TierKit.Key(1), new byte[1000], ArtifactWriter.AsWritten);
        tier.Removed = (_, _, _, reason) => removed.Add(reason);

        var outcome = tier.Put(TierKit.Key(1), new byte[2 * Mebibyte], ArtifactWriter.AsWritten);

        Assert.Equal(PutOutcome.TooLarge, outcome);
        Assert.False(tier.Get(TierKit.Key(1)).IsHit);
        Assert.Equal([RemovalReason.RejectedPut, RemovalReason.NotAdmitted], removed);
        Assert.Equal(RemovalReason.RejectedPut, Assert.Single(tier.GetEvictionReports()).Reason);
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void Bytes_that_are_not_what_was_said_are_refused(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var wrong = new ArtifactMetadata { Length = -1, Digest = Fingerprint.OfContent([1]) };

        Assert.Equal(PutOutcome.DigestMismatch, tier.Put(TierKit.Key(1), new byte[10], wrong));
        Assert.Equal(PutOutcome.DigestMismatch, tier.Put(TierKit.Key(1), new byte[10], ArtifactWriter.AsWritten with { Length = 9 }));

        Assert.False(tier.Contains(TierKit.Key(1)));
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void A_damaged_copy_of_a_lower_tier_is_not_promoted(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var payload = TierKit.Payload(1, 0, 10_000);
        var source = new FileLikeContent(payload);
        payload[5000] ^= 1;

        var outcome = tier.Put(TierKit.Key(1), source);

        Assert.Equal(PutOutcome.DigestMismatch, outcome);
        Assert.False(tier.Get(TierKit.Key(1)).IsHit);
        Assert.Equal(1, tier.GetStatistics().Errors);
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void A_source_that_ends_early_or_fails_is_not_promoted(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var payload = TierKit.Payload(1, 0, 10_000);

        Assert.Equal(PutOutcome.Unavailable, tier.Put(TierKit.Key(1), new FileLikeContent(payload) { EndsAt = 5000 }));
        Assert.Equal(PutOutcome.Unavailable, tier.Put(TierKit.Key(1), new FileLikeContent(payload) { Fails = true }));
        Assert.Equal(PutOutcome.Stored, tier.Put(TierKit.Key(1), new FileLikeContent(payload)));

        using var lease = tier.Get(TierKit.Key(1));
        Assert.Equal(payload, TierKit.Read(lease));
        lease.Dispose();
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void The_same_artifact_is_stored_once_and_other_metadata_replaces_it(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        var payload = TierKit.Payload(1, 0, 1000);
        var owned = ArtifactWriter.AsWritten with { Owner = "a" };

        Assert.Equal(PutOutcome.Stored, tier.Put(TierKit.Key(1), payload, owned));
        Assert.Equal(PutOutcome.AlreadyPresent, tier.Put(TierKit.Key(1), payload, owned));
        Assert.Equal(PutOutcome.Stored, tier.Put(TierKit.Key(1), payload, owned with { Owner = "b" }));

        var kind = Assert.Single(tier.GetStatistics().Kinds);
        Assert.Equal((3, 1, 1), (kind.Puts, kind.Replaced, kind.Refused));
        Assert.Equal(0, tier.InvalidateOwner("a"));
        Assert.Equal(1, tier.InvalidateOwner("b"));
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void A_capacity_of_zero_switches_the_tier_off(bool arena)
    {
        using var tier = TierKit.Create(0, arena);

        Assert.Equal(PutOutcome.Disabled, tier.Put(TierKit.Key(1), new byte[10], ArtifactWriter.AsWritten));
        Assert.False(tier.Get(TierKit.Key(1)).IsHit);

        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void Reservations_count_against_the_capacity(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        for (var number = 0; number < 9; number++)
        {
            tier.Put(TierKit.Key(number), new byte[100_000], ArtifactWriter.AsWritten);
        }

        var reservation = default(MemoryReservation);
        Assert.True(tier.TryResize(ref reservation, 300_000));
        var other = default(MemoryReservation);
        Assert.False(tier.TryResize(ref other, Mebibyte - 300_000));

        var statistics = tier.GetStatistics();
        Assert.True(statistics.ReservedBytes >= 300_000);
        Assert.True(statistics.Bytes + statistics.ReservedBytes <= statistics.CapacityBytes);
        Assert.Equal(PutOutcome.Stored, tier.Put(ref reservation, TierKit.Key(100), new FileLikeContent(TierKit.Payload(100, 0, 290_000))));
        Assert.Equal(0, reservation.Bytes);
        reservation.Dispose();
        other.Dispose();
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void Resizing_keeps_the_hottest_and_growing_back_loses_nothing(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena, shards: 1);
        for (var number = 0; number < 9; number++)
        {
            tier.Put(TierKit.Key(number), TierKit.Payload(number, 0, 100_000), ArtifactWriter.AsWritten);
        }

        tier.Get(TierKit.Key(0)).Dispose();
        tier.Resize(350_000, 1000);
        var kept = Enumerable.Range(0, 9).Where(number => tier.Contains(TierKit.Key(number))).ToList();
        tier.Resize(Mebibyte, 1000);

        Assert.Equal([0, 7, 8], kept);
        Assert.All(kept, number => Assert.True(tier.Contains(TierKit.Key(number))));
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void Every_eviction_is_heard_of(bool arena)
    {
        var heard = new List<(ArtifactKey Key, long Weight, RemovalReason Reason)>();
        using var tier = TierKit.Create(Mebibyte, arena);
        tier.Removed = (key, weight, _, reason) => heard.Add((key, weight, reason));
        for (var number = 0; number < 30; number++)
        {
            tier.Put(TierKit.Key(number), new byte[100_000], ArtifactWriter.AsWritten);
        }

        var kind = Assert.Single(tier.GetStatistics().Kinds);
        Assert.Equal(kind.Evicted, heard.Count);
        Assert.Equal(kind.EvictedBytes, heard.Sum(found => found.Weight));
        Assert.All(heard, found => Assert.Equal(RemovalReason.ByteLimit, found.Reason));
        Assert.NotEmpty(tier.GetEvictionReports());
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void A_batch_finds_what_single_lookups_find(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena);
        tier.Put(TierKit.Key(1), new byte[10], ArtifactWriter.AsWritten);
        tier.Put(TierKit.Key(3), new byte[30], ArtifactWriter.AsWritten);
        var leases = new ArtifactLease[4];

        var hits = tier.GetMany([TierKit.Key(0), TierKit.Key(1), TierKit.Key(2), TierKit.Key(3)], leases);

        Assert.Equal(2, hits);
        Assert.Equal([false, true, false, true], leases.Select(lease => lease.IsHit));
        Array.ForEach(leases, lease => lease.Dispose());
        Assert.Throws<ArgumentException>(() => tier.GetMany([TierKit.Key(0)], []));
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void Kinds_are_counted_apart_and_their_number_is_bounded(bool arena)
    {
        using var tier = new ArtifactMemoryTier(
            new MemoryTierOptions { MaxKinds = 2, Arena = arena ? new() { SizeBytes = Mebibyte } : null },
            NullLogger.Instance,
            TimeProvider.System);
        foreach (var kind in (string[])["a", "b", "c", "d"])
        {
            var key = TierKit.Key(1, ArtifactKind.Parse(kind));
            tier.Get(key).Dispose();
            tier.Put(key, new byte[10], ArtifactWriter.AsWritten);
            tier.Get(key).Dispose();
        }

        var kinds = tier.GetStatistics().Kinds;
        Assert.Equal(["a", "b", "other"], kinds.Select(kind => kind.Kind));
        Assert.Equal([2, 2, 4], kinds.Select(kind => kind.Lookups));
        Assert.Equal([10, 10, 20], kinds.Select(kind => kind.HitBytes));
        TierKit.CheckBooks(tier);
    }

    [Theory]
    [MemberData(nameof(Media))]
    public void A_hit_allocates_nothing(bool arena)
    {
        using var tier = TierKit.Create(Mebibyte, arena, EvictionPolicyKind.Frequency);
        var key = TierKit.Key(1);
        tier.Put(key, new byte[1000], ArtifactWriter.AsWritten);
        long Run()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var turn = 0; turn < 1000; turn++)
            {
                using var lease = tier.Get(key);
                lease.Content.TryGetMemory(out var memory);
                Assert.True(memory.Length == 1000);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Run();

        Assert.Equal(0, Run());
    }

    [Fact]
    public void On_arrays_bytes_of_the_collector_are_shared_and_a_slack_array_is_not()
    {
        using var tier = TierKit.Create(Mebibyte);
        var exact = TierKit.Payload(1, 0, 1000);
        var slack = new byte[4000];

        tier.Put(TierKit.Key(1), new CollectedContent(exact));
        tier.Put(TierKit.Key(2), new CollectedContent(slack.AsMemory(0, 1000)));

        using var shared = tier.Get(TierKit.Key(1));
        using var copied = tier.Get(TierKit.Key(2));
        shared.Content.TryGetMemory(out var first);
        copied.Content.TryGetMemory(out var second);
        Assert.True(first.Span.Overlaps(exact));
        Assert.False(second.Span.Overlaps(slack));
        TierKit.CheckBooks(tier);
    }

    /// <summary>Content that must be read through calls, as from a disk.</summary>
    private sealed class FileLikeContent : ArtifactContent
    {
        private readonly byte[] _bytes;

        public FileLikeContent(byte[] bytes)
            : base(new ArtifactMetadata { Length = bytes.Length, Digest = Fingerprint.OfContent(bytes) }, counted: true) =>
            _bytes = bytes;

        public long EndsAt { get; init; } = long.MaxValue;

        public bool Fails { get; init; }

        public override int Read(long offset, Span<byte> destination)
        {
            if (Fails)
            {
                throw new IOException("The disk is gone.");
            }

            // Short reads are allowed at any place.
            var count = (int)Math.Min(Math.Min(destination.Length, 777), Math.Min(_bytes.Length, EndsAt) - offset);
            _bytes.AsSpan((int)offset, count).CopyTo(destination);
            return count;
        }
    }

    private sealed class CollectedContent(ReadOnlyMemory<byte> bytes)
        : ArtifactContent(new ArtifactMetadata { Length = bytes.Length, Digest = Fingerprint.OfContent(bytes.Span) }, counted: false)
    {
        public override bool TryGetMemory(out ReadOnlyMemory<byte> memory)
        {
            memory = bytes;
            return true;
        }

        public override int Read(long offset, Span<byte> destination) => throw new NotSupportedException();
    }
}

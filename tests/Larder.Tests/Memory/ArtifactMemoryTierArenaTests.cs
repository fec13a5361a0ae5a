using System.Runtime.InteropServices;
using Larder.Cache;
using Larder.Cache.Arenas;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Memory;

/// <summary>What only an arena can get wrong: moving, scattered room, and blocks that outlive their entry.</summary>
public sealed class ArtifactMemoryTierArenaTests
{
    private const int Mebibyte = 1024 * 1024;

    [Fact]
    public void Payloads_live_in_the_region()
    {
        using var tier = TierKit.Create(Mebibyte, arena: true);
        tier.Put(TierKit.Key(1), TierKit.Payload(1, 0, 5000), ArtifactWriter.AsWritten);

        using var lease = tier.Get(TierKit.Key(1));

        Assert.InRange(AddressOf(lease), tier.Arena!.Address, tier.Arena.Address + (nint)tier.Arena.SizeBytes - 5000);
        Assert.Equal(5000, tier.Arena.GetStatistics().RequestedBytes);
    }

    [Fact]
    public void Idle_entries_are_moved_for_a_long_one_and_leased_ones_stay()
    {
        using var tier = TierKit.Create(Mebibyte, arena: true);
        var (kept, leases) = Scatter(tier, leaseEvery: 9);
        var addresses = leases.Select(lease => AddressOf(lease.Lease)).ToList();
        var evicted = tier.GetStatistics().Kinds.Single().Evicted;
        tier.Resize(Mebibyte, 100_000);

        Assert.Equal(PutOutcome.Stored, tier.Put(TierKit.Key(1000), TierKit.Payload(1000, 0, 160_000), ArtifactWriter.AsWritten));

        var arena = tier.Arena!.GetStatistics();
        Assert.True(arena.Compactions > 0);
        Assert.True(arena.Moves > 0);
        Assert.Equal(evicted, tier.GetStatistics().Kinds.Single().Evicted);
        Assert.Equal(addresses, leases.Select(lease => AddressOf(lease.Lease)));
        Check(tier, kept, leases);
    }

    [Fact]
    public void A_block_that_only_leases_hold_is_never_moved()
    {
        using var tier = TierKit.Create(Mebibyte, arena: true);
        var (kept, leases) = Scatter(tier, leaseEvery: 5);
        var addresses = leases.Select(lease => AddressOf(lease.Lease)).ToList();
        foreach (var (_, number) in leases)
        {
            // The lease is the only reference now: with the mover's it counts as many as an idle entry would.
            tier.Remove(TierKit.Key(number), RemovalReason.Removed);
            kept.Remove(number);
        }

        for (var number = 1000; number < 1010; number++)
        {
            tier.Put(TierKit.Key(number), TierKit.Payload(number, 0, 40_000), ArtifactWriter.AsWritten);
        }

        Assert.True(tier.Arena!.GetStatistics().Compactions > 0);
        Assert.Equal(addresses, leases.Select(lease => AddressOf(lease.Lease)));
        kept.RemoveWhere(number => !tier.Contains(TierKit.Key(number)));
        foreach (var (lease, number) in leases)
        {
            Assert.Equal(TierKit.Payload(number, 0, 10_000), TierKit.Read(lease));
        }

        Check(tier, kept, leases);
    }

    [Fact]
    public void When_leases_hold_the_room_a_put_gives_up_after_a_bounded_effort()
    {
        using var tier = TierKit.Create(Mebibyte, arena: true);
        var (kept, leases) = Scatter(tier, leaseEvery: 1);

        var outcome = tier.Put(TierKit.Key(1000), TierKit.Payload(1000, 0, 500_000), ArtifactWriter.AsWritten);

        Assert.Equal(PutOutcome.NoSpace, outcome);
        Assert.False(tier.Contains(TierKit.Key(1000)));
        kept.RemoveWhere(number => !tier.Contains(TierKit.Key(number)));
        Check(tier, kept, leases);
    }

    [Fact]
    public void A_tier_larger_than_its_arena_is_limited_by_it()
    {
        using var tier = new ArtifactMemoryTier(
            new MemoryTierOptions { CapacityBytes = 100 * Mebibyte, Arena = new ArenaOptions { SizeBytes = 16 * Mebibyte } },
            NullLogger.Instance,
            TimeProvider.System);

        Assert.Equal(15 * Mebibyte, tier.CapacityBytes);
        tier.Resize(200 * Mebibyte, 1000);
        Assert.Equal(15 * Mebibyte, tier.CapacityBytes);
    }

    [Fact]
    public void A_writer_that_overran_its_block_is_found_when_the_entry_leaves_and_nobody_is_harmed()
    {
        using var tier = TierKit.Create(Mebibyte, arena: true);
        tier.Put(TierKit.Key(1), TierKit.Payload(1, 0, 1000), ArtifactWriter.AsWritten);
        tier.Put(TierKit.Key(2), TierKit.Payload(2, 0, 1000), ArtifactWriter.AsWritten);
        unsafe
        {
            var lease = tier.Peek(TierKit.Key(1));
            ((byte*)AddressOf(lease))[1000] ^= 1;
            lease.Dispose();
        }

        Assert.True(tier.Remove(TierKit.Key(1), RemovalReason.Removed));

        Assert.Equal(1, tier.GetStatistics().Errors);
        Assert.Equal(1, tier.Arena!.GetStatistics().DamagedBlocks);
        using var other = tier.Get(TierKit.Key(2));
        Assert.Equal(TierKit.Payload(2, 0, 1000), TierKit.Read(other));
        tier.CheckIntegrity();
    }

    [Fact]
    public void A_disposed_tier_leaves_leased_bytes_until_the_lease_ends()
    {
        var tier = TierKit.Create(Mebibyte, arena: true);
        tier.Put(TierKit.Key(1), TierKit.Payload(1, 0, 1000), ArtifactWriter.AsWritten);
        var lease = tier.Get(TierKit.Key(1));

        tier.Dispose();

        Assert.Equal(TierKit.Payload(1, 0, 1000), TierKit.Read(lease));
        lease.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tier.Arena!.GetCommitment());
    }

    [Fact]
    public void An_arena_that_cannot_be_had_stops_the_start()
    {
        var exception = Assert.Throws<CacheException>(() => new ArtifactMemoryTier(
            new MemoryTierOptions { Arena = new ArenaOptions { SizeBytes = ArenaOptions.MaxSizeBytes, NumaNode = 62 } },
            NullLogger.Instance,
            TimeProvider.System));

        Assert.Equal(CacheErrorKind.Unavailable, exception.Kind);
    }

    // Fills the tier with short entries and removes every other one, so that no two holes meet.
    private static (HashSet<int> Kept, List<(ArtifactLease Lease, int Number)> Leases) Scatter(ArtifactMemoryTier tier, int leaseEvery)
    {
        var count = 0;
        while (tier.GetStatistics().Kinds.All(kind => kind.Evicted == 0))
        {
            tier.Put(TierKit.Key(count), TierKit.Payload(count, 0, 10_000), ArtifactWriter.AsWritten);
            count++;
        }

        var kept = Enumerable.Range(0, count).Where(number => number % 2 == 0 && tier.Contains(TierKit.Key(number))).ToHashSet();
        foreach (var number in Enumerable.Range(0, count).Where(number => number % 2 == 1))
        {
            tier.Remove(TierKit.Key(number), RemovalReason.Removed);
        }

        var leases = kept.Where((_, index) => index % leaseEvery == 0)
            .Select(number => (tier.Get(TierKit.Key(number)), number)).ToList();
        return (kept, leases);
    }

    private static void Check(ArtifactMemoryTier tier, HashSet<int> kept, List<(ArtifactLease Lease, int Number)> leases)
    {
        leases.ForEach(lease => lease.Lease.Dispose());
        foreach (var number in kept)
        {
            using var lease = tier.Get(TierKit.Key(number));
            Assert.Equal(TierKit.Payload(number, 0, 10_000), TierKit.Read(lease));
        }

        TierKit.CheckBooks(tier);
    }

    private static unsafe nint AddressOf(ArtifactLease lease)
    {
        Assert.True(lease.Content.TryGetMemory(out var memory));
        fixed (byte* first = &MemoryMarshal.GetReference(memory.Span))
        {
            return (nint)first;
        }
    }
}

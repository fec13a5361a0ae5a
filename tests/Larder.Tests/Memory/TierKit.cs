using System.Buffers.Binary;
using Larder.Cache.Arenas;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Policy;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Memory;

/// <summary>Artifacts whose every byte says which key and version they belong to, and tiers to put them in.</summary>
internal static class TierKit
{
    public static ArtifactKind Kind { get; } = ArtifactKind.Parse("handler");

    public static ArtifactKey Key(int number, ArtifactKind? kind = null)
    {
        Span<byte> bytes = stackalloc byte[Fingerprint.Size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        return new ArtifactKey(kind ?? Kind, Fingerprint.OfContent(bytes));
    }

    public static byte[] Payload(int number, int version, int length)
    {
        var bytes = new byte[length];
        new Random((number * 7919) ^ version).NextBytes(bytes);
        if (length >= 8)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), version);
        }

        return bytes;
    }

    public static ArtifactMemoryTier Create(
        long capacity, bool arena = false, EvictionPolicyKind policy = EvictionPolicyKind.Lru, bool guards = true, long entries = 100_000, int? shards = null) =>
        new(
            new MemoryTierOptions
            {
                CapacityBytes = capacity,
                MaxEntries = entries,
                Policy = policy,
                ShardCount = shards,
                Arena = arena ? new ArenaOptions { SizeBytes = Math.Max(ArenaOptions.MinSizeBytes, capacity / 15 * 16), Guards = guards } : null,
            },
            NullLogger.Instance,
            TimeProvider.System);

    public static byte[] Read(ArtifactLease lease)
    {
        Assert.True(lease.IsHit);
        Assert.True(lease.Content.TryGetMemory(out var memory));
        return memory.ToArray();
    }

    /// <summary>The books must balance, for every kind and for the whole, and the structures must be sound.</summary>
    public static void CheckBooks(ArtifactMemoryTier tier)
    {
        tier.CheckIntegrity();
        var statistics = tier.GetStatistics();
        var entries = tier.CopyEntries();
        Assert.Equal(entries.Count, statistics.Entries);
        Assert.Equal(entries.Sum(entry => entry.Value.Weight), statistics.Bytes);
        Assert.Equal(0, statistics.ReservedBytes);
        Assert.True(statistics.Bytes <= statistics.CapacityBytes);
        Assert.Equal(statistics.Entries, statistics.Kinds.Sum(kind => kind.Entries));
        Assert.Equal(statistics.Bytes, statistics.Kinds.Sum(kind => kind.Bytes));
        foreach (var kind in statistics.Kinds)
        {
            CheckBooks(kind);
        }

        if (tier.Arena?.GetStatistics() is { } arena)
        {
            Assert.Equal(entries.Count, arena.LiveBlocks);
            Assert.Equal(entries.Sum(entry => entry.Value.Length), arena.RequestedBytes);
            Assert.Equal(0, arena.InvalidFrees);
            Assert.Equal(0, arena.DamagedBlocks);
        }
    }

    private static void CheckBooks(KindStatistics kind)
    {
        Assert.Equal(kind.Lookups, kind.Hits + kind.Misses + kind.Throttled);
        Assert.Equal(kind.Puts + kind.Recovered, kind.Entries + kind.Evicted + kind.Removed + kind.Replaced + kind.Refused);
    }
}

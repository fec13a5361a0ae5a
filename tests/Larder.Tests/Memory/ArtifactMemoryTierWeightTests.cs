using Larder.Cache.Arenas;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Policy;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Memory;

/// <summary>What the tier says an entry weighs, against what the heap grew by.</summary>
[Collection(AloneCollection.Name)]
public sealed class ArtifactMemoryTierWeightTests
{
    private const int Entries = 20_000;

    [Theory]
    [InlineData(0, 0, EvictionPolicyKind.Frequency)]
    [InlineData(100, 0, EvictionPolicyKind.Frequency)]
    [InlineData(1000, 300, EvictionPolicyKind.Frequency)]
    [InlineData(1000, 0, EvictionPolicyKind.Lru)]
    public void Weights_are_honest_on_arrays(int length, int recipe, EvictionPolicyKind policy)
    {
        var (weight, heap) = Measure(length, recipe, policy, arena: null);

        Assert.InRange(heap / weight, 0.70, 1.02);
    }

    [Fact]
    public void Weights_are_honest_on_an_arena()
    {
        const int Length = 1000;
        var (weight, heap) = Measure(Length, 0, EvictionPolicyKind.Frequency, new ArenaOptions { SizeBytes = 64 * 1024 * 1024 });

        // The payload lies in the region; the heap holds the rest.
        Assert.InRange((heap + Length) / weight, 0.70, 1.02);
    }

    private static (double Weight, double Heap) Measure(int length, int recipe, EvictionPolicyKind policy, ArenaOptions? arena)
    {
        var keys = Enumerable.Range(0, Entries).Select(number => TierKit.Key(number)).ToArray();
        var payload = new byte[length];
        var digest = Fingerprint.OfContent(payload);
        using var tier = new ArtifactMemoryTier(
            new MemoryTierOptions { Policy = policy, Arena = arena }, NullLogger.Instance, TimeProvider.System);
        tier.Put(keys[0], payload, ArtifactWriter.AsWritten);
        tier.Clear();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        foreach (var key in keys)
        {
            var metadata = new ArtifactMetadata { Length = length, Digest = digest, Recipe = new byte[recipe] };
            Assert.Equal(PutOutcome.Stored, tier.Put(key, payload, metadata));
        }

        var heap = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(keys);
        return ((double)tier.GetStatistics().Bytes / Entries, (double)heap / Entries);
    }
}
